import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import type { RunSummary } from "../api/types";
import { Annotate } from "../charts/foot/Annotate";
import type { ChartRun } from "../charts/ChartCard";
import { ChartSections, type Facet } from "../charts/ChartSections";
import type { LineStyle } from "../charts/colours";
import { useFoot } from "../charts/foot/useFoot";
import { SPREADS, type ChartGroup, type Grouping } from "../charts/groups";
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
  /** By what they are grouped. */
  fields: readonly string[];
  /** Parameters that differ. */
  varying: readonly string[];
}

/** More charts of one metric than this say nothing. */
const FACETS_MAX = 12;

/** All metrics of the drawn runs. The table beside it is the legend. */
export function Wall(props: WallProps) {
  const { project, runs, total, draw, styles, groups, fields, varying } = props;
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
  const [filter] = useUrl("q");
  // Rebuilt at every notice, as above.
  const groupKey = JSON.stringify(groups && chartGroups(groups, drawn, styles));
  const fieldKey = fields.join(",");
  const grouping = useMemo<Grouping | null>(() => {
    const shown = JSON.parse(groupKey) as ChartGroup[] | null;
    return shown && { project, filter, fields: fieldKey.split(","), groups: shown };
  }, [project, filter, fieldKey, groupKey]);
  const [facetField, setFacetField] = useUrl("f");
  const facets = useMemo<Facet[] | null>(() => {
    if (!facetField) return null;
    const members = runs.filter((run) => drawn.has(run.id));
    return groupRuns(members, [facetField], t("list.none")).map((group) => ({
      field: facetField,
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
        {grouping && (
          <label>
            {t("view.band")}
            <select
              value={state.view.spread}
              onChange={(change) =>
                state.setSpread(SPREADS.find((one) => one === change.target.value)!)
              }
            >
              {SPREADS.map((spread) => (
                <option key={spread} value={spread}>
                  {t(`view.band_${spread}`)}
                </option>
              ))}
            </select>
          </label>
        )}
      </ViewBar>
      {grouping && (
        <p className="wall-note" role="status">
          {t("view.means", { count: grouping.groups?.length ?? 0, total })}
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
          allMetrics={metrics}
          runs={chartRuns}
          grouping={grouping}
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

/** Return the groups that are drawn, with the runs of theirs that are known here. */
function chartGroups(
  groups: readonly Group[],
  drawn: ReadonlySet<string>,
  styles: ReadonlyMap<string, LineStyle>,
): ChartGroup[] {
  return groups.flatMap(({ id, label, runs }) => {
    const style = styles.get(id);
    return style && drawn.has(id) ? [{ id, label, style, runs: runs.map((run) => run.id) }] : [];
  });
}
