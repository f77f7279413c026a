// How the picture of who held which devices looks.

import { placeOf, type Span } from "../charts/span";
import { ink } from "../shell/theme";
import { startOf, endOf, type Held, type Row } from "./usage";
import type { Pen } from "../pictures/pen";

export const LANE_PX = 18;
export const ROW_GAP_PX = 6;
export const AXIS_PX = 22;
const BAR_INSET_PX = 2;
const LABEL_PX = 8;
const TICK_PX = 96;
const DAY_S = 86_400;
const STEPS_S: readonly number[] = [60, 300, 900, 1800, 3600, 7200, 3 * 3600, 6 * 3600, 12 * 3600];
const IDLE_ALPHA = 0.2;
const BUSY_ALPHA = 0.75;

/** Return how high a row is. */
export function heightOf(row: Row): number {
  return row.laneCount * LANE_PX + ROW_GAP_PX;
}

/** Draw when each device was held by whom: full where it worked, pale and hatched where it did not. */
export function drawRows(
  context: Pen,
  span: Span,
  rows: readonly Row[],
  colourOf: (held: Held) => string,
): void {
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  let top = 0;
  for (const row of rows) {
    context.fillStyle = ink("--line");
    context.fillRect(0, top + heightOf(row) - 1, span.width, 1);
    row.held.forEach((held, at) =>
      drawHold(
        context,
        span,
        held,
        top + row.lanes[at]! * LANE_PX + ROW_GAP_PX / 2,
        colourOf(held),
      ),
    );
    top += heightOf(row);
  }
}

function drawHold(context: Pen, span: Span, held: Held, top: number, colour: string): void {
  const [y, height] = [top + BAR_INSET_PX, LANE_PX - 2 * BAR_INSET_PX];
  context.fillStyle = context.strokeStyle = ink(colour);
  for (const { start_ns, end_ns, is_idle } of held.hold.stretches) {
    const left = placeOf(span, start_ns / 1e9);
    const width = Math.max(1, placeOf(span, end_ns / 1e9) - left);
    context.globalAlpha = is_idle ? IDLE_ALPHA : BUSY_ALPHA;
    context.fillRect(left, y, width, height);
    context.globalAlpha = 1;
    if (is_idle) hatch(context, left, y, width, height);
  }
  const left = Math.max(0, placeOf(span, startOf(held.hold) / 1e9));
  const right = placeOf(span, endOf(held.hold) / 1e9);
  const { name } = held.run;
  if (context.measureText(name).width + LABEL_PX > right - left) return;
  // Readable on the colour and beside it, in both themes.
  context.lineWidth = 3;
  context.lineJoin = "round";
  context.strokeStyle = ink("--surface");
  context.strokeText(name, left + LABEL_PX / 2, y + height / 2);
  context.fillStyle = ink("--ink");
  context.fillText(name, left + LABEL_PX / 2, y + height / 2);
}

/** Fill a box with slanted lines: not by colour alone. */
function hatch(context: Pen, left: number, top: number, width: number, height: number): void {
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  context.lineWidth = 1;
  context.globalAlpha = 0.7;
  context.beginPath();
  for (let x = left - height; x < left + width; x += 6) {
    context.moveTo(x, top + height);
    context.lineTo(x + height, top);
  }
  context.stroke();
  context.restore();
}

/** Return how far apart ticks of local time are, in seconds. */
export function tickStep(span: Span): number {
  const least = ((span.to - span.from) / span.width) * TICK_PX;
  return STEPS_S.find((step) => step >= least) ?? Math.ceil(least / DAY_S) * DAY_S;
}

/** Draw the hours, or days, of the window, as the clock of this place shows them. */
export function drawAxis(context: Pen, span: Span): void {
  const step = tickStep(span);
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (const at of ticksOf(span, step)) {
    const x = placeOf(span, at);
    context.fillStyle = ink("--line");
    context.fillRect(x, 0, 1, AXIS_PX);
    const date = new Date(at * 1000);
    const isDay = date.getHours() === 0 && date.getMinutes() === 0;
    const text = isDay
      ? date.toLocaleDateString(undefined, { month: "short", day: "numeric" })
      : date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
    context.fillStyle = ink("--ink-2");
    if (x + 4 + context.measureText(text).width < span.width)
      context.fillText(text, x + 4, AXIS_PX / 2);
  }
}

/** Return the ticks of a window, *step* seconds apart in each local day, or whole days. */
export function ticksOf(span: Span, step: number): number[] {
  const day = new Date(span.from * 1000);
  day.setHours(0, 0, 0, 0);
  const found: number[] = [];
  // From each midnight anew: a day may have 23 or 25 hours.
  while (day.getTime() / 1000 <= span.to) {
    const midnight = day.getTime() / 1000;
    day.setDate(day.getDate() + Math.max(1, Math.round(step / DAY_S)));
    const end = step < DAY_S ? day.getTime() / 1000 : midnight + 1;
    for (let at = midnight; at < end; at += step)
      if (at >= span.from && at <= span.to) found.push(at);
  }
  return found;
}
