import { useContext } from "react";
import { useTranslation } from "react-i18next";

import { formatDuration } from "../api/number";
import type { Run } from "../api/types";
import { formatX } from "../charts/axis";
import { Completion } from "../charts/usePins";
import { formatDate } from "../list/columns";
import { Icon, type IconName } from "../shell/Icon";
import { AnnotationLine } from "./AnnotationLine";
import { Box } from "./Box";
import { RemovedAnnotations } from "./RemovedAnnotations";
import { explanationOf, timelineOf, type Moment } from "./timeline";

/** So many ranks are named. */
const RANKS_MAX = 6;

/** What happened to the run from its first process to its last, and what is mostly behind its end. */
export function Timeline({ run }: { run: Run }) {
  const { t } = useTranslation();
  const complete = useContext(Completion);
  const explanation = explanationOf(run);
  return (
    <Box title={t("overview.timeline")}>
      <ol className="timeline" tabIndex={0} aria-label={t("overview.timeline")}>
        {timelineOf(run, complete).map((moment, index) => (
          <li
            key={moment.kind === "annotation" ? moment.annotation.id : index}
            className={`timeline-${moment.kind}`}
          >
            <time
              dateTime={new Date(moment.timeNs / 1e6).toISOString()}
              title={formatDate(moment.timeNs)}
            >
              +{formatDuration(Math.max(0, (moment.timeNs - run.summary.started_ns) / 1e9))}
            </time>
            <Icon name={iconOf(moment)} />
            <span>
              {moment.kind === "annotation" ? (
                <AnnotationLine run={run.summary.id} annotation={moment.annotation} />
              ) : (
                <Words moment={moment} />
              )}
            </span>
          </li>
        ))}
      </ol>
      <RemovedAnnotations run={run} />
      {explanation && <p className="muted">{t(explanation)}</p>}
    </Box>
  );
}

function iconOf(moment: Moment): IconName {
  switch (moment.kind) {
    case "began":
      return "right";
    case "alert":
      return "alert";
    case "remark":
    case "annotation":
      return "edit";
    case "ended":
      return (
        { finished: "check", failed: "close", interrupted: "stop", killed: "skull" } as const
      )[moment.state];
  }
}

function Words({ moment }: { moment: Exclude<Moment, { kind: "annotation" }> }) {
  const { t } = useTranslation();
  switch (moment.kind) {
    case "began":
      return t("timeline.began", {
        attempt: moment.attempt,
        count: moment.processes,
        hosts:
          moment.hosts.length > 2
            ? t("timeline.hosts", { count: moment.hosts.length })
            : moment.hosts.join(", "),
      });
    case "ended": {
      const word = t(`state.${moment.state}`);
      const isAll = moment.ranks.length === moment.processes;
      const ranks = moment.ranks.slice(0, RANKS_MAX).join(", ");
      const who = isAll
        ? t("timeline.attempt", { attempt: moment.attempt })
        : t("timeline.ranks", {
            attempt: moment.attempt,
            ranks: moment.ranks.length > RANKS_MAX ? `${ranks}, …` : ranks,
          });
      return (
        <>
          {who}: <b className={`state-${moment.state}`}>{word}</b>
          {moment.reason && ` · ${moment.reason}`}
        </>
      );
    }
    case "alert":
      return (
        <>
          <b>{moment.title}</b>
          {moment.step !== null && ` · ${formatX(moment.step, "step", true)}`}
        </>
      );
    case "remark":
      return (
        <>
          {moment.text}
          {moment.step !== null && ` · ${formatX(moment.step, "step", true)}`}
        </>
      );
  }
}
