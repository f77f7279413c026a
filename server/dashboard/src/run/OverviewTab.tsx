import { lazy, Suspense, useMemo, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { formatBytes } from "../api/number";
import type { ParamValue, Run } from "../api/types";
import { formatDate, formatParam } from "../list/columns";
import { CopyButton } from "../shell/CopyButton";
import { Icon } from "../shell/Icon";
import { SearchField } from "../shell/SearchField";
import { Box } from "./Box";
import { gitOf } from "./facts";
import { MetricTable } from "./MetricTable";
import { Notes } from "./Notes";
import { nested, paramTree, type ParamNode } from "./paramTree";
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
      <Params params={run.summary.params} />
      <MetricTable run={run} />
      <Place run={run} />
      <Code run={run} />
      <Remarks run={run} />
      <Streams run={run} />
      <Facts run={run} />
    </div>
  );
}

function Params({ params }: { params: Record<string, ParamValue> }) {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const all = useMemo(() => paramTree(params, ""), [params]);
  const shown = useMemo(() => paramTree(params, search), [params, search]);
  if (all.length === 0)
    return (
      <Box title={t("overview.params")}>{<p className="muted">{t("overview.no_params")}</p>}</Box>
    );
  const tools = (
    <>
      <SearchField label={t("overview.search")} value={search} onChange={setSearch} />
      <CopyButton label={t("overview.copy_json")} text={JSON.stringify(nested(all), null, 2)} />
    </>
  );
  return (
    <Box title={t("overview.params")} tools={tools}>
      <ParamList nodes={shown} />
    </Box>
  );
}

function ParamList({ nodes }: { nodes: readonly ParamNode[] }) {
  return (
    <ul className="params">
      {nodes.map((node) => (
        <li key={node.path}>
          {node.children.length > 0 ? (
            <details open>
              <summary>
                {node.key}
                {node.value !== undefined && <b>{formatParam(node.value)}</b>}
              </summary>
              <ParamList nodes={node.children} />
            </details>
          ) : isText(node.value) ? (
            <details>
              <summary>{node.key}</summary>
              <pre className="param-text">{node.value}</pre>
            </details>
          ) : (
            <div className="param-pair">
              <span>{node.key}</span>
              <b title={typeof node.value === "number" ? String(node.value) : undefined}>
                {node.value === undefined ? "" : formatFact(node.path, node.value)}
              </b>
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}

/** Text of several lines, such as a model's summary, is shown as it was laid out. */
function isText(value: ParamValue | undefined): value is string {
  return typeof value === "string" && value.includes("\n");
}

/** A size in bytes is written as one, by the name of the parameter. */
function formatFact(path: string, value: ParamValue): string {
  return typeof value === "number" && path.endsWith("bytes")
    ? formatBytes(value)
    : formatParam(value);
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
  const command = run.command.map(quoted).join(" ");
  return (
    <Box title={t("overview.where")} tools={command ? <CopyButton text={command} /> : null}>
      {command && <pre tabIndex={0}>{command}</pre>}
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

function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
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
