// Where a histogram's bins lie on paper, and how high they are.

import type { Histogram, HistogramSeries } from "../api/types";
import type { Field } from "../charts/exports/csv";
import type { Rows } from "../pictures/Figure";

/** Powers of two that are told apart on one side of zero. */
const OCTAVES_MAX = 16;

/** Of the axis on each side of zero's label, where no other label stands. */
const ZERO_SHARE = 0.06;

/** One corner of a ridge's outline: its place from 0 to 1, its height as a share of all values. */
export type Corner = [x: number, density: number];

export interface Tick {
  x: number;
  label: string;
}

export interface Ridges {
  outlines: Corner[][]; // one for each histogram
  highest: number; // density of all of them
  ticks: Tick[];
}

/** Return the axis on which all histograms of a series lie. */
export function axisOf(series: HistogramSeries): Axis {
  return series.scale === "edges" ? linearAxis(series) : exponentAxis(series);
}

/** Lay all histograms of a series out on one axis. */
export function ridgesOf(series: HistogramSeries): Ridges {
  const axis = axisOf(series);
  const outlines = series.histograms.map((histogram) => outlineOf(histogram, axis.place));
  const highest = Math.max(...outlines.flat().map(([, density]) => density), 1e-12);
  return { outlines, highest, ticks: axis.ticks };
}

export interface Axis {
  /** The left and right end of a bin, from 0 to 1; bins that are nearly zero share one place. */
  place: (low: number, high: number) => [number, number];
  ticks: Tick[];
}

function linearAxis({ histograms }: HistogramSeries): Axis {
  const low = Math.min(...histograms.flatMap((each) => each.low));
  const high = Math.max(...histograms.flatMap((each) => each.high));
  const x = (value: number) => (high > low ? (value - low) / (high - low) : 0.5);
  const ticks = [low, (low + high) / 2, high].map((value) => ({
    x: x(value),
    label: String(Number(value.toPrecision(3))),
  }));
  return { place: (from, to) => [x(from), x(to)], ticks };
}

/** Powers of two stand at even distances, negative ones left of zero, positive ones right of it. */
function exponentAxis({ histograms }: HistogramSeries): Axis {
  let [first, last] = [Infinity, -Infinity];
  let hasNegative = false;
  for (const { low, high, count } of histograms) {
    count.forEach((values, bin) => {
      const far = Math.max(Math.abs(low[bin]!), Math.abs(high[bin]!));
      if (values === 0 || far === 0) return;
      hasNegative ||= low[bin]! < 0;
      first = Math.min(first, Math.round(Math.log2(far)) - 1);
      last = Math.max(last, Math.round(Math.log2(far)));
    });
  }
  if (first > last) [first, last] = [0, 1];
  // The many powers below hold next to nothing: they stand in the middle, with zero.
  const isCut = last - first > OCTAVES_MAX;
  if (isCut) first = last - OCTAVES_MAX;
  // One width for zero between both sides; without negative values there is no left side.
  const side = last - first;
  const left = hasNegative ? side : 0;
  const width = left + 1 + side;
  const magnitude = (value: number) => (value === 0 ? 0 : Math.log2(value) - first);
  const x = (value: number) =>
    value < 0 ? (left - magnitude(-value)) / width : (left + 1 + magnitude(value)) / width;
  const least = 2 ** first;
  const place = (low: number, high: number): [number, number] =>
    Math.max(-low, high) <= least ? [left / width, (left + 1) / width] : [x(low), x(high)];
  const zero: Tick = { x: (left + 0.5) / width, label: isCut ? "≈ 0" : "0" };
  const ticks: Tick[] = [];
  const every = Math.max(1, Math.ceil(side / 4));
  for (let exponent = last; exponent >= first; exponent -= every) {
    const label = (2 ** exponent).toPrecision(1).replace("e+", "e");
    ticks.push({ x: x(2 ** exponent), label: trim(label) });
    if (hasNegative) ticks.push({ x: x(-(2 ** exponent)), label: `−${trim(label)}` });
  }
  const apart = ticks.filter((tick) => Math.abs(tick.x - zero.x) > ZERO_SHARE);
  return { place, ticks: [...apart, zero].sort((a, b) => a.x - b.x) };
}

function trim(label: string): string {
  return label.includes("e") ? label : String(Number(label));
}

/** One or more bins that stand at one place. */
export interface Bar {
  from: number; // its place from 0 …
  to: number; // … to 1
  low: number; // the values in it
  high: number;
  count: number;
}

/** Return a histogram's bins at their places, ascending. */
export function barsOf({ low, high, count }: Histogram, place: Axis["place"]): Bar[] {
  const bars: Bar[] = [];
  count.forEach((values, bin) => {
    const [from, to] = place(low[bin]!, high[bin]!);
    const before = bars.at(-1);
    if (before?.from === from && before.to === to) {
      before.high = high[bin]!; // both stand in the middle
      before.count += values;
    } else bars.push({ from, to, low: low[bin]!, high: high[bin]!, count: values });
  });
  return bars;
}

/** Return the steps of a histogram's outline: of each bar both upper corners. */
function outlineOf(histogram: Histogram, place: Axis["place"]): Corner[] {
  const bars = barsOf(histogram, place);
  const total = bars.reduce((sum, { count }) => sum + count, 0);
  return bars.flatMap((bar) => {
    const density = densityOf(bar, total);
    return [
      [bar.from, density],
      [bar.to, density],
    ];
  });
}

/** Return how high a bar is: bins differ in width, and it is the area that says how many there are. */
export function densityOf({ from, to, count }: Bar, total: number): number {
  return total > 0 && to > from ? count / total / (to - from) : 0;
}

/** Return the bins of all histograms of a series: its numbers, for other programs. */
export function binsOf({ columns, histograms }: HistogramSeries): Rows {
  return [
    ["first_step", "last_step", "low", "high", "count"],
    ...histograms.flatMap((histogram, at) => {
      const { first_step, last_step } = columns[at]!;
      return binRows(histogram, first_step, last_step);
    }),
  ];
}

/** Return the bins of one histogram: *before* them what it is of, then their ends and counts. */
export function binRows({ low, high, count }: Histogram, ...before: readonly Field[]): Rows {
  return count.map((values, bin) => [...before, low[bin]!, high[bin]!, values]);
}
