// Histograms of several runs on one axis.

import type { Histogram, HistogramSeries } from "../api/types";
import type { LineStyle } from "../charts/colours";
import { axisOf, barsOf, densityOf, type Axis, type Bar } from "../distributions/ridge";
import { ink } from "../shell/theme";
import type { Pen } from "../pictures/pen";

const AXIS_PX = 22;
const TOP_PX = 8;

export interface Overlay {
  axis: Axis;
  /** Density of the highest bar at any step, so that steps can be compared by eye. */
  highest: number;
}

/** Return the axis that holds all histograms of all *series*; exponents only where all have them. */
export function overlayOf(series: readonly HistogramSeries[]): Overlay {
  const isExponent = series.every((each) => each.scale === "exponent");
  const histograms = series.flatMap((each) => each.histograms);
  const axis = axisOf({
    name: "",
    scale: isExponent ? "exponent" : "edges",
    columns: [],
    histograms,
    is_thinned: false,
  });
  const highest = histograms.reduce((most, histogram) => {
    const [bars, total] = barsIn(histogram, axis);
    return bars.reduce((high, bar) => Math.max(high, densityOf(bar, total)), most);
  }, 1e-12);
  return { axis, highest };
}

function barsIn(histogram: Histogram, axis: Axis): [Bar[], total: number] {
  const bars = barsOf(histogram, axis.place);
  return [bars, bars.reduce((sum, bar) => sum + bar.count, 0)];
}

export interface ShownHistogram {
  style: LineStyle;
  histogram: Histogram;
}

/** Draw each histogram as an outline with a pale ground. */
export function drawOverlay(
  context: Pen,
  width: number,
  height: number,
  { axis, highest }: Overlay,
  shown: readonly ShownHistogram[],
): void {
  const base = height - AXIS_PX;
  for (const { style, histogram } of shown) {
    const [bars, total] = barsIn(histogram, axis);
    const y = (bar: Bar) => base - (densityOf(bar, total) / highest) * (base - TOP_PX);
    context.beginPath();
    let end = (bars[0]?.from ?? 0) * width;
    context.moveTo(end, base);
    for (const bar of bars) {
      const left = bar.from * width;
      if (left > end) {
        context.lineTo(end, base); // nothing lies between them
        context.lineTo(left, base);
      }
      end = bar.to * width;
      context.lineTo(left, y(bar));
      context.lineTo(end, y(bar));
    }
    context.lineTo(end, base);
    context.fillStyle = context.strokeStyle = ink(style.colour);
    context.globalAlpha = 0.1;
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = 1.6;
    context.setLineDash([...style.dash]);
    context.stroke();
  }
  context.setLineDash([]);
  context.fillStyle = ink("--line");
  context.fillRect(0, base, width, 1);
  context.fillStyle = ink("--ink-2");
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  let free = -Infinity;
  for (const { x, label } of axis.ticks) {
    const half = context.measureText(label).width / 2;
    const at = Math.min(width - half, Math.max(half, x * width));
    if (at - half < free) continue;
    context.fillText(label, at, base + AXIS_PX / 2);
    free = at + half + 10;
  }
}
