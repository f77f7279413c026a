// Cursors that stay where they were put, at most two: what lies between them can be read.

import { formatDuration, formatNumber } from "../api/number";
import type { ChartX } from "./axis";
import type { Line } from "./model";
import { readAt } from "./tooltip";

export const PINS_MAX = 2;
/** What the chart and its table call them. */
export const PIN_NAMES = ["A", "B"] as const;

/** A cursor that stays: a place on the axis on which it was pinned. */
export interface Pin {
  x: ChartX;
  at: number;
}

const AXES: readonly ChartX[] = ["step", "relative", "time", "metric"];

/** Return what the axis counts that the address names with *text*. */
export function axisOf(text: string): ChartX {
  if (text === "epoch" || text.startsWith("m:")) return "metric";
  return AXES.find((x) => x === text) ?? "step";
}

/** Return the pins that the address' *text* means: "120,relative:3.5"; without a name they are on *x*. */
export function parsePins(text: string, x: ChartX): Pin[] {
  const pins: Pin[] = [];
  for (const part of text.split(",")) {
    const [, name, number] = /^(?:([a-z]+):)?(.+)$/.exec(part) ?? [];
    const axis = name === undefined ? x : AXES.find((each) => each === name);
    const at = Number(number);
    if (number === undefined || axis === undefined || !Number.isFinite(at)) continue;
    if (!pins.some((pin) => pin.x === axis && pin.at === at)) pins.push({ x: axis, at });
  }
  return pins.slice(0, PINS_MAX);
}

/** Return what `parsePins` reads with the same *x*. */
export function writePins(pins: readonly Pin[], x: ChartX): string {
  return pins.map((pin) => (pin.x === x ? `${pin.at}` : `${pin.x}:${pin.at}`)).join(",");
}

/** Return the pins with *pin*, or without it where it is there; a third takes the second's place. */
export function pinToggled(
  pins: readonly Pin[],
  pin: Pin,
  isThere: (other: Pin) => boolean = (other) => other.x === pin.x && other.at === pin.at,
): Pin[] {
  if (pins.some(isThere)) return pins.filter((other) => !isThere(other));
  return [...pins.slice(0, PINS_MAX - 1), pin];
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
