import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";

import type { HistogramSeries } from "../api/types";
import { nearest } from "../charts/align";
import { formatX } from "../charts/axis";
import type { Place } from "../charts/cursor";
import { placeOf, type Span } from "../charts/span";
import { useCursorText } from "../charts/useCursorText";
import { ink } from "../shell/theme";
import { rangeText } from "./range";
import { bandsOf, quantileOf, SHARES, type Bands } from "./percentiles";
import { binsOf } from "./ridge";
import { StepPlot } from "./StepPlot";
import { Figure } from "../pictures/Figure";
import type { Pen } from "../pictures/pen";

const HEIGHT_PX = 260;
const ALPHAS = [0.14, 0.18, 0.24, 0.32];

interface PercentileBandsProps {
  series: HistogramSeries;
  onStep: (step: number) => void;
}

/** How one histogram's values reach over the steps: its middle, and bands around it. */
export function PercentileBands({ series, onStep }: PercentileBandsProps) {
  const { t } = useTranslation();
  const bands = useMemo(() => bandsOf(series), [series]);
  const steps = useMemo(
    () => Float64Array.from(series.columns, (column) => column.last_step),
    [series],
  );
  const view = useMemo(() => viewOf(steps), [steps]);
  const draw = useCallback(
    (context: Pen, span: Span) => drawBands(context, span, steps, bands),
    [steps, bands],
  );
  const describe = useCallback(
    (place: Place | null) => {
      const at = place?.step === undefined ? steps.length - 1 : nearest(steps, place.step);
      return at < 0 ? "" : wordsOf(series, at, t);
    },
    [series, steps, t],
  );
  const output = useCursorText<HTMLOutputElement>(describe);
  return (
    <Figure title={series.name} className="bands" rows={() => binsOf(series)}>
      <StepPlot
        steps={steps}
        view={view}
        ends={[view.from, view.to]}
        height={HEIGHT_PX}
        label={t("distributions.bands_label", { name: series.name, count: steps.length })}
        ticks={bands.ticks}
        draw={draw}
        onStep={onStep}
      />
      <output ref={output} className="bands-words" />
      <p className="muted">{t("distributions.bands_hint")}</p>
    </Figure>
  );
}

function viewOf(steps: Float64Array): { from: number; to: number } {
  const [first, last] = [steps[0] ?? 0, steps.at(-1) ?? 1];
  return first < last ? { from: first, to: last } : { from: first - 1, to: last + 1 };
}

/** Return what the percentiles are at a column; each is known to lie in its bin, and no better. */
function wordsOf(
  series: HistogramSeries,
  at: number,
  t: ReturnType<typeof useTranslation>["t"],
): string {
  const histogram = series.histograms[at]!;
  const step = formatX(series.columns[at]!.last_step, "step", true);
  const found = SHARES.map((share) => quantileOf(histogram, share, series.scale === "edges"));
  const [least, , low, , median, , high, , most] = found;
  if (!least || !low || !median || !high || !most)
    return `${step} · ${t("distributions.no_values")}`;
  return [
    step,
    t("distributions.median", { value: rangeText(median.low, median.high) }),
    t("distributions.most", { value: rangeText(low.low, high.high) }),
    t("distributions.all", { value: rangeText(least.low, most.high) }),
  ].join(" · ");
}

function drawBands(context: Pen, span: Span, steps: Float64Array, { places, ticks }: Bands): void {
  const y = (place: number) => HEIGHT_PX * (1 - place);
  context.fillStyle = ink("--grid");
  for (const { x } of ticks) context.fillRect(0, Math.round(y(x)), span.width, 1);
  context.fillStyle = context.strokeStyle = ink("--hue-0");
  const middle = SHARES.length >> 1;
  for (const [first, last] of piecesOf(places)) {
    const columns = Array.from({ length: last - first + 1 }, (_, at) => first + at);
    const line = (share: number): [number, number][] => {
      const corners = columns.map((at): [number, number] => [
        placeOf(span, steps[at]!),
        y(places[at]![share]!),
      ]);
      const [x, height] = corners[0]!;
      // A single column is to be seen too.
      return corners.length > 1
        ? corners
        : [-1, 1].map((side): [number, number] => [x + side, height]);
    };
    const trace = (corners: readonly [number, number][]) => {
      context.beginPath();
      for (const corner of corners) context.lineTo(...corner);
    };
    for (let band = 0; band < middle; band += 1) {
      trace([...line(band), ...line(SHARES.length - 1 - band).reverse()]);
      context.globalAlpha = ALPHAS[band]!;
      context.fill();
    }
    context.globalAlpha = 1;
    context.lineWidth = 1.5;
    trace(line(middle));
    context.stroke();
  }
}

/** Return the first and last index of each stretch of columns that have values. */
function piecesOf(places: Bands["places"]): [first: number, last: number][] {
  const pieces: [number, number][] = [];
  places.forEach((place, at) => {
    if (!place) return;
    const piece = pieces.at(-1);
    if (piece?.[1] === at - 1) piece[1] = at;
    else pieces.push([at, at]);
  });
  return pieces;
}
