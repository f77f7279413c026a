import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { fetchHistogramGrid, fetchTracks } from "../api/client";
import type { HistogramColumn, HistogramGrid, HistogramRow, Run } from "../api/types";
import { ChartCard, type ChartRun } from "../charts/ChartCard";
import { styleOf } from "../charts/colours";
import { usePlainView } from "../charts/useView";
import { DIVERGING, groupOf, groupsOf, rowsOf, type Measure } from "../distributions/grid";
import { HeatMap } from "../distributions/HeatMap";
import { StepHistogram } from "../distributions/StepHistogram";
import { headlines } from "../series/metrics";
import { useMetricNames } from "../series/useMetricNames";
import { Failure } from "../shell/Failure";
import { Icon } from "../shell/Icon";
import { useUrl } from "../shell/useUrl";
import {
  flowGrid,
  flowMetrics,
  FLOWS,
  histogramOf,
  layerOf,
  moduleOf,
  moduleRows,
  ratioRange,
  warningsOf,
  type Flow,
  type Warning,
} from "./flow";
import { useHistogram } from "./useHistogram";
import { useShownStep } from "./useShownStep";
import "../styles/distributions.css";

const COLUMNS = 160;
/** The API's bound on names in one query, and rows that a page can show. */
const NAMES_MAX = 200;
const LAYERS_MAX = 1000;
const CHART_PX = 240;
const LOSS_PX = 120;

const LOOKS = [...FLOWS, "zeros", "nonfinite"] as const;
type Look = (typeof LOOKS)[number];

/** Rows of a heat map, and how it is read. */
interface Picture {
  columns: readonly HistogramColumn[];
  rows: readonly HistogramRow[];
  measure: Measure;
  layer: (name: string) => string;
}

interface GradientsTabProps {
  run: Run;
  /** What is shown until somebody chooses. */
  initial?: Flow;
}

/** All layers over the steps by colour, under the loss; the one that was clicked as a line. */
export function GradientsTab({ run, initial = "gradient" }: GradientsTabProps) {
  const { t } = useTranslation();
  const { id, rev } = run.summary;
  const [lookText, setLook] = useUrl("f");
  const [chosen, setChosen] = useUrl("l");
  const [module, setModule] = useUrl("mo");
  const [byText, setBy] = useUrl("by");
  const [step, setStep] = useShownStep();
  const names = useMetricNames([run.summary]);
  const grid = useGrid(run);
  const zeros = useMemo(() => zerosOf(grid.data), [grid.data]);
  const available = LOOKS.filter((look) =>
    look === "zeros"
      ? zeros !== null
      : flowMetrics(names, look === "nonfinite" ? "gradient" : look).length > 0,
  );
  const look: Look =
    available.find((one) => one === (lookText || initial)) ?? available[0] ?? "gradient";
  // Zeros are counted by histograms; everything else is told by norms.
  const flow: Flow = look === "zeros" || look === "nonfinite" ? "gradient" : look;
  const key = flowMetrics(names, flow).join("\n");
  const all = useMemo(() => (key ? key.split("\n") : []), [key]);
  const asked = useMemo(() => all.slice(0, LAYERS_MAX), [all]);
  const query = useQuery({
    queryKey: ["flow", id, key, rev],
    queryFn: async ({ signal }) => {
      const parts = await Promise.all(
        partsOf(asked).map((names) =>
          fetchTracks({ runs: [id], names, x: "step", buckets: COLUMNS }, signal),
        ),
      );
      return parts.flat();
    },
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });
  const flowed = useMemo(() => flowGrid(query.data ?? [], asked, COLUMNS), [query.data, asked]);
  const whole: Picture =
    look === "zeros" && zeros
      ? { ...zeros, measure: "zeros", layer: (name) => name.slice(groupOf(name).length) }
      : {
          ...flowed,
          measure: look === "nonfinite" ? "nonfinite" : "magnitude",
          layer: (name) => layerOf(name, flow),
        };
  const { layer } = whole;
  const modules = new Set(whole.rows.map((row) => moduleOf(layer(row.name))));
  const canFold = modules.size > 1 && modules.size < whole.rows.length;
  const isFolded = canFold && byText === "module" && !modules.has(module);
  const inModule = modules.has(module)
    ? whole.rows.filter((row) => moduleOf(layer(row.name)) === module)
    : whole.rows;
  const rows = useMemo(
    () =>
      isFolded
        ? moduleRows(whole.rows, (name) => moduleOf(layer(name)), flow !== "ratio")
        : inModule.slice(0, NAMES_MAX),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- pictures are of these
    [isFolded, flowed, zeros, look, module],
  );
  const range = useMemo(() => (look === "ratio" ? ratioRange(rows) : undefined), [look, rows]);
  const warnings = useMemo(
    () => (flow === "gradient" ? warningsOf(flowed.rows) : new Map<string, Warning>()),
    [flow, flowed],
  );
  const wanted = chosen && layerName(chosen);
  // The same layer stays chosen when another quantity is looked at.
  const selected =
    inModule.find((row) => row.name === chosen || layer(row.name) === wanted)?.name ??
    inModule[0]?.name;
  const flags = new Map<string, string>();
  for (const [name, warning] of warnings) {
    const of = isFolded
      ? moduleOf(layerOf(name, flow))
      : whole.rows.find((row) => layer(row.name) === layerOf(name, flow))?.name;
    if (of !== undefined && !flags.has(of)) flags.set(of, t(`flow.flag_${warning}`));
  }
  if (query.isError && !query.data)
    return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <>
      <div className="toolbar">
        <div role="group" aria-label={t("flow.of")} className="segments">
          {available.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === look}
              onClick={() => {
                if (selected) setChosen(selected);
                setLook(one);
              }}
            >
              {t(`flow.${one}`)}
            </button>
          ))}
        </div>
        {canFold && (
          <label>
            <input
              type="checkbox"
              checked={byText === "module"}
              onChange={(change) => {
                setModule(null);
                setBy(change.target.checked ? "module" : null);
              }}
            />
            {t("flow.by_module")}
          </label>
        )}
        {modules.has(module) && (
          <button type="button" className="chip" onClick={() => setModule(null)}>
            {module} <Icon name="close" />
            <span className="only-said">{t("flow.all_modules")}</span>
          </button>
        )}
        {!isFolded && inModule.length > rows.length && (
          <span className="muted">
            {t("distributions.names_cut", { shown: rows.length, names: inModule.length })}
          </span>
        )}
        {all.length > asked.length && (
          <span className="muted">
            {t("distributions.names_cut", { shown: asked.length, names: all.length })}
          </span>
        )}
      </div>
      {warnings.size > 0 && (
        <ul className="flow-warnings">
          {[...warnings].slice(0, WARNINGS_MAX).map(([name, warning]) => (
            <li key={name} className="warn">
              {t(`flow.${warning}`, { layer: layerOf(name, flow) })}
            </li>
          ))}
          {warnings.size > WARNINGS_MAX && (
            <li className="warn">
              {t("flow.more_warnings", { count: warnings.size - WARNINGS_MAX })}
            </li>
          )}
        </ul>
      )}
      <Loss run={run} />
      <section className="card distributions" aria-label={t("flow.by_layer")}>
        {query.data ? (
          <HeatMap
            columns={whole.columns}
            rows={rows}
            measure={whole.measure}
            {...(whole.measure === "magnitude" && { label: t(`flow.${look}`) })}
            {...(range && { range, ramp: DIVERGING })}
            nameOf={(name) => (isFolded ? name : layer(name))}
            group=""
            flags={flags}
            step={step}
            selected={isFolded ? null : (selected ?? null)}
            onSelect={(name, at) => {
              if (at !== undefined) setStep(at);
              if (isFolded) setModule(name);
              else setChosen(name);
            }}
          />
        ) : (
          <div className="page-loading">{t("loading")}</div>
        )}
      </section>
      {selected && !isFolded && (
        <Layer
          run={run}
          metric={look === "zeros" ? metricOf(asked, layer(selected)) : selected}
          histogram={
            look === "zeros" ? selected : histogramIn(grid.data, histogramOf(selected, flow))
          }
          step={step}
          onStep={setStep}
        />
      )}
    </>
  );
}

const WARNINGS_MAX = 5;

/** Return names in parts that one query may ask for. */
function partsOf(names: readonly string[]): string[][] {
  const parts: string[][] = [];
  for (let at = 0; at < names.length; at += NAMES_MAX) parts.push(names.slice(at, at + NAMES_MAX));
  return parts;
}

/** Return the layer that a row of any look is about. */
function layerName(name: string): string {
  const flow = FLOWS.find((one) => flowMetrics([name], one).length > 0);
  return flow ? layerOf(name, flow) : name.slice(groupOf(name).length);
}

function metricOf(names: readonly string[], layer: string): string {
  return names.find((name) => layerOf(name, "gradient") === layer) ?? "";
}

function histogramIn(grid: HistogramGrid | undefined, name: string): string {
  return grid?.rows.some((row) => row.name === name) ? name : "";
}

/** Return the gradients' rows of the grid of histograms; null without any. */
function zerosOf(
  grid: HistogramGrid | undefined,
): { columns: HistogramColumn[]; rows: HistogramRow[] } | null {
  if (!grid) return null;
  const group = groupsOf(grid.rows.map((row) => row.name)).find((one) => one.startsWith("grad/"));
  const rows = group === undefined ? [] : rowsOf(grid, group);
  return rows.length > 0 ? { columns: grid.columns, rows } : null;
}

function useGrid(run: Run) {
  const { id } = run.summary;
  return useQuery({
    queryKey: ["histograms", id, run.histograms, COLUMNS],
    queryFn: ({ signal }) => fetchHistogramGrid(id, COLUMNS, signal),
    placeholderData: keepPreviousData,
    enabled: run.histograms > 0,
  });
}

/** The metric that tells how the run goes, above the layers: one cursor for both. */
function Loss({ run }: { run: Run }) {
  const { metrics } = run.summary;
  const losses = Object.keys(metrics).filter((name) => /^train\/.*loss$/.test(name));
  const name = losses.find((one) => one === "train/loss") ?? losses[0];
  const shown = name ?? headlines([run.summary], 1)[0];
  return shown === undefined ? null : (
    <div className="flow-layer">
      <OneChart run={run} name={shown} height={LOSS_PX} isLog={false} />
    </div>
  );
}

function OneChart(props: { run: Run; name: string; height: number; isLog: boolean }) {
  const { run, name, height, isLog } = props;
  const { id, name: label, metrics } = run.summary;
  const { view, setWindow, togglePin } = usePlainView({ isLog });
  const runs = useMemo<ChartRun[]>(() => [{ id, label, style: styleOf(0) }], [id, label]);
  return (
    <ChartCard
      key={name}
      name={name}
      runs={runs}
      points={metrics[name]?.count ?? 0}
      view={view}
      onWindow={setWindow}
      onPinCursor={togglePin}
      height={height}
    />
  );
}

/** One layer: its line, and its histogram at the step that was clicked. */
function Layer(props: {
  run: Run;
  metric: string;
  histogram: string;
  step: number | null;
  onStep: (step: number | null) => void;
}) {
  const { run, metric, histogram, step, onStep } = props;
  const query = useHistogram(run.summary.id, histogram, run.histograms);
  return (
    <div className="flow-layer">
      {metric && <OneChart run={run} name={metric} height={CHART_PX} isLog />}
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {histogram && query.data && (
        <section className="card flow-histogram" aria-label={histogram}>
          <header className="card-header">
            <h3>{histogram}</h3>
          </header>
          <StepHistogram series={query.data} step={step} onStep={onStep} />
        </section>
      )}
    </div>
  );
}
