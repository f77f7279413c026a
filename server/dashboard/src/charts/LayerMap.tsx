import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { fetchTracks } from "../api/client";
import { HeatMap } from "../distributions/HeatMap";
import { flowGrid } from "../run/flow";
import type { Family } from "../series/metrics";
import { Icon } from "../shell/Icon";
import type { ChartRun } from "./ChartCard";
import { useLive } from "./live";
import type { ChartView } from "./useView";

const COLUMNS = 160;
/** The API's bound on names in one query. */
const NAMES_MAX = 200;
/** A picture of a run that goes on is this old at most. */
const REFRESH_MS = 3000;

/** All layers of one run over the steps, by colour: what as many lines would hide. */
export function LayerMap(props: {
  family: Family;
  runs: readonly ChartRun[];
  hasMetric: ((run: string, metric: string) => boolean) | undefined;
  /** How many points the runs' summaries count. */
  points: number;
  view: ChartView;
  isLines: boolean;
  onLines: () => void;
  /** More buttons for the card's head. */
  tools?: ReactNode;
}) {
  const { family, runs, hasMetric, view, isLines } = props;
  const { stem, metrics } = family;
  const { t } = useTranslation();
  const card = useRef<HTMLElement>(null);
  const isVisible = useLive(card);
  const [chosen, setChosen] = useState("");
  const [layer, setLayer] = useState<string | null>(null);
  const holders = runs.filter(({ id }) => metrics.some((name) => hasMetric?.(id, name) ?? true));
  const run = holders.find(({ id }) => id === chosen) ?? holders[0];
  const points = useThrottled(props.points, REFRESH_MS);
  const names = metrics.slice(0, NAMES_MAX);
  // Rows are steps of one run, whatever the lines are drawn over.
  const [start, end] = (view.x === "step" && view.by === null && view.window) || [null, null];
  const query = useQuery({
    queryKey: ["layers", run?.id, names.join("\n"), start, end, points],
    queryFn: ({ signal }) =>
      fetchTracks({ runs: [run!.id], names, x: "step", start, end, buckets: COLUMNS }, signal),
    enabled: isVisible && !isLines && run !== undefined,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    gcTime: 60_000,
  });
  const grid = useMemo(
    () => flowGrid(query.data ?? [], names, COLUMNS),
    // The names are those that were asked for.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [query.data],
  );
  const isPositive = grid.rows.every(({ magnitude }) =>
    magnitude.every((value) => value === null || value > 0),
  );
  return (
    <section ref={card} className="card layer-map" aria-label={t("layers.label", { stem })}>
      <header className="card-header">
        <h3 title={stem}>
          {stem}
          <span className="muted">… {t("layers.count", { count: metrics.length })}</span>
        </h3>
        {!isLines && holders.length > 1 && (
          <label className="layer-run">
            <span className="only-said">{t("layers.run")}</span>
            <select value={run?.id} onChange={(change) => setChosen(change.target.value)}>
              {holders.map(({ id, label }) => (
                <option key={id} value={id}>
                  {label}
                </option>
              ))}
            </select>
          </label>
        )}
        <button type="button" className="chip" aria-pressed={isLines} onClick={props.onLines}>
          <Icon name={isLines ? "table" : "pulse"} />{" "}
          {t(isLines ? "layers.as_map" : "layers.as_lines")}
        </button>
        {props.tools}
      </header>
      {!isLines && (
        <div className="layer-body" tabIndex={0} role="group" aria-label={stem}>
          {grid.rows.length > 0 ? (
            <HeatMap
              columns={grid.columns}
              rows={grid.rows}
              measure={isPositive ? "magnitude" : "value"}
              label={stem}
              nameOf={(name) => name.slice(stem.length)}
              group=""
              selected={layer}
              onSelect={(name) => setLayer(name === layer ? null : name)}
            />
          ) : (
            <p className="card-empty">
              {query.error ? query.error.message : query.data ? t("chart.no_points") : t("loading")}
            </p>
          )}
        </div>
      )}
      {metrics.length > names.length && (
        <footer className="card-footer">
          {t("distributions.names_cut", { shown: names.length, names: metrics.length })}
        </footer>
      )}
    </section>
  );
}

/** Return *value*, which changes no more often than every so many milliseconds. */
function useThrottled(value: number, ms: number): number {
  const [held, setHeld] = useState(value);
  const latest = useRef(value);
  latest.current = value;
  const isBehind = held !== value;
  useEffect(() => {
    if (!isBehind) return;
    const timer = setTimeout(() => setHeld(latest.current), ms);
    return () => clearTimeout(timer);
  }, [isBehind, ms]);
  return held;
}
