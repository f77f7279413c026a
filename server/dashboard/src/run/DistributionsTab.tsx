import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { fetchHistogramGrid } from "../api/client";
import type { HistogramGrid, Run } from "../api/types";
import {
  groupOf,
  groupsOf,
  groupTitle,
  MEASURES,
  rowsOf,
  type Measure,
} from "../distributions/grid";
import { HeatMap } from "../distributions/HeatMap";
import { PercentileBands } from "../distributions/PercentileBands";
import { Ridgeline } from "../distributions/Ridgeline";
import { StepHistogram } from "../distributions/StepHistogram";
import { ValueMap } from "../distributions/ValueMap";
import { findMetrics } from "../charts/useView";
import { Failure } from "../shell/Failure";
import { SearchField } from "../shell/SearchField";
import { useUrl } from "../shell/useUrl";
import { STEPS, useHistogram } from "./useHistogram";
import { useShownStep } from "./useShownStep";

const COLUMNS = 120;
const RIDGES = 32;
/** Fewer layers than this are found by looking. */
const SEARCHED_MIN = 8;

/** The distributions of weights, gradients and updates: all layers at once, then one of them. */
export function DistributionsTab({ run }: { run: Run }) {
  const { t } = useTranslation();
  const { id } = run.summary;
  const grid = useQuery({
    queryKey: ["histograms", id, run.histograms],
    queryFn: ({ signal }) => fetchHistogramGrid(id, COLUMNS, signal),
    placeholderData: keepPreviousData,
  });
  if (grid.isError) return <Failure error={grid.error} onRetry={() => void grid.refetch()} />;
  if (!grid.data) return <div className="page-loading">{t("loading")}</div>;
  return <Distributions id={id} grid={grid.data} version={run.histograms} />;
}

interface DistributionsProps {
  id: string;
  grid: HistogramGrid;
  /** Grows with what is there, so that what was fetched before is fetched again. */
  version: number;
}

function Distributions({ id, grid, version }: DistributionsProps) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useUrl("h");
  const [measureText, setMeasure] = useUrl("hm");
  const groups = useMemo(() => groupsOf(grid.rows.map((row) => row.name)), [grid]);
  const group = groups.find((each) => each === groupOf(chosen)) ?? groups[0] ?? "";
  const [search, setSearch] = useState("");
  const [step, onStep] = useShownStep();
  const all = useMemo(() => rowsOf(grid, group), [grid, group]);
  const rows = useMemo(() => {
    const found = new Set(
      findMetrics(
        all.map((row) => row.name),
        search,
      ),
    );
    return all.filter((row) => found.has(row.name));
  }, [all, search]);
  const measure: Measure = MEASURES.find((each) => each === measureText) ?? "magnitude";
  const selected = rows.find((row) => row.name === chosen)?.name ?? rows[0]?.name ?? null;
  return (
    <>
      <div className="toolbar">
        <div role="group" aria-label={t("distributions.group")} className="segments">
          {groups.map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={each === group}
              onClick={() => setChosen(rowsOf(grid, each)[0]?.name ?? null)}
            >
              {groupTitle(each) || t("distributions.other")}
            </button>
          ))}
        </div>
        <label>
          {t("distributions.measure")}
          <select value={measure} onChange={(change) => setMeasure(change.target.value)}>
            {MEASURES.map((each) => (
              <option key={each} value={each}>
                {t(`distributions.${each}`)}
              </option>
            ))}
          </select>
        </label>
        {all.length >= SEARCHED_MIN && (
          <SearchField label={t("distributions.search")} value={search} onChange={setSearch} />
        )}
        {grid.is_thinned && <span className="muted">{t("distributions.thinned")}</span>}
        {grid.names > grid.rows.length && (
          <span className="muted">
            {t("distributions.names_cut", { shown: grid.rows.length, names: grid.names })}
          </span>
        )}
      </div>
      <section className="card distributions" aria-label={t("distributions.by_layer")}>
        <HeatMap
          columns={grid.columns}
          rows={rows}
          measure={measure}
          group={group}
          selected={selected}
          step={step}
          onSelect={(name, at) => {
            setChosen(name);
            if (at !== undefined) onStep(at);
          }}
        />
      </section>
      {rows.length === 0 && <p className="panel-hint">{t("distributions.no_layer")}</p>}
      {selected && <OneLayer id={id} name={selected} version={version} />}
    </>
  );
}

const VIEWS = ["ridges", "map", "bands", "step"] as const;

/** One layer's histograms: behind each other, as colours or percentiles over the steps, or one step's. */
function OneLayer({ id, name, version }: { id: string; name: string; version: number }) {
  const { t } = useTranslation();
  const [viewText, setView] = useUrl("hv");
  const [step, onStep] = useShownStep();
  const view = VIEWS.find((each) => each === viewText) ?? "ridges";
  const query = useHistogram(id, name, version, view === "ridges" ? RIDGES : STEPS);
  return (
    <section className="card distributions" aria-label={name}>
      <header className="card-header">
        <h3>{name}</h3>
        {query.data?.is_thinned && <span className="muted">{t("distributions.thinned")}</span>}
        <div role="group" aria-label={t("distributions.view")} className="segments">
          {VIEWS.map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={each === view}
              onClick={() => setView(each === "ridges" ? null : each)}
            >
              {t(`distributions.view_${each}`)}
            </button>
          ))}
        </div>
      </header>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && view === "ridges" && <Ridgeline series={query.data} />}
      {query.data && view === "map" && <ValueMap series={query.data} onStep={onStep} />}
      {query.data && view === "bands" && <PercentileBands series={query.data} onStep={onStep} />}
      {query.data && view !== "ridges" && (
        <StepHistogram series={query.data} step={step} onStep={onStep} />
      )}
    </section>
  );
}
