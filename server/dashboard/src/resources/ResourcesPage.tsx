import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { fetchUsage } from "../api/usage";
import { assignSlots, styleOf } from "../charts/colours";
import { Failure } from "../shell/Failure";
import { useTitle } from "../shell/useTitle";
import { useUrl } from "../shell/useUrl";
import { Gantt } from "./Gantt";
import { HoldTable } from "./HoldTable";
import { hoursText, moneyOf, shareText } from "./names";
import { Suggestions } from "./Suggestions";
import {
  byProject,
  heldOf,
  idleShareOf,
  idlestOf,
  ROWS_MAX,
  rowsOf,
  suggestionsOf,
  sumOf,
  type Held,
  type Sum,
} from "./usage";
import "../styles/resources.css";

const DAY_S = 86_400;
const WINDOWS = { day: DAY_S, week: 7 * DAY_S, month: 30 * DAY_S } as const;
type WindowName = keyof typeof WINDOWS;
const REFRESH_MS = 60_000;

/** Which runs held which devices, what they made of them and what that cost. */
export function ResourcesPage({ project }: { project: string }) {
  const { t } = useTranslation();
  useTitle(`${t("page.resources")} · ${project}`);
  const [windowText, setWindow] = useUrl("last");
  const [onlyText, setOnly] = useUrl("only");
  const [colourText, setColour] = useUrl("k");
  const name: WindowName = windowText in WINDOWS ? (windowText as WindowName) : "day";
  const isOnly = onlyText !== "";
  const isByRun = colourText === "run";
  const query = useQuery({
    queryKey: ["usage", name, isOnly ? project : null],
    queryFn: ({ signal }) => fetchUsage(WINDOWS[name], isOnly ? project : null, signal),
    placeholderData: keepPreviousData,
    refetchOnMount: "always",
    refetchInterval: REFRESH_MS,
  });
  const usage = query.data;
  const held = useMemo(() => (usage ? heldOf(usage) : []), [usage]);
  const rows = useMemo(() => rowsOf(held), [held]);
  const shown = useMemo(() => rows.slice(0, ROWS_MAX), [rows]);
  const slots = useMemo(() => {
    const keys = held.map((one) => (isByRun ? one.run.id : one.run.project));
    return assignSlots(new Map(), [...new Set(keys)].sort());
  }, [held, isByRun]);
  const colourOf = useCallback(
    ({ run }: Held) => styleOf(slots.get(isByRun ? run.id : run.project) ?? 0).colour,
    [slots, isByRun],
  );
  if (query.isError && !usage)
    return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (!usage) return <div className="page-loading">{t("loading")}</div>;
  const sum = sumOf(held);
  return (
    <div className="usage-page" aria-busy={query.isPlaceholderData}>
      <header className="usage-head">
        <h1>{t("page.resources")}</h1>
        <div role="group" aria-label={t("usage.window")} className="usage-choice">
          {(Object.keys(WINDOWS) as WindowName[]).map((one) => (
            <button
              key={one}
              type="button"
              className="chip"
              aria-pressed={one === name}
              onClick={() => setWindow(one === "day" ? null : one)}
            >
              {t(`usage.${one}`)}
            </button>
          ))}
        </div>
        <label>
          <input
            type="checkbox"
            checked={isOnly}
            onChange={(change) => setOnly(change.target.checked ? "1" : null)}
          />
          {t("usage.only", { project })}
        </label>
        <label>
          {t("usage.colour")}{" "}
          <select
            value={isByRun ? "run" : ""}
            onChange={(change) => setColour(change.target.value || null)}
          >
            <option value="">{t("shell.project")}</option>
            <option value="run">{t("models.run")}</option>
          </select>
        </label>
      </header>
      {usage.runs_left_out > 0 && (
        <p className="wall-note warn">{t("usage.left_out", { count: usage.runs_left_out })}</p>
      )}
      {held.length === 0 ? (
        <Nothing unsampled={usage.runs_unsampled} />
      ) : (
        <>
          <Sums sum={sum} project={project} />
          <Gantt usage={usage} rows={shown} colourOf={colourOf} />
          {rows.length > ROWS_MAX && (
            <p className="muted">{t("usage.more_rows", { count: rows.length - ROWS_MAX })}</p>
          )}
          <Suggestions
            suggestions={suggestionsOf(held, usage.end_ns)}
            idlest={idlestOf(held)}
            idlePercent={usage.idle_percent}
          />
          <ProjectTable held={held} colourOf={isByRun ? null : colourOf} />
          <HoldTable held={held} hasCosts={sum.costs.size > 0} />
          {usage.runs_unsampled > 0 && (
            <p className="muted">{t("usage.unsampled", { count: usage.runs_unsampled })}</p>
          )}
        </>
      )}
    </div>
  );
}

/** What is known when nothing is: how devices come to be sampled. */
function Nothing({ unsampled }: { unsampled: number }) {
  const { t } = useTranslation();
  return (
    <div className="empty">
      <h2>{t("usage.nothing")}</h2>
      <p>{t("usage.nothing_lead")}</p>
      <p>{t("usage.nothing_gpu")}</p>
      {unsampled > 0 && <p className="muted">{t("usage.unsampled", { count: unsampled })}</p>}
    </div>
  );
}

function Sums({ sum, project }: { sum: Sum; project: string }) {
  const { t } = useTranslation();
  const costs = [...sum.costs].map(([currency, amount]) => moneyOf(amount, currency));
  const cells: (readonly [name: string, value: string, note: string] | false)[] = [
    sum.gpuHours > 0 && [t("usage.gpu_hours"), hoursText(sum.gpuHours), ""],
    sum.machineHours > 0 && [
      t("usage.machine_hours"),
      hoursText(sum.machineHours),
      t("usage.without_gpu"),
    ],
    [t("usage.idle"), shareText(idleShareOf(sum)), ""],
    costs.length > 0 && [
      t("usage.cost"),
      costs.join(" + "),
      sum.isPriced ? t("usage.estimated") : t("usage.estimated_some"),
    ],
  ];
  return (
    <section aria-label={t("key.numbers")}>
      <dl className="key-numbers">
        {cells
          .filter((cell) => cell !== false)
          .map(([name, value, note]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <b>{value}</b> {note && <span className="muted">{note}</span>}
              </dd>
            </div>
          ))}
        {costs.length === 0 && (
          <div>
            <dt>{t("usage.cost")}</dt>
            <dd>
              <Link href={`/p/${encodeURIComponent(project)}/settings`}>
                {t("usage.set_prices")}
              </Link>
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}

/** What each project held. */
function ProjectTable(props: { held: readonly Held[]; colourOf: ((held: Held) => string) | null }) {
  const { t } = useTranslation();
  const rows = byProject(props.held);
  const hasCosts = sumOf(props.held).costs.size > 0;
  return (
    <section aria-labelledby="usage-projects">
      <h2 id="usage-projects">{t("usage.projects")}</h2>
      <div className="scroll-x">
        <table className="usage-table">
          <thead>
            <tr>
              <th scope="col">{t("shell.project")}</th>
              <th scope="col">{t("usage.gpu_hours")}</th>
              <th scope="col">{t("usage.machine_hours")}</th>
              <th scope="col">{t("usage.idle")}</th>
              {hasCosts && <th scope="col">{t("usage.cost")}</th>}
            </tr>
          </thead>
          <tbody>
            {rows.map(([project, some]) => {
              const sum = sumOf(some);
              const costs = [...sum.costs].map(([currency, amount]) => moneyOf(amount, currency));
              return (
                <tr key={project}>
                  <th scope="row">
                    {props.colourOf && (
                      <i
                        className="usage-swatch"
                        style={{ background: `var(${props.colourOf(some[0]!)})` }}
                        aria-hidden="true"
                      />
                    )}
                    <Link href={`/p/${encodeURIComponent(project)}`}>{project}</Link>
                  </th>
                  <td className="is-number">{hoursText(sum.gpuHours)}</td>
                  <td className="is-number">{hoursText(sum.machineHours)}</td>
                  <td className="is-number">{shareText(idleShareOf(sum))}</td>
                  {hasCosts && <td className="is-number">{costs.join(" + ") || "–"}</td>}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
