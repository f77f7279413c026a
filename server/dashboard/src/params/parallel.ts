// What the picture of parallel coordinates is made of.

import { ink } from "../shell/theme";
import { MISSING, NOT_FINITE, placeAt, type Axis } from "./axes";
import type { Brush } from "./brushes";
import { AXIS_BOTTOM, AXIS_TOP, yOf } from "./geometry";
import type { Pen } from "../pictures/pen";

const FONT = "11px system-ui, sans-serif";
const LABELS_APART = 14;
const LABEL_CHARS = 14;
const BRUSH_WIDTH = 14;

/** Draw a run's line over all axes. */
export function drawLine(
  context: Pen,
  axes: readonly Axis[],
  xs: readonly number[],
  run: number,
): void {
  context.beginPath();
  axes.forEach((axis, at) => {
    const y = yOf(axis.places[run]!);
    if (at === 0) context.moveTo(xs[0]!, y);
    else context.lineTo(xs[at]!, y);
  });
  context.stroke();
}

/** Draw the axes with their ticks, and below them the places of runs that have none on it. */
export function drawAxes(
  context: Pen,
  axes: readonly Axis[],
  xs: readonly number[],
  none: string,
): void {
  context.font = FONT;
  context.textBaseline = "middle";
  axes.forEach((axis, at) => {
    const x = xs[at]!;
    context.strokeStyle = ink("--ink-2");
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, AXIS_TOP);
    context.lineTo(x, AXIS_BOTTOM);
    context.stroke();
    let free = Infinity;
    for (const tick of axis.ticks) {
      const y = yOf(tick.place);
      if (y > free) continue; // labels that would stand on each other
      free = y - LABELS_APART;
      drawLabel(context, x, y, tick.label);
    }
    if (axis.missing > 0) drawLabel(context, x, yOf(MISSING), `${none} ${axis.missing}`);
    if (axis.nonfinite > 0) drawLabel(context, x, yOf(NOT_FINITE), `NaN, ∞ ${axis.nonfinite}`);
  });
}

function drawLabel(context: Pen, x: number, y: number, text: string): void {
  const short = text.length > LABEL_CHARS ? `${text.slice(0, LABEL_CHARS - 1)}…` : text;
  const width = context.measureText(short).width;
  context.fillStyle = ink("--surface");
  context.globalAlpha = 0.8;
  context.fillRect(x + 5, y - 7, width + 4, 14);
  context.globalAlpha = 1;
  context.fillStyle = ink("--ink");
  context.fillRect(x - 3, y - 0.5, 6, 1);
  context.fillText(short, x + 7, y);
}

/** Draw a part of an axis that was chosen: between two places, or by what *brush* holds. */
export function drawBrush(
  context: Pen,
  x: number,
  part: readonly [number, number] | Axis,
  brush?: Brush,
): void {
  const box = (from: number, to: number) => {
    const [top, bottom] = [yOf(Math.max(from, to)), yOf(Math.min(from, to))];
    context.fillStyle = ink("--accent");
    context.globalAlpha = 0.25;
    context.fillRect(x - BRUSH_WIDTH / 2, top, BRUSH_WIDTH, Math.max(2, bottom - top));
    context.globalAlpha = 1;
    context.strokeStyle = ink("--accent");
    context.lineWidth = 1;
    context.strokeRect(x - BRUSH_WIDTH / 2, top, BRUSH_WIDTH, Math.max(2, bottom - top));
  };
  if (!("key" in part)) return box(part[0], part[1]);
  const clamp = (place: number) => Math.max(0, Math.min(1, place));
  switch (brush?.kind) {
    case "range":
    case "ranges": {
      const [first, last] = part.isInverted ? [1, 0] : [0, 1];
      for (const { low, high } of brush.kind === "range" ? [brush] : brush.ranges)
        box(
          low === null ? first : clamp(placeAt(part, low)),
          high === null ? last : clamp(placeAt(part, high)),
        );
      return;
    }
    case "kinds": {
      const half = 0.5 / Math.max(1, part.kinds.length);
      part.kinds.forEach((kind, at) => {
        const { place } = part.ticks[at]!;
        if (brush.values.includes(kind)) box(place - half, place + half);
      });
      return;
    }
    case "missing": {
      context.strokeStyle = ink("--accent");
      context.strokeRect(x - BRUSH_WIDTH / 2, yOf(MISSING) - 8, BRUSH_WIDTH, 16);
    }
  }
}
