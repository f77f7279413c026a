import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { formatDuration } from "../api/number";
import type { Run } from "../api/types";
import { formatDate } from "../list/columns";
import { nameOf } from "../list/names";
import { tagsIn } from "../list/edits";
import { Icon } from "../shell/Icon";
import { RunDuration, StateLabel } from "../shell/RunState";
import { useNow } from "../shell/useNow";
import type { Clock } from "./clock";
import { gitOf } from "./facts";
import { HealthMarks } from "./HealthMarks";
import { InlineField } from "./InlineField";
import { KeyNumbers } from "./KeyNumbers";
import { useEdit } from "./useEdit";

/** What the run is, how it goes or how it ended, in plain words. */
export function RunHeader({ run, clock }: { run: Run; clock: Clock | null }) {
  const { t } = useTranslation();
  const { summary } = run;
  const git = gitOf(run);
  const change = useEdit(summary);
  return (
    <header className="run-header">
      <div className="run-title">
        <Link
          href={`/p/${encodeURIComponent(summary.project)}`}
          className="back"
          aria-label={summary.project}
        >
          <Icon name="back" /> {summary.project}
        </Link>
        <InlineField
          label={t("list.edit_name")}
          edit={t("run.rename")}
          hint={t("run.name_hint")}
          value={summary.name}
          onSave={(name) => change.mutateAsync({ name: name.trim() || null })}
        >
          <h1>{nameOf(summary)}</h1>
        </InlineField>
        <StateLabel run={summary} />
        <Ending run={run} />
      </div>
      <ul className="run-facts">
        {run.step !== null && (
          <li className="step">{t("run.step", { step: run.step.toLocaleString("en-US") })}</li>
        )}
        <li title={formatDate(summary.started_ns)}>
          <RunDuration run={summary} />
        </li>
        <li>
          {summary.user}@{summary.host}
        </li>
        {summary.framework && <li>{summary.framework}</li>}
        {git.commit && (
          <li>
            <code>{git.commit.slice(0, 8)}</code>
            {git.branch}
            {git.isDirty && <span className="chip warn">{t("run.dirty")}</span>}
          </li>
        )}
        {summary.attempts > 1 && <li>{t("run.attempts", { count: summary.attempts })}</li>}
        <li>
          <InlineField
            label={t("list.edit_tags")}
            edit={t("run.edit_tags")}
            hint={t("list.edit_tags")}
            value={summary.tags.join(", ")}
            onSave={(tags) => change.mutateAsync({ tags: tagsIn(tags) })}
          >
            {summary.tags.map((tag) => (
              <span key={tag} className="chip">
                {tag}
              </span>
            ))}
          </InlineField>
        </li>
        {run.thinned && (
          <li className="warn" title={t("run.thinned_why")}>
            <Icon name="alert" />{" "}
            {t("run.thinned", {
              count: run.thinned.series,
              kept: run.thinned.points_kept.toLocaleString("en-US"),
              points: run.thinned.points.toLocaleString("en-US"),
            })}
          </li>
        )}
        {run.misnamed > 0 && (
          <li className="warn" title={t("run.misnamed_why")}>
            <Icon name="alert" /> {t("run.misnamed", { count: run.misnamed })}
          </li>
        )}
        {summary.dropped > 0 && (
          <li className="warn">
            <Icon name="alert" /> {t("run.dropped", { count: summary.dropped })}
          </li>
        )}
      </ul>
      <KeyNumbers run={run} clock={clock} />
      <HealthMarks alerts={run.alerts} />
      {run.traceback && (
        <details className="traceback">
          <summary>{t("run.traceback")}</summary>
          <pre tabIndex={0}>{run.traceback}</pre>
        </details>
      )}
    </header>
  );
}

function Ending({ run }: { run: Run }) {
  const { t } = useTranslation();
  const { state, reason, exit_code, signal, heard_ns } = run.summary;
  if (state === "silent") return <Silence since={heard_ns} />;
  if (state === "running" || state === "finished")
    return reason ? <span className="ending">{reason}</span> : null;
  const parts = [reason];
  if (signal !== null && !/signal|SIG/i.test(reason)) parts.push(t("run.signal", { signal }));
  if (exit_code !== null && exit_code !== 0 && !/exit/i.test(reason))
    parts.push(t("run.exit_code", { code: exit_code }));
  return <span className="ending">{parts.filter(Boolean).join(" · ")}</span>;
}

function Silence({ since }: { since: number }) {
  const { t } = useTranslation();
  const duration = formatDuration(Math.floor(useNow() / 1000 - since / 1e9));
  return <span className="ending">{t("run.silent_since", { duration })}</span>;
}
