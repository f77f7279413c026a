// How far a histogram's values reach, as far as its bins tell.

import type { Histogram, HistogramSeries } from "../api/types";
import { axisOf, type Tick } from "./ridge";

/** The shares of a normal distribution within 0.5, 1 and 1.5 deviations, its middle and its ends. */
export const SHARES = [0, 0.07, 0.16, 0.31, 0.5, 0.69, 0.84, 0.93, 1] as const;

/** A value that a bin is known to hold: it lies between `low` and `high`. */
export interface Quantile {
  low: number;
  high: number;
  /** Where in its bin it is, if the values are spread evenly in it: 0 to 1. */
  part: number;
}

/**
 * Return the value that *share* of a histogram's values lie below; null where it has none. Values
 * beyond edges that somebody chose are beyond them here too: their quantile is infinite.
 */
export function quantileOf(histogram: Histogram, share: number, isOpen: boolean): Quantile | null {
  const below = isOpen ? histogram.negative_infinities : 0;
  const above = isOpen ? histogram.positive_infinities : 0;
  const inside = histogram.count.reduce((sum, values) => sum + values, 0);
  const total = below + inside + above;
  if (total === 0) return null;
  const { low, high, count } = histogram;
  const wanted = share * total;
  if (below > 0 && wanted < below) return { low: -Infinity, high: low[0] ?? Infinity, part: 1 };
  let passed = below;
  let last: Quantile | null = null;
  for (let bin = 0; bin < count.length; bin += 1) {
    const values = count[bin]!;
    if (values === 0) continue;
    const [from, to] = [low[bin]!, high[bin]!];
    if (wanted <= passed + values)
      return { low: from, high: to, part: Math.max(0, (wanted - passed) / values) };
    passed += values;
    last = { low: from, high: to, part: 1 };
  }
  if (above > 0) return { low: high.at(-1) ?? -Infinity, high: Infinity, part: 0 };
  return last; // of rounding
}

export interface Bands {
  /** Of each column: the place of each share from 0 to 1, or null where there are no values. */
  places: (number[] | null)[];
  ticks: Tick[];
}

/** Lay the quantiles of all histograms of a series out on their axis. */
export function bandsOf(series: HistogramSeries): Bands {
  const axis = axisOf(series);
  const [zeroFrom, zeroTo] = axis.place(0, 0);
  const places = series.histograms.map((histogram) => {
    const found = SHARES.map((share) => quantileOf(histogram, share, series.scale === "edges"));
    if (found.some((quantile) => quantile === null)) return null;
    return found.map((quantile) => {
      const { low, high, part } = quantile!;
      if (low === -Infinity) return 0;
      if (high === Infinity) return 1;
      const [from, to] = axis.place(low, high);
      // What is nearly zero has one place, where nothing is larger than anything else.
      const isZero = from === zeroFrom && to === zeroTo;
      return from + (isZero ? 0.5 : part) * (to - from);
    });
  });
  return { places, ticks: axis.ticks };
}
