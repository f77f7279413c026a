import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { fetchTracks } from "../api/client";
import type { Run } from "../api/types";
import { ChartCard, type ChartRun } from "../charts/ChartCard";
import { usePlainView } from "../charts/useView";
import { rangeOf } from "../distributions/grid";
import { HeatMap } from "../distributions/HeatMap";
import { Swatch } from "../charts/Swatch";
import { flowGrid, flowMetrics, FLOWS, layerOf, type Flow } from "../run/flow";
import { Failure } from "../shell/Failure";
import { useUrl } from "../shell/useUrl";
import "../styles/distributions.css";

const COLUMNS = 120;
/** The API's bound on names in one query. */
const NAMES_MAX = 200;
const CHART_PX = 220;

interface FlowMapsProps {
  runs: readonly Run[];
  chartRuns: readonly ChartRun[];
  names: readonly string[];
}

/** Layers over steps by colour, run below run, with one scale of colours and one of steps. */
export function FlowMaps({ runs, chartRuns, names }: FlowMapsProps) {
  const { t } = useTranslation();
  const [flowText, setFlow] = useUrl("f");
  const [chosen, setChosen] = useUrl("l");
  const { view, setWindow, togglePin } = usePlainView({ isLog: true });
  const available = FLOWS.filter((flow) => flowMetrics(names, flow).length > 0);
  const flow: Flow = available.find((one) => one === flowText) ?? available[0] ?? "gradient";
  const key = flowMetrics(names, flow).slice(0, NAMES_MAX).join("\n");
  const shown = useMemo(() => (key ? key.split("\n") : []), [key]);
  const ids = runs.map((run) => run.summary.id);
  const query = useQuery({
    queryKey: ["flow", ids.join(), key, runs.map((run) => run.summary.rev).join()],
    queryFn: ({ signal }) =>
      fetchTracks({ runs: ids, names: shown, x: "step", buckets: COLUMNS }, signal),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });
  const grids = useMemo(() => {
    const all = query.data ?? [];
    return chartRuns.map(({ id }) =>
      flowGrid(
        all.filter((track) => track.run === id),
        shown,
        COLUMNS,
        all,
      ),
    );
  }, [query.data, shown, chartRuns]);
  const range = useMemo(
    () =>
      rangeOf(
        grids.flatMap((grid) => grid.rows),
        "magnitude",
      ),
    [grids],
  );
  const layer = layerOf(chosen, flow);
  const selected =
    shown.find((name) => name === chosen || layerOf(name, flow) === layer) ?? shown[0];
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
              aria-pressed={one === flow}
              onClick={() => setFlow(one)}
            >
              {t(`flow.${one}`)}
            </button>
          ))}
        </div>
      </div>
      {query.data ? (
        chartRuns.map((run, at) => (
          <section key={run.id} className="card distributions" aria-label={run.label}>
            <header className="card-header">
              <h3>
                <Swatch line={run.style} /> {run.label}
              </h3>
            </header>
            {grids[at]!.columns.length > 0 ? (
              <HeatMap
                columns={grids[at]!.columns}
                rows={grids[at]!.rows}
                measure="magnitude"
                label={t(`flow.${flow}`)}
                nameOf={(name) => layerOf(name, flow)}
                group=""
                range={range}
                selected={selected ?? null}
                onSelect={setChosen}
              />
            ) : (
              <p className="panel-hint">{t("compare.no_flow")}</p>
            )}
          </section>
        ))
      ) : (
        <div className="page-loading">{t("loading")}</div>
      )}
      {selected && (
        <div className="flow-layer">
          <ChartCard
            key={selected}
            name={selected}
            runs={chartRuns}
            points={runs.reduce((sum, run) => sum + (run.summary.metrics[selected]?.count ?? 0), 0)}
            view={view}
            onWindow={setWindow}
            onPinCursor={togglePin}
            height={CHART_PX}
          />
        </div>
      )}
    </>
  );
}
