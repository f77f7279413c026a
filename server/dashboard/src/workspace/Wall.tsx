import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import type { RunSummary } from "../api/types";
import { Annotate } from "../charts/foot/Annotate";
import type { ChartGroup, ChartRun } from "../charts/ChartCard";
import { ChartSections, type Facet } from "../charts/ChartSections";
import type { LineStyle } from "../charts/colours";
import { useFoot } from "../charts/foot/useFoot";
import { findMetrics, useView } from "../charts/useView";
import { ViewBar } from "../charts/ViewBar";
import { FieldSelect } from "../list/FieldSelect";
import { nameOf } from "../list/names";
import { groupRuns, type Group } from "../list/rows";
import { useMetricNames } from "../series/useMetricNames";
import { useUrl } from "../shell/useUrl";
import type { DrawnState } from "./useDrawn";

interface WallProps {
  project: string;
  runs: readonly RunSummary[];
  /** How many there are, those included that are not loaded. */
  total: number;
  draw: DrawnState;
  styles: ReadonlyMap<string, LineStyle>;
  groups: readonly Group[] | null;
  /** Parameters that differ. */
  varying: readonly string[];
}

/** More charts of one metric than this say nothing. */
const FACETS_MAX = 12;

/** All metrics of the drawn runs. The table beside it is the legend. */
export function Wall({ project, runs, total, draw, styles, groups, varying }: WallProps) {
  const { t } = useTranslation();
  const { drawn } = draw;
  const drawnRuns = runs.filter((run) => drawn.has(run.id));
  // A run list is rebuilt at every notice; the charts need to know when its members change. Their
  // order is that of ids, so that sorting the table fetches nothing.
  const key = drawnRuns
    .map((run) => `${run.id} ${nameOf(run)}`)
    .sort()
    .join("\n");
  const chartRuns = useMemo<ChartRun[]>(
    () =>
      (key ? key.split("\n") : []).flatMap((line) => {
        const id = line.slice(0, line.indexOf(" "));
        const style = styles.get(id);
        return style ? [{ id, label: line.slice(id.length + 1), style }] : [];
      }),
    [key, styles],
  );
  const chartGroups = useMemo<ChartGroup[] | null>(
    () =>
      groups?.flatMap((group) => {
        const members = group.runs.filter((run) => drawn.has(run.id)).map((run) => run.id);
        const style = styles.get(members[0] ?? "");
        if (!style) return [];
        const label = `${group.label} (${t("list.shown", { count: members.length })})`;
        return [{ id: group.id, label, style, runs: members }];
      }) ?? null,
    [groups, drawn, styles, t],
  );
  const [facetField, setFacetField] = useUrl("f");
  const [filter] = useUrl("q");
  const facets = useMemo<Facet[] | null>(() => {
    if (!facetField) return null;
    const members = runs.filter((run) => drawn.has(run.id));
    return groupRuns(members, [facetField], t("list.none")).map((group) => ({
      id: group.id,
      label: group.label,
      runs: new Set(group.runs.map((run) => run.id)),
    }));
  }, [facetField, runs, drawn, t]);
  const metrics = useMetricNames(drawnRuns);
  const state = useView(metrics);
  const found = findMetrics(metrics, state.search);
  const foot = useFoot(chartRuns, state.hasFoot);
  return (
    <section className="wall" aria-label={t("workspace.charts")}>
      <ViewBar state={state} metrics={metrics} hasAxisKeys footLeftOut={foot.leftOut}>
        <Annotate runs={chartRuns} view={state.view} />
        <FieldSelect
          label={t("view.facet_by")}
          varying={varying}
          value={facetField}
          taken={[]}
          onChoose={(field) => setFacetField(field || null)}
        />
        {chartGroups && (
          <label>
            {t("view.band")}
            <select
              value={state.view.spread}
              onChange={(change) => state.setSpread(change.target.value === "sd" ? "sd" : "range")}
            >
              <option value="range">{t("view.band_range")}</option>
              <option value="sd">{t("view.band_sd")}</option>
            </select>
          </label>
        )}
      </ViewBar>
      {chartGroups && (
        <p className="wall-note" role="status">
          {t(drawn.size < total ? "view.mean_of_some" : "view.mean_of_all", {
            count: chartGroups.length,
            runs: drawnRuns.length,
            total,
          })}
          {drawn.size < total && (
            <button type="button" className="chip" onClick={() => draw.setRule("all")}>
              {t("list.draw_all")}
            </button>
          )}
        </p>
      )}
      {facets && facets.length > FACETS_MAX && (
        <p className="wall-note" role="status">
          {t("view.facets_some", { shown: FACETS_MAX, count: facets.length })}
        </p>
      )}
      {drawnRuns.length === 0 ? (
        <p className="no-match">{t("workspace.none_drawn")}</p>
      ) : metrics.length === 0 ? (
        <p className="no-match">{t("workspace.no_metrics")}</p>
      ) : found.length === 0 ? (
        <p className="no-match">
          {t("view.no_chart", { search: state.search })}{" "}
          <button type="button" className="chip" onClick={() => state.setSearch(null)}>
            {t("list.clear_filter")}
          </button>
        </p>
      ) : (
        <ChartSections
          project={project}
          filter={filter}
          metrics={found}
          runs={chartRuns}
          groups={chartGroups}
          facets={facets?.slice(0, FACETS_MAX) ?? null}
          pointsOf={(metric) =>
            drawnRuns.reduce((sum, run) => sum + (run.metrics[metric]?.count ?? 0), 0)
          }
          hasMetric={(id, metric) => {
            const run = drawnRuns.find((one) => one.id === id);
            return run !== undefined && (run.has_more_metrics || metric in run.metrics);
          }}
          view={state.view}
          foot={foot.marks}
          onWindow={state.setWindow}
          onPinCursor={state.togglePin}
        />
      )}
    </section>
  );
}
