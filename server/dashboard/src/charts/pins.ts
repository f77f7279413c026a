// Cursors that stay where they were put, at most two: what lies between them can be read.

import { formatDuration, formatNumber } from "../api/number";
import type { ChartX } from "./axis";
import type { Line } from "./model";
import { readAt } from "./tooltip";

export const PINS_MAX = 2;
/** What the chart and its table call them. */
export const PIN_NAMES = ["A", "B"] as const;

/** Return the pins that the address' *text* means, in its order. */
export function parsePins(text: string): number[] {
  const places = text.split(",").filter(Boolean).map(Number);
  return [...new Set(places.filter(Number.isFinite))].slice(0, PINS_MAX);
}

/** Return the pins with *place* pinned or, where it is, no longer; a third takes the second's place. */
export function pinToggled(pins: readonly number[], place: number): number[] {
  if (pins.includes(place)) return pins.filter((pin) => pin !== place);
  return [...pins.slice(0, PINS_MAX - 1), place];
}

/** Return how far *to* is from *from* on the axis, with its sign. */
export function formatDistance(from: number, to: number, x: ChartX): string {
  const sign = to < from ? "−" : "+";
  const size = Math.abs(to - from);
  return (
    sign +
    (x === "time" || x === "relative"
      ? formatDuration(size)
      : formatNumber(Number(size.toPrecision(6))))
  );
}

export interface PinRow {
  line: Line;
  /** At each pin the mean of the bucket nearest to it; null where the line does not reach. */
  values: (number | null)[];
}

/** Return what each line says at the pins, those that say nothing left out. */
export function readPins(lines: readonly Line[], pins: readonly number[]): PinRow[] {
  const read = pins.map(
    (pin) => new Map(readAt(lines, pin).map(({ line, value }) => [line, value])),
  );
  return lines
    .map((line) => ({ line, values: read.map((values) => values.get(line) ?? null) }))
    .filter(({ values }) => values.some((value) => value !== null));
}
