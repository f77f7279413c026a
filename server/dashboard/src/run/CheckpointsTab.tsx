import { useQuery } from "@tanstack/react-query";
import { Fragment, lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { checkpointFileUrl, fetchCheckpoint } from "../api/client";
import { formatBytes, formatDuration, formatNumber, toNumber } from "../api/number";
import type { CheckpointSummary, Run, RunSummary } from "../api/types";
import { ChartCard, type ChartRun } from "../charts/ChartCard";
import { styleOf } from "../charts/colours";
import { usePlainView } from "../charts/useView";
import { formatDate } from "../list/columns";
import { Mentions } from "../models/Mentions";
import { CopyButton } from "../shell/CopyButton";
import { Failure } from "../shell/Failure";
import { useNow } from "../shell/useNow";
import { useUrl } from "../shell/useUrl";
import { loadingOf } from "./loading";
import { RetentionPreview, useRetention } from "./RetentionPreview";
import { useCheckpointFlags, useCheckpoints } from "./useCheckpointFlags";

const DeleteCheckpoint = lazy(() =>
  import("./DeleteCheckpoint").then(({ DeleteCheckpoint }) => ({ default: DeleteCheckpoint })),
);

/** The run's checkpoints, the newest first: what each is, how far it has come, its files. */
export function CheckpointsTab({ run }: { run: Run }) {
  const { t } = useTranslation();
  const id = run.summary.id;
  const [chosen, setOpen] = useUrl("c");
  const query = useCheckpoints(run);
  const retention = useRetention(id);
  const now = useMinute();
  const open = chosen || null;
  if (query.isError && !query.data)
    return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <div className="page-loading">{t("loading")}</div>;
  const newest = [...query.data.checkpoints].reverse();
  return (
    <div className="checkpoints scroll-x">
      <Timeline run={run} />
      {newest.some(({ status }) => status === "stored") && (
        <RetentionPreview id={id} retention={retention} />
      )}
      <table>
        <thead>
          <tr>
            <th scope="col">{t("checkpoints.step")}</th>
            <th scope="col">{t("checkpoints.roles")}</th>
            <th scope="col">{t("checkpoints.score")}</th>
            <th scope="col">{t("checkpoints.size")}</th>
            <th scope="col">{t("checkpoints.status")}</th>
            <th scope="col">{t("checkpoints.writer")}</th>
            <th scope="col">{t("checkpoints.written")}</th>
            <th scope="col">{t("models.model")}</th>
            <th scope="col">{t("checkpoints.files")}</th>
          </tr>
        </thead>
        <tbody>
          {newest.map((each) => (
            <Fragment key={each.id}>
              <Row
                run={run.summary}
                checkpoint={each}
                now={now}
                isRemoved={retention.removed.has(each.id)}
                isOpen={open === each.id}
                onToggle={() => setOpen(open === each.id ? null : each.id)}
              />
              {open === each.id && (
                <tr className="checkpoint-files">
                  <td colSpan={9}>
                    <Files run={id} checkpoint={each} />
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const CHART_PX = 170;
const MINUTE_MS = 60_000;

/** The time, anew every minute: ages are no clocks. */
function useMinute(): number {
  return Math.floor(useNow() / MINUTE_MS) * MINUTE_MS;
}

/** The metric that chose the checkpoints, with all of them on it. */
function Timeline({ run }: { run: Run }) {
  const { id, name, metrics } = run.summary;
  const { headline, flags } = useCheckpointFlags(run);
  const { view, setWindow, togglePin } = usePlainView();
  const runs = useMemo<ChartRun[]>(() => [{ id, label: name, style: styleOf(0) }], [id, name]);
  if (!headline) return null;
  return (
    <ChartCard
      key={headline}
      name={headline}
      runs={runs}
      points={metrics[headline]?.count ?? 0}
      view={view}
      onWindow={setWindow}
      onPinCursor={togglePin}
      height={CHART_PX}
      flags={flags(headline)}
    />
  );
}

interface RowProps {
  run: RunSummary;
  checkpoint: CheckpointSummary;
  now: number; // milliseconds since the epoch
  /** The rules that are tried would let go of it. */
  isRemoved: boolean;
  isOpen: boolean;
  onToggle: () => void;
}

function Row({ run, checkpoint, now, isRemoved, isOpen, onToggle }: RowProps) {
  const { t } = useTranslation();
  const score = checkpoint.metrics[checkpoint.monitor];
  const why = checkpoint.problem || checkpoint.reason;
  const row = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    // A link, or a click on the chart, leads to it.
    if (isOpen) row.current?.scrollIntoView({ block: "nearest" });
  }, [isOpen]);
  return (
    <tr ref={row} aria-current={isOpen || undefined} className={isRemoved ? "is-removed" : ""}>
      <th scope="row">{checkpoint.step.toLocaleString("en-US")}</th>
      <td>
        <Roles checkpoint={checkpoint} />
      </td>
      <td title={checkpoint.monitor}>
        {score === undefined ? (
          "–"
        ) : (
          <>
            <span className="muted">{checkpoint.monitor}</span> {formatNumber(toNumber(score))}
          </>
        )}
      </td>
      <td>{formatBytes(checkpoint.bytes)}</td>
      <td>
        <span className={`checkpoint-status is-${checkpoint.status}`}>
          {t(`checkpoints.is_${checkpoint.status}`)}
        </span>
        {isRemoved && <div className="warn">{t("retention.removed")}</div>}
        {why && <div className="muted">{why}</div>}
        {checkpoint.gone && (
          <div className="muted">
            {t(`checkpoints.gone_${checkpoint.gone}`, {
              when: formatDate(checkpoint.gone_ns ?? 0),
            })}
          </div>
        )}
      </td>
      <td>{checkpoint.writer || "–"}</td>
      <td>
        {formatDate(checkpoint.time_ns)}
        <div className="muted">
          {t("checkpoints.ago", {
            age: formatDuration(Math.floor(Math.max(0, now / 1000 - checkpoint.time_ns / 1e9))),
          })}
        </div>
      </td>
      <td>
        <Mentions run={run} checkpoint={checkpoint} />
      </td>
      <td>
        <CopyButton label={t("checkpoints.copy_load")} text={loadingOf(run.id, checkpoint)} />{" "}
        <button type="button" aria-expanded={isOpen} onClick={onToggle}>
          {t("checkpoints.show_files", { count: checkpoint.files })}
        </button>
      </td>
    </tr>
  );
}

/** The roles it was written in; those that no newer one has taken over stand out. */
function Roles({ checkpoint }: { checkpoint: CheckpointSummary }) {
  const { t } = useTranslation();
  const roles = [...new Set([...checkpoint.holds, ...checkpoint.roles])];
  if (roles.length === 0) return "–";
  return (
    <span className="checkpoint-roles">
      {roles.map((role) => {
        const isHeld = checkpoint.holds.includes(role);
        return (
          <span
            key={role}
            className={isHeld ? "is-held" : ""}
            title={isHeld ? t("checkpoints.held") : t("checkpoints.was")}
          >
            {t(`checkpoints.role_${role}`)}
          </span>
        );
      })}
    </span>
  );
}

function Files({ run, checkpoint }: { run: string; checkpoint: CheckpointSummary }) {
  const { t } = useTranslation();
  const [isDeleting, setDeleting] = useState(false);
  const query = useQuery({
    queryKey: ["run", run, "checkpoints", checkpoint.id],
    queryFn: ({ signal }) => fetchCheckpoint(run, checkpoint.id, signal),
  });
  if (query.isError && !query.data)
    return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <div className="page-loading">{t("loading")}</div>;
  return (
    <>
      <p>
        <code>{checkpoint.path}</code>
        <CopyButton label={t("checkpoints.copy_path")} text={checkpoint.path} />
        {checkpoint.kept && (
          <span className="muted">{t("checkpoints.kept", { how: checkpoint.kept })}</span>
        )}{" "}
        {checkpoint.status === "stored" && (
          <button
            type="button"
            className="chip"
            aria-haspopup="dialog"
            onClick={() => setDeleting(true)}
          >
            {t("checkpoints.delete")}
          </button>
        )}
        {isDeleting && (
          <Suspense fallback={null}>
            <DeleteCheckpoint
              run={run}
              checkpoint={checkpoint}
              onClose={() => setDeleting(false)}
            />
          </Suspense>
        )}
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("checkpoints.file")}</th>
            <th scope="col">{t("checkpoints.size")}</th>
            <th scope="col">SHA-256</th>
          </tr>
        </thead>
        <tbody>
          {query.data.files.map((file) => (
            <tr key={file.path}>
              <th scope="row">
                {file.is_stored ? (
                  <a href={checkpointFileUrl(run, checkpoint.id, file.path)} download>
                    {file.path}
                  </a>
                ) : (
                  file.path
                )}
              </th>
              <td>{formatBytes(file.bytes)}</td>
              <td>
                <code>{file.sha256 || "–"}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
