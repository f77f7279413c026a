import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { fetchTracks } from "../api/client";
import type { Run } from "../api/types";
import { ChartCard, type ChartRun } from "../charts/ChartCard";
import { styleOf } from "../charts/colours";
import { usePlainView } from "../charts/useView";
import { HeatMap } from "../distributions/HeatMap";
import { useMetricNames } from "../series/useMetricNames";
import { Failure } from "../shell/Failure";
import { useUrl } from "../shell/useUrl";
import { flowGrid, flowMetrics, FLOWS, layerOf, warningsOf, type Flow } from "./flow";

const COLUMNS = 160;
/** The API's bound on names in one query. */
const NAMES_MAX = 200;
const CHART_PX = 240;

/** All layers over the steps by colour, and the one that was clicked as a line. */
export function GradientsTab({ run }: { run: Run }) {
  const { t } = useTranslation();
  const { id, rev } = run.summary;
  const [flowText, setFlow] = useUrl("f");
  const [chosen, setChosen] = useUrl("l");
  const names = useMetricNames([run.summary]);
  const available = FLOWS.filter((flow) => flowMetrics(names, flow).length > 0);
  const flow: Flow = available.find((one) => one === flowText) ?? available[0] ?? "gradient";
  const key = flowMetrics(names, flow).join("\n");
  const all = useMemo(() => (key ? key.split("\n") : []), [key]);
  const shown = useMemo(() => all.slice(0, NAMES_MAX), [all]);
  const query = useQuery({
    queryKey: ["flow", id, key, rev],
    queryFn: ({ signal }) =>
      fetchTracks({ runs: [id], names: shown, x: "step", buckets: COLUMNS }, signal),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });
  const grid = useMemo(() => flowGrid(query.data ?? [], shown, COLUMNS), [query.data, shown]);
  const layer = layerOf(chosen, flow);
  // The same layer stays chosen when another quantity is looked at.
  const selected =
    shown.find((name) => name === chosen || layerOf(name, flow) === layer) ?? shown[0];
  const warnings = flow === "gradient" ? warningsOf(grid.rows) : new Map<string, never>();
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
              onClick={() => {
                setChosen(
                  flowMetrics(names, one).find((name) => layerOf(name, one) === layer) ?? null,
                );
                setFlow(one);
              }}
            >
              {t(`flow.${one}`)}
            </button>
          ))}
        </div>
        {all.length > shown.length && (
          <span className="muted">
            {t("distributions.names_cut", { shown: shown.length, names: all.length })}
          </span>
        )}
      </div>
      {warnings.size > 0 && (
        <ul className="flow-warnings">
          {[...warnings].map(([name, warning]) => (
            <li key={name} className="warn">
              {t(`flow.${warning}`, { layer: layerOf(name, flow) })}
            </li>
          ))}
        </ul>
      )}
      <section className="card distributions" aria-label={t("flow.by_layer")}>
        {query.data ? (
          <HeatMap
            columns={grid.columns}
            rows={grid.rows}
            measure="magnitude"
            label={t(`flow.${flow}`)}
            nameOf={(name) => layerOf(name, flow)}
            group=""
            selected={selected ?? null}
            onSelect={setChosen}
          />
        ) : (
          <div className="page-loading">{t("loading")}</div>
        )}
      </section>
      {selected && <Layer run={run} name={selected} />}
    </>
  );
}

function Layer({ run, name }: { run: Run; name: string }) {
  const { id, name: label, metrics } = run.summary;
  const { view, setWindow, togglePin } = usePlainView({ isLog: true });
  const runs = useMemo<ChartRun[]>(() => [{ id, label, style: styleOf(0) }], [id, label]);
  return (
    <div className="flow-layer">
      <ChartCard
        key={name}
        name={name}
        runs={runs}
        points={metrics[name]?.count ?? 0}
        view={view}
        onWindow={setWindow}
        onPinCursor={togglePin}
        height={CHART_PX}
      />
    </div>
  );
}
