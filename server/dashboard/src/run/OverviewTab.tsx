import { lazy, Suspense, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { Run } from "../api/types";
import { formatDate } from "../list/columns";
import { Icon } from "../shell/Icon";
import { Box } from "./Box";
import { gitOf } from "./facts";
import { MetricTable } from "./MetricTable";
import { Notes } from "./Notes";
import { ParamList, ParamsBox } from "./ParamsBox";
import { paramTree } from "./paramTree";
import { ReproduceBox } from "./ReproduceBox";
import { Timeline } from "./Timeline";

const RunPatch = lazy(() =>
  import("../patch/RunPatch").then(({ RunPatch }) => ({ default: RunPatch })),
);

/** What went into the run and what is known about it, apart from its curves. */
export function OverviewTab({ run }: { run: Run }) {
  return (
    <div className="overview">
      <Notes run={run.summary} />
      <Timeline run={run} />
      <ParamsBox params={run.summary.params} />
      <MetricTable run={run} />
      <Place run={run} />
      <ReproduceBox run={run} />
      <Code run={run} />
      <Remarks run={run} />
      <Streams run={run} />
      <Facts run={run} />
    </div>
  );
}

function Pairs({ pairs }: { pairs: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="pairs">
      {pairs.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Place({ run }: { run: Run }) {
  const { t } = useTranslation();
  const { summary } = run;
  return (
    <Box title={t("overview.where")}>
      <Pairs
        pairs={[
          [t("overview.folder"), run.folder],
          [t("overview.host"), summary.host],
          [t("overview.user"), summary.user],
          [t("overview.python"), `${run.python} · mltrack ${run.mltrack}`],
          [t("overview.started"), formatDate(summary.started_ns)],
          [t("overview.ended"), summary.ended_ns === null ? "–" : formatDate(summary.ended_ns)],
          [t("overview.id"), <code key="id">{summary.id}</code>],
        ]}
      />
    </Box>
  );
}

function Code({ run }: { run: Run }) {
  const { t } = useTranslation();
  const git = gitOf(run);
  if (!git.commit) return null;
  return (
    <Box title={t("overview.code")}>
      <Pairs
        pairs={[
          [
            t("overview.commit"),
            <span key="commit">
              <code>{git.commit}</code>{" "}
              {git.isDirty && <span className="chip warn">{t("run.dirty")}</span>}
            </span>,
          ],
          ...(git.branch ? [[t("overview.branch"), git.branch] as const] : []),
        ]}
      />
      {git.diff ? (
        <Suspense fallback={null}>
          <RunPatch name={run.summary.name} diff={git.diff} cutFrom={git.cutFrom} />
        </Suspense>
      ) : (
        git.isDirty && (
          <p className="muted">
            {t("patch.not_recorded")} <code>mltrack.init(git_diff=True)</code>
          </p>
        )
      )}
    </Box>
  );
}

function Remarks({ run }: { run: Run }) {
  const { t } = useTranslation();
  return (
    <>
      {run.alerts.length > 0 && (
        <Box title={t("overview.alerts")}>
          <ul className="remarks">
            {run.alerts.map((alert, index) => (
              <li key={index} className={`alert-${alert.level}`}>
                <Icon name="alert" />
                <div>
                  <b>{alert.title}</b> <When timeNs={alert.time_ns} step={alert.step} />
                  {alert.text && <p>{alert.text}</p>}
                </div>
              </li>
            ))}
          </ul>
        </Box>
      )}
      {run.notes.length > 0 && (
        <Box title={t("overview.remarks")}>
          <ul className="remarks">
            {run.notes.map((note, index) => (
              <li key={index}>
                <div>
                  <When timeNs={note.time_ns} step={note.step} />
                  <p>{note.text}</p>
                </div>
              </li>
            ))}
          </ul>
        </Box>
      )}
    </>
  );
}

function When({ timeNs, step }: { timeNs: number; step: number | null }) {
  const { t } = useTranslation();
  return (
    <small className="muted">
      {formatDate(timeNs)}
      {step !== null && ` · ${t("run.step", { step: step.toLocaleString("en-US") })}`}
    </small>
  );
}

function Streams({ run }: { run: Run }) {
  const { t } = useTranslation();
  return (
    <Box title={t("overview.streams")}>
      <div className="scroll-x">
        <table>
          <thead>
            <tr>
              <th scope="col">{t("overview.stream_role")}</th>
              <th scope="col">{t("overview.host")}</th>
              <th scope="col">{t("overview.stream_records")}</th>
              <th scope="col">{t("overview.stream_closed")}</th>
            </tr>
          </thead>
          <tbody>
            {run.streams.map((stream) => (
              <tr key={stream.id} title={stream.id}>
                <th scope="row">
                  {stream.role} · {t("overview.rank", { rank: stream.rank })}
                </th>
                <td>
                  {stream.host}:{stream.pid}
                </td>
                <td>{stream.next_seq.toLocaleString("en-US")}</td>
                <td>{stream.is_sealed ? t("overview.yes") : t("overview.no")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <h3>{t("overview.losses")}</h3>
      {run.losses.length === 0 ? (
        <p className="muted">
          {t("overview.no_losses", { records: run.summary.records.toLocaleString("en-US") })}
        </p>
      ) : (
        <ul className="remarks">
          {run.losses.map((loss) => (
            <li key={loss.reason} className="alert-warning">
              <Icon name="alert" />
              <div>
                <b>{t("run.dropped", { count: loss.count })}</b>: {loss.reason}
                <p className="muted">
                  {Object.entries(loss.kinds)
                    .map(([kind, count]) => `${kind} ${count.toLocaleString("en-US")}`)
                    .join(", ")}
                </p>
              </div>
            </li>
          ))}
        </ul>
      )}
    </Box>
  );
}

/** What programs recorded about the surroundings; the code's version has its own box. */
function Facts({ run }: { run: Run }) {
  const { t } = useTranslation();
  const namespaces = Object.entries(run.facts).filter(([name]) => name !== "git");
  if (namespaces.length === 0) return null;
  return (
    <Box title={t("overview.facts")}>
      {namespaces.map(([name, facts]) => (
        <details key={name} open={Object.keys(facts).length <= 12}>
          <summary>{name}</summary>
          <ParamList nodes={paramTree(facts, "")} />
        </details>
      ))}
    </Box>
  );
}
