import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";

import type { HistogramSeries } from "../api/types";
import { nearest } from "../charts/align";
import { formatX } from "../charts/axis";
import type { Place } from "../charts/cursor";
import { placeOf, type Span } from "../charts/span";
import { useCursorText } from "../charts/useCursorText";
import { colourOf, rampCss, SEQUENTIAL } from "./grid";
import { axisOf, barsOf, binsOf } from "./ridge";
import { StepPlot } from "./StepPlot";
import { Figure } from "../pictures/Figure";
import type { Pen } from "../pictures/pen";

const HEIGHT_PX = 280;
/** Shares below this have the darkest colour. */
const SHARE_MIN = 1e-4;

interface ValueMapProps {
  series: HistogramSeries;
  onStep: (step: number) => void;
}

/** One tensor's values over the steps: the colour is how many of them lie there, as a logarithm. */
export function ValueMap({ series, onStep }: ValueMapProps) {
  const { t } = useTranslation();
  const axis = useMemo(() => axisOf(series), [series]);
  const steps = useMemo(
    () => Float64Array.from(series.columns, (column) => column.last_step),
    [series],
  );
  const edges = useMemo(() => edgesOf(steps), [steps]);
  const view = useMemo(() => ({ from: edges[0] ?? 0, to: edges.at(-1) ?? 1 }), [edges]);
  const columns = useMemo(
    () =>
      series.histograms.map((histogram) => {
        const bars = barsOf(histogram, axis.place);
        const total = bars.reduce((sum, { count }) => sum + count, 0);
        return bars
          .filter(({ count }) => count > 0)
          .map(({ from, to, count }) => ({
            from,
            to,
            colour: colourOf(Math.log10(count / total), [Math.log10(SHARE_MIN), 0]),
          }));
      }),
    [series, axis],
  );
  const draw = useCallback(
    (context: Pen, span: Span) => {
      columns.forEach((bars, at) => {
        const left = Math.floor(placeOf(span, edges[at]!));
        const width = Math.max(1, Math.floor(placeOf(span, edges[at + 1]!)) - left);
        for (const { from, to, colour } of bars) {
          context.fillStyle = colour;
          const top = Math.floor(HEIGHT_PX * (1 - to));
          context.fillRect(left, top, width, Math.max(1, Math.ceil(HEIGHT_PX * (1 - from)) - top));
        }
      });
    },
    [columns, edges],
  );
  const describe = useCallback(
    (place: Place | null) => {
      const at = place?.step === undefined ? steps.length - 1 : nearest(steps, place.step);
      const histogram = series.histograms[at];
      if (!histogram) return "";
      const total = histogram.count.reduce((sum, count) => sum + count, 0);
      const words = t("distributions.values", {
        count: total,
        shown: total.toLocaleString("en-US"),
      });
      return `${formatX(steps[at]!, "step", true)} · ${words}`;
    },
    [series, steps, t],
  );
  const output = useCursorText<HTMLOutputElement>(describe);
  return (
    <Figure title={series.name} className="bands" rows={() => binsOf(series)}>
      <StepPlot
        steps={steps}
        view={view}
        ends={[steps[0] ?? 0, steps.at(-1) ?? 0]}
        height={HEIGHT_PX}
        label={t("distributions.map_label", { name: series.name, count: steps.length })}
        ticks={axis.ticks}
        ticksClass="value-ticks"
        draw={draw}
        onStep={onStep}
      />
      <div className="heatmap-key">
        <span>≤ 0.01 %</span>
        <span className="heatmap-ramp" style={{ background: rampCss(SEQUENTIAL) }} />
        <span>100 %</span>
        <output ref={output} />
      </div>
    </Figure>
  );
}

/** Return where each step's column begins, and where the last one ends. */
export function edgesOf(steps: Float64Array): number[] {
  if (steps.length === 0) return [];
  if (steps.length === 1) return [steps[0]! - 0.5, steps[0]! + 0.5];
  const middles = Array.from(steps.subarray(1), (step, at) => (steps[at]! + step) / 2);
  const [first, last] = [steps[0]!, steps.at(-1)!];
  return [2 * first - middles[0]!, ...middles, 2 * last - middles.at(-1)!];
}
