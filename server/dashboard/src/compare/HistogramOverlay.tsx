import { useQueries } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";

import { fetchHistogram, fetchHistogramGrid } from "../api/client";
import type { HistogramSeries, Run } from "../api/types";
import { formatX } from "../charts/axis";
import type { ChartRun } from "../charts/ChartCard";
import { groupOf, groupsOf, groupTitle } from "../distributions/grid";
import { binRows } from "../distributions/ridge";
import { Figure } from "../pictures/Figure";
import type { Draw } from "../pictures/pen";
import { useCanvas } from "../pictures/useCanvas";
import { Swatch } from "../charts/Swatch";
import { nearestIndex } from "../media/steps";
import { StepSlider } from "../media/StepSlider";
import { Failure } from "../shell/Failure";
import { useUrl } from "../shell/useUrl";
import { drawOverlay, overlayOf } from "./overlay";
import "../styles/distributions.css";
import "../styles/media.css";

const STEPS = 120;
const HEIGHT_PX = 280;

interface HistogramOverlayProps {
  runs: readonly Run[];
  chartRuns: readonly ChartRun[];
}

/** One histogram of all runs at one step, over each other on one axis. */
export function HistogramOverlay({ runs, chartRuns }: HistogramOverlayProps) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useUrl("h");
  const [stepText, setStep] = useUrl("hs");
  const grids = useQueries({
    queries: runs.map((run) => ({
      queryKey: ["histograms", run.summary.id, run.histograms, "names"],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        fetchHistogramGrid(run.summary.id, 1, signal),
    })),
  });
  const names = [...new Set(grids.flatMap(({ data }) => data?.rows.map((row) => row.name) ?? []))];
  const groups = groupsOf(names);
  const name =
    names.find((each) => each === chosen) ?? names.find((each) => groupOf(each) === groups[0]);
  const queries = useQueries({
    queries: runs.map((run) => ({
      queryKey: ["histogram", run.summary.id, name, run.histograms, STEPS],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        fetchHistogram(run.summary.id, name!, STEPS, signal),
      enabled: name !== undefined,
    })),
  });
  const failed = [...grids, ...queries].find((query) => query.isError && !query.data);
  // A new array at each render; only what has arrived matters.
  const key = queries.map((query) => query.dataUpdatedAt).join();
  const drawn = useMemo(
    () =>
      queries.flatMap(({ data }, at) =>
        data && data.histograms.length > 0 ? [{ run: chartRuns[at]!, series: data }] : [],
      ),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [key, name, chartRuns],
  );
  const steps = useMemo(
    () =>
      [
        ...new Set(drawn.flatMap(({ series }) => series.columns.map((each) => each.last_step))),
      ].sort((a, b) => a - b),
    [drawn],
  );
  const step = /^-?\d+$/.test(stepText) ? Number(stepText) : null;
  const at = step ?? steps.at(-1) ?? 0;
  const overlay = useMemo(() => overlayOf(drawn.map(({ series }) => series)), [drawn]);
  const draw = useCallback<Draw>(
    (context, width) => {
      const shown = drawn.map(({ run, series }) => ({
        style: run.style,
        histogram: series.histograms[columnAt(series, at)]!,
      }));
      drawOverlay(context, width, HEIGHT_PX, overlay, shown);
    },
    [drawn, overlay, at],
  );
  const canvas = useCanvas(draw, HEIGHT_PX);
  if (failed) return <Failure error={failed.error} onRetry={() => void failed.refetch()} />;
  return (
    <section className="card distributions" aria-label={name ?? t("compare.histograms")}>
      <div className="toolbar">
        <label>
          {t("compare.histogram")}
          <select value={name ?? ""} onChange={(change) => setChosen(change.target.value)}>
            {groups.map((group) => (
              <optgroup key={group} label={groupTitle(group) || t("distributions.other")}>
                {names
                  .filter((each) => groupOf(each) === group)
                  .map((each) => (
                    <option key={each} value={each}>
                      {each.slice(group.length)}
                    </option>
                  ))}
              </optgroup>
            ))}
          </select>
        </label>
      </div>
      <StepSlider
        steps={steps}
        isThinned={drawn.some(({ series }) => series.is_thinned)}
        step={step}
        hasKeys={false}
        onStep={(next) => setStep(next === null ? null : String(next))}
      />
      <Figure
        title={`${name ?? ""} ${at}`}
        className="step-histogram"
        rows={() => [
          ["run", "step", "low", "high", "count"],
          ...drawn.flatMap(({ run, series }) => {
            const column = columnAt(series, at);
            const step = series.columns[column]!.last_step;
            return binRows(series.histograms[column]!, run.label, step);
          }),
        ]}
      >
        <canvas
          ref={canvas}
          style={{ height: HEIGHT_PX }}
          role="img"
          aria-label={t("compare.overlay_label", { name: name ?? "", count: drawn.length })}
        />
        <Shown drawn={drawn} step={at} />
      </Figure>
    </section>
  );
}

interface Drawn {
  run: ChartRun;
  series: HistogramSeries;
}

/** Which line is which run, and what it is of. */
function Shown({ drawn, step }: { drawn: readonly Drawn[]; step: number }) {
  const { t } = useTranslation();
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{t("list.name")}</th>
          <th scope="col">{t("checkpoints.step")}</th>
          <th scope="col">{t("distributions.count")}</th>
          <th scope="col">{t("distributions.nonfinite")}</th>
        </tr>
      </thead>
      <tbody>
        {drawn.map(({ run, series }) => {
          const index = columnAt(series, step);
          const { count, ...histogram } = series.histograms[index]!;
          const broken =
            histogram.nans + histogram.negative_infinities + histogram.positive_infinities;
          return (
            <tr key={run.id}>
              <th scope="row">
                <Swatch line={run.style} /> {run.label}
              </th>
              <td>{formatX(series.columns[index]!.last_step, "step", true)}</td>
              <td>{count.reduce((sum, each) => sum + each, 0).toLocaleString("en-US")}</td>
              <td>{broken.toLocaleString("en-US")}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Return which column of a series is the newest up to *step*; its first where all are later. */
function columnAt(series: HistogramSeries, step: number): number {
  return nearestIndex(
    series.columns.map((column) => column.last_step),
    step,
  );
}
