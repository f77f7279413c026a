// Where things stand in the picture of parallel coordinates.

import { MISSING, NOT_FINITE, type Axis } from "./axes";

export const HEIGHT = 340;
const TOP = 12;
const BOTTOM = 56; // below the axis there is a place for runs that lack the value
const SIDE = 64;
/** Axes closer to each other than this cannot be read: the picture scrolls instead. */
export const GAP_MIN = 104;
/** How far from an axis the pointer still means it. */
export const GRIP = 14;
/** How far from a line the pointer still means it. */
const REACH = 6;

export const AXIS_TOP = TOP;
export const AXIS_BOTTOM = HEIGHT - BOTTOM;

/** Return where axis *at* of *count* stands in a picture of *width*. */
export function xOf(at: number, count: number, width: number): number {
  return count < 2 ? width / 2 : SIDE + (at * (width - 2 * SIDE)) / (count - 1);
}

/** Return the number of the axis nearest to *x*. */
export function axisNear(x: number, count: number, width: number): number {
  if (count < 2) return 0;
  const at = Math.round(((x - SIDE) * (count - 1)) / (width - 2 * SIDE));
  return Math.max(0, Math.min(count - 1, at));
}

/** Return the height of a place of an axis. */
export function yOf(place: number): number {
  if (place === MISSING) return AXIS_BOTTOM + 22;
  if (place === NOT_FINITE) return AXIS_BOTTOM + 42;
  return AXIS_BOTTOM - place * (AXIS_BOTTOM - AXIS_TOP);
}

/** Return the place of a height; MISSING for what is below the axis. */
export function placeOf(y: number): number {
  if (y > AXIS_BOTTOM + 10) return MISSING;
  return Math.max(0, Math.min(1, (AXIS_BOTTOM - y) / (AXIS_BOTTOM - AXIS_TOP)));
}

/** Return the selected run whose line passes nearest to a point; null where none is near. */
export function runNear(
  axes: readonly Axis[],
  selected: Uint8Array,
  width: number,
  x: number,
  y: number,
): number | null {
  const count = axes.length;
  if (count === 0) return null;
  const left = Math.max(0, Math.min(count - 2, Math.floor(axisPlace(x, count, width))));
  const from = axes[left]!;
  const to = axes[left + 1] ?? from;
  const part = count < 2 ? 0 : Math.max(0, Math.min(1, axisPlace(x, count, width) - left));
  let [best, distance] = [null as number | null, REACH];
  for (let run = 0; run < selected.length; run += 1) {
    if (!selected[run]) continue;
    const start = yOf(from.places[run]!);
    const off = Math.abs(start + (yOf(to.places[run]!) - start) * part - y);
    if (off < distance) [best, distance] = [run, off];
  }
  return best;
}

function axisPlace(x: number, count: number, width: number): number {
  return ((x - SIDE) * (count - 1)) / (width - 2 * SIDE);
}
