import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { fetchHistogram, fetchHistogramGrid } from "../../api/client";
import type { Run } from "../../api/types";
import { groupOf, groupsOf, rowsOf } from "../../distributions/grid";
import { HeatMap } from "../../distributions/HeatMap";
import { PercentileBands } from "../../distributions/PercentileBands";
import { Ridgeline } from "../../distributions/Ridgeline";
import { StepHistogram } from "../../distributions/StepHistogram";
import { Failure } from "../../shell/Failure";
import type { PanelOf } from "../document";
import { WithRun } from "./WithRun";
import "../../styles/distributions.css";
import "../../styles/media.css";

const COLUMNS = 120;
const RIDGES = 24;
const STEPS = 160;

/** The distributions of one run: all layers, or one of them over its steps. */
export function HistogramsBody({ panel }: { panel: PanelOf<"histograms"> }) {
  return (
    <WithRun chosen={panel.run} what="histograms">
      {(run) =>
        panel.view === "layers" ? (
          <Layers run={run} name={panel.name} />
        ) : (
          <OneHistogram run={run} panel={panel} />
        )
      }
    </WithRun>
  );
}

function useGrid(run: Run) {
  const { id } = run.summary;
  return useQuery({
    queryKey: ["histograms", id, run.histograms],
    queryFn: ({ signal }) => fetchHistogramGrid(id, COLUMNS, signal),
    placeholderData: keepPreviousData,
  });
}

function Layers({ run, name }: { run: Run; name: string }) {
  const { t } = useTranslation();
  const [selected, setSelected] = useState<string | null>(null);
  const grid = useGrid(run);
  const shown = useMemo(() => {
    if (!grid.data) return null;
    const groups = groupsOf(grid.data.rows.map((row) => row.name));
    const group = groups.find((one) => one === groupOf(name)) ?? groups[0] ?? "";
    return { group, rows: rowsOf(grid.data, group) };
  }, [grid.data, name]);
  if (grid.isError) return <Failure error={grid.error} onRetry={() => void grid.refetch()} />;
  if (!grid.data || !shown) return <p className="panel-hint">{t("loading")}</p>;
  return (
    <HeatMap
      columns={grid.data.columns}
      rows={shown.rows}
      measure="magnitude"
      group={shown.group}
      selected={selected}
      onSelect={setSelected}
    />
  );
}

function OneHistogram({ run, panel }: { run: Run; panel: PanelOf<"histograms"> }) {
  const { t } = useTranslation();
  const { id } = run.summary;
  const grid = useGrid(run);
  const name = panel.name || (grid.data?.rows[0]?.name ?? null);
  const columns = panel.view === "ridges" ? RIDGES : STEPS;
  const [step, setStep] = useState<number | null>(null);
  const query = useQuery({
    queryKey: ["histogram", id, name, run.histograms, columns],
    queryFn: ({ signal }) => fetchHistogram(id, name!, columns, signal),
    placeholderData: keepPreviousData,
    enabled: name !== null,
  });
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <p className="panel-hint">{t("loading")}</p>;
  if (query.data.histograms.length === 0)
    return <p className="panel-hint">{t("board.no_histograms")}</p>;
  return (
    <div className="distributions">
      <h4>{query.data.name}</h4>
      {panel.view === "ridges" ? (
        <Ridgeline series={query.data} />
      ) : panel.view === "bands" ? (
        <PercentileBands series={query.data} onStep={() => undefined} />
      ) : (
        <StepHistogram series={query.data} step={step} onStep={setStep} hasKeys={false} />
      )}
    </div>
  );
}
