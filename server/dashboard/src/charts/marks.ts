// What a line cannot show: values that are not finite, and values beyond the scale.

import uPlot from "uplot";

import { ink } from "../shell/theme";
import type { Line } from "./model";
import { PIN_NAMES } from "./pins";

/**
 * Draw × on the x axis where *lines* begin to be not finite and a strip as long as they stay so, and
 * ▲ or ▼ at the border where they leave the scale.
 */
export function drawMarks(chart: uPlot, lines: readonly Line[]): void {
  const { ctx, bbox } = chart;
  const size = 3.2 * uPlot.pxRatio;
  const bottom = bbox.top + bbox.height;
  const yMin = chart.scales["y"]?.min ?? -Infinity;
  const yMax = chart.scales["y"]?.max ?? Infinity;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left - size, bbox.top, bbox.width + 2 * size, bbox.height + size);
  ctx.clip();
  for (const { track, style } of lines) {
    for (let index = 0; index < track.x.length; index += 1) {
      const left = chart.valToPos(track.x[index]!, "x", true);
      if (left < bbox.left - size || left > bbox.left + bbox.width + size) continue;
      if (track.bads[index]! > 0) {
        const isFirst = index === 0 || track.bads[index - 1] === 0;
        const until = chart.valToPos(track.x[index + 1] ?? track.x[index]!, "x", true);
        if (isFirst) drawCross(ctx, left, bottom - size, size);
        else drawStrip(ctx, left, until, bottom, size);
      }
      if (track.max[index]! > yMax) drawArrow(ctx, left, bbox.top, size, style.colour);
      if (track.min[index]! < yMin) drawArrow(ctx, left, bottom, -size, style.colour);
    }
  }
  ctx.restore();
}

/** More lines than this are told apart in the table, and a narrow chart has no room for names. */
const NAMED_MAX = 8;
const NAMED_WIDTH_MIN = 400;
const NAME_CHARS = 18;
const NAME_CHAR_PX = 5.8;
const NAME_ROW_PX = 12;
const NAME_GAP_PX = 5;

/** Return how many pixels the names of *lines* take beside a chart of *width*; 0: it has none. */
export function roomForNames(lines: readonly Line[], width: number): number {
  const named = namedOf(lines);
  if (named.length === 0 || width < NAMED_WIDTH_MIN) return 0;
  const longest = Math.max(...named.map(({ label }) => Math.min(label.length, NAME_CHARS)));
  return Math.ceil(longest * NAME_CHAR_PX) + 2 * NAME_GAP_PX;
}

/** Return the lines that are named: few, and each but once. */
function namedOf(lines: readonly Line[]): readonly Line[] {
  // A twin has the colour of its line, and the title says what it is.
  const named = lines.filter(
    ({ track }) => !track.isSuperseded && track.name === lines[0]!.track.name,
  );
  return named.length < 2 || named.length > NAMED_MAX ? [] : named;
}

/** Write the names of a few *lines* beside the chart, as high as they end. */
export function drawNames(chart: uPlot, lines: readonly Line[]): void {
  const { ctx, bbox } = chart;
  if (roomForNames(lines, chart.width) === 0) return;
  const row = NAME_ROW_PX * uPlot.pxRatio;
  const ends = namedOf(lines).flatMap((line) => {
    const value = lastValue(chart, line);
    return value === null ? [] : [{ line, top: chart.valToPos(value, "y", true) + row / 3 }];
  });
  const [first, last] = [bbox.top + row, bbox.top + bbox.height];
  const tops = apart(
    ends.map(({ top }) => top),
    row,
    first,
    last,
  );
  ctx.save();
  ctx.textAlign = "left";
  ctx.font = `${10.5 * uPlot.pxRatio}px system-ui, sans-serif`;
  ends.forEach(({ line: { label, style } }, at) => {
    const text = label.length > NAME_CHARS ? `${label.slice(0, NAME_CHARS - 1)}…` : label;
    ctx.fillStyle = ink(style.colour);
    ctx.fillText(text, bbox.left + bbox.width + NAME_GAP_PX * uPlot.pxRatio, tops[at]!);
  });
  ctx.restore();
}

/** Return the last value of a line that the chart shows; null where it shows none. */
function lastValue(chart: uPlot, { track }: Line): number | null {
  const { min = -Infinity, max = Infinity } = chart.scales["x"]!;
  for (let index = track.x.length - 1; index >= 0; index -= 1) {
    if (track.x[index]! < min!) return null;
    if (track.x[index]! <= max! && Number.isFinite(track.mean[index])) return track.mean[index]!;
  }
  return null;
}

/** Return *places* moved as little as it takes to lie *distance* apart between *first* and *last*. */
export function apart(
  places: readonly number[],
  distance: number,
  first: number,
  last: number,
): number[] {
  const order = places.map((_, at) => at).sort((a, b) => places[a]! - places[b]!);
  const moved = [...places];
  let from = first;
  for (const at of order) {
    moved[at] = Math.max(moved[at]!, from);
    from = moved[at]! + distance;
  }
  let until = last;
  for (const at of order.reverse()) {
    moved[at] = Math.min(moved[at]!, until);
    until = moved[at]! - distance;
  }
  return moved;
}

/** Draw the pinned cursors, each with its letter. */
export function drawPins(chart: uPlot, pins: readonly number[]): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = ink("--accent");
  ctx.lineWidth = uPlot.pxRatio;
  ctx.setLineDash([4 * uPlot.pxRatio, 3 * uPlot.pxRatio]);
  ctx.textAlign = "left";
  ctx.font = `${11 * uPlot.pxRatio}px system-ui, sans-serif`;
  pins.forEach((pin, at) => {
    const left = Math.round(chart.valToPos(pin, "x", true)) + 0.5;
    if (left < bbox.left || left > bbox.left + bbox.width) return;
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(PIN_NAMES[at]!, left + 3 * uPlot.pxRatio, bbox.top + 10 * uPlot.pxRatio);
  });
  ctx.restore();
}

function drawCross(ctx: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  ctx.strokeStyle = ink("--bad");
  ctx.lineWidth = 1.6 * uPlot.pxRatio;
  ctx.beginPath();
  ctx.moveTo(x - size, y - size);
  ctx.lineTo(x + size, y + size);
  ctx.moveTo(x + size, y - size);
  ctx.lineTo(x - size, y + size);
  ctx.stroke();
}

function drawStrip(
  ctx: CanvasRenderingContext2D,
  from: number,
  to: number,
  bottom: number,
  size: number,
): void {
  ctx.fillStyle = ink("--bad");
  ctx.fillRect(from, bottom - size, Math.max(to - from, size / 2), size / 2);
}

/** Draw a triangle whose tip is at the border *y*; a negative *size* points down. */
function drawArrow(
  ctx: CanvasRenderingContext2D,
  x: number,
  y: number,
  size: number,
  colour: string,
): void {
  ctx.fillStyle = ink(colour);
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(x - Math.abs(size), y + 1.8 * size);
  ctx.lineTo(x + Math.abs(size), y + 1.8 * size);
  ctx.fill();
}
