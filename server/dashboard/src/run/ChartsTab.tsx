import { useMemo } from "react";

import type { Run } from "../api/types";
import { Annotate } from "../charts/foot/Annotate";
import type { ChartRun } from "../charts/ChartCard";
import { ChartSections } from "../charts/ChartSections";
import { styleOf } from "../charts/colours";
import { useFoot } from "../charts/foot/useFoot";
import { findMetrics, useView } from "../charts/useView";
import { ViewBar } from "../charts/ViewBar";
import { useMetricNames } from "../series/useMetricNames";
import { useCheckpointFlags } from "./useCheckpointFlags";

/** Every metric of the run as a chart, in sections; only those on screen are fetched and drawn. */
export function ChartsTab({ run }: { run: Run }) {
  const { id, name, project, metrics } = run.summary;
  const names = useMetricNames([run.summary]);
  const state = useView(names);
  const { flags } = useCheckpointFlags(run);
  const runs = useMemo<ChartRun[]>(() => [{ id, label: name, style: styleOf(0) }], [id, name]);
  const foot = useFoot(runs, state.hasFoot);
  return (
    <>
      <ViewBar state={state} metrics={names} searchKey="/" footLeftOut={foot.leftOut}>
        <Annotate runs={runs} view={state.view} />
      </ViewBar>
      <ChartSections
        project={project}
        filter={`id = "${id}"`}
        metrics={findMetrics(names, state.search)}
        allMetrics={names}
        runs={runs}
        pointsOf={(metric) => metrics[metric]?.count ?? 0}
        view={state.view}
        onWindow={state.setWindow}
        onPinCursor={state.togglePin}
        flagsOf={flags}
        foot={foot.marks}
      />
    </>
  );
}
