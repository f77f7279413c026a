import { useCallback, useMemo, useState, type PointerEvent } from "react";
import { useTranslation } from "react-i18next";

import type { HistogramSeries } from "../api/types";
import { formatX } from "../charts/axis";
import { nearestIndex } from "../media/steps";
import { StepSlider } from "../media/StepSlider";
import { ink } from "../shell/theme";
import { rangeText } from "./range";
import { axisOf, barsOf, densityOf, type Bar } from "./ridge";
import { Figure } from "../pictures/Figure";
import type { Draw, Pen } from "../pictures/pen";
import { useCanvas } from "../pictures/useCanvas";

const HEIGHT_PX = 260;
const AXIS_PX = 22;
const TOP_PX = 8;

interface StepHistogramProps {
  series: HistogramSeries;
  /** Null is the newest. */
  step: number | null;
  onStep: (step: number | null) => void;
  /** Whether the arrow keys of the page are its own. */
  hasKeys?: boolean;
}

/** One step's histogram, large; a slider, or the keys ← and →, go through the steps. */
export function StepHistogram({ series, step, onStep, hasKeys = true }: StepHistogramProps) {
  const { t } = useTranslation();
  const steps = useMemo(() => series.columns.map((column) => column.last_step), [series]);
  const at = step === null ? steps.length - 1 : nearestIndex(steps, step);
  const column = series.columns[at];
  const histogram = series.histograms[at];
  const axis = useMemo(() => axisOf(series), [series]);
  const bars = useMemo(() => (histogram ? barsOf(histogram, axis.place) : []), [histogram, axis]);
  const total = bars.reduce((sum, bar) => sum + bar.count, 0);
  const [pointed, setPointed] = useState<number | null>(null);
  const highest = useMemo(() => highestOf(series), [series]);
  const draw = useCallback<Draw>(
    (context, width) => drawBars(context, width, bars, total, highest, axis.ticks, pointed),
    [bars, total, highest, axis, pointed],
  );
  const canvas = useCanvas(draw, HEIGHT_PX);
  const onMove = (event: PointerEvent<HTMLCanvasElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const place = (event.clientX - box.left) / box.width;
    const found = bars.findIndex((bar) => bar.from <= place && place < bar.to);
    setPointed(found < 0 ? null : found);
  };
  if (!column || !histogram) return null;
  const bar = pointed === null ? null : bars[pointed];
  return (
    <Figure
      title={`${series.name} ${column.last_step}`}
      className="step-histogram"
      rows={() => [
        ["low", "high", "count"],
        ...bars.map(({ low, high, count }) => [low, high, count]),
      ]}
    >
      <StepSlider
        steps={steps}
        isThinned={series.is_thinned}
        step={step}
        onStep={onStep}
        hasKeys={hasKeys}
      />
      <p className="step-words">
        <b>
          {column.records > 1
            ? t("distributions.added_up", {
                from: formatX(column.first_step, "step", true),
                to: column.last_step.toLocaleString("en-US"),
                count: column.records,
              })
            : formatX(column.last_step, "step", true)}
        </b>
        {` · ${t("distributions.values", { count: total, shown: total.toLocaleString("en-US") })}`}
        {brokenWords(histogram, t)}
        <output>{bar && barWords(bar, total, t)}</output>
      </p>
      <canvas
        ref={canvas}
        style={{ height: HEIGHT_PX }}
        role="img"
        aria-label={t("distributions.step_label", { name: series.name, step: column.last_step })}
        onPointerMove={onMove}
        onPointerLeave={() => setPointed(null)}
      />
      <details>
        <summary>{t("distributions.as_table")}</summary>
        <BinTable bars={bars} total={total} />
      </details>
    </Figure>
  );
}

type Translate = ReturnType<typeof useTranslation>["t"];

function brokenWords(histogram: HistogramSeries["histograms"][number], t: Translate): string {
  const { nans, negative_infinities: below, positive_infinities: above } = histogram;
  return [
    nans > 0 ? ` · ${t("distributions.nans", { count: nans })}` : "",
    below > 0 ? ` · ${t("distributions.below", { count: below })}` : "",
    above > 0 ? ` · ${t("distributions.above", { count: above })}` : "",
  ].join("");
}

function barWords(bar: Bar, total: number, t: Translate): string {
  const share = total > 0 ? ((bar.count / total) * 100).toPrecision(3) : "0";
  return `${rangeText(bar.low, bar.high)}: ${t("distributions.values", {
    count: bar.count,
    shown: bar.count.toLocaleString("en-US"),
  })}, ${Number(share)} %`;
}

function BinTable({ bars, total }: { bars: readonly Bar[]; total: number }) {
  const { t } = useTranslation();
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{t("distributions.bin")}</th>
          <th scope="col">{t("distributions.count")}</th>
          <th scope="col">%</th>
        </tr>
      </thead>
      <tbody>
        {bars
          .filter((bar) => bar.count > 0)
          .map((bar) => (
            <tr key={bar.from}>
              <th scope="row">{rangeText(bar.low, bar.high)}</th>
              <td>{bar.count.toLocaleString("en-US")}</td>
              <td>{Number(((bar.count / total) * 100).toPrecision(3))}</td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}

/** Return the highest bar of all steps, so that steps can be compared by eye. */
function highestOf(series: HistogramSeries): number {
  const { place } = axisOf(series);
  return series.histograms.reduce((most, histogram) => {
    const bars = barsOf(histogram, place);
    const total = bars.reduce((sum, bar) => sum + bar.count, 0);
    return Math.max(most, ...bars.map((bar) => densityOf(bar, total)));
  }, 1e-12);
}

function drawBars(
  context: Pen,
  width: number,
  bars: readonly Bar[],
  total: number,
  highest: number,
  ticks: readonly { x: number; label: string }[],
  pointed: number | null,
): void {
  const base = HEIGHT_PX - AXIS_PX;
  bars.forEach((bar, index) => {
    const height = (densityOf(bar, total) / highest) * (base - TOP_PX);
    if (height <= 0) return;
    const [left, right] = [bar.from * width, bar.to * width];
    context.fillStyle = ink(index === pointed ? "--accent" : "--hue-0");
    // However few they are, they are to be seen.
    context.fillRect(
      left,
      base - Math.max(1, height),
      Math.max(1, right - left - 1),
      Math.max(1, height),
    );
  });
  context.fillStyle = ink("--line");
  context.fillRect(0, base, width, 1);
  context.fillStyle = ink("--ink-2");
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  let free = -Infinity;
  for (const { x, label } of ticks) {
    const half = context.measureText(label).width / 2;
    const at = Math.min(width - half, Math.max(half, x * width));
    if (at - half < free) continue;
    context.fillText(label, at, base + AXIS_PX / 2);
    free = at + half + 10;
  }
}
