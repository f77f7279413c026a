// Which values a chart's y axis covers, and what it then says about those that it does not.

import type { Track } from "../api/columns";
import { plain, type Unit } from "./unit";

export interface Domain {
  low: number;
  high: number;
  above: number; // buckets with a point above `high`
  below: number;
  /** Of a logarithmic axis through zero: up to this size, a power of ten, it is as good as linear. */
  linear: number | null; // null: another axis
}

/** The full range must be so much larger than the usual one before extremes are put off-scale. */
const STRETCH_MIN = 3;
const MARGIN = 0.05;
/** So many of the buckets at either end do not tell what is usual … */
const EXTREME_SHARE = 0.01;
/** … or so many, if these are no more than twice that: a long series has few buckets and few spikes. */
const EXTREMES_MIN = 4;
/** What lies so little outside the usual range, in parts of it, is shown and not put off-scale. */
const SLACK = 0.5;
/** With a larger share of values that are not positive, a logarithmic axis goes through zero. */
const NOT_POSITIVE_MAX = 0.1;
/** The axis through zero has no more decades than this on either side. */
const DECADES_MAX = 6;

/**
 * Return the y range of *tracks*, or null where they hold nothing to draw.
 *
 * Unless *isFull*, a few extreme buckets do not flatten the rest: the range is that of about 98 %
 * of them, and the extremes are counted in `above` and `below` so that the chart can mark
 * them. With *isLog*, a few values that are not positive are below the scale; for more of them it
 * goes through zero. What *unit* wants to be shown in any case is.
 */
export function domainOf(
  tracks: readonly Track[],
  isFull: boolean,
  isLog: boolean,
  unit: Unit = plain,
): Domain | null {
  const linear = isLog ? linearOf(tracks) : null;
  if (linear !== null) return throughZero(tracks, isFull, linear);
  const lows: number[] = [];
  const highs: number[] = [];
  let below = 0;
  for (const track of tracks) {
    for (let index = 0; index < track.x.length; index += 1) {
      const [low, high] = [track.min[index]!, track.max[index]!];
      if (!Number.isFinite(low)) continue;
      if (isLog && low <= 0) below += 1;
      if (isLog && high <= 0) continue;
      lows.push(isLog ? Math.log10(low > 0 ? low : high) : low);
      highs.push(isLog ? Math.log10(high) : high);
    }
  }
  if (lows.length === 0) return null;
  const range = rangeOf(lows, highs, isFull);
  const { low, high, above } = range;
  below += range.below;
  const margin = (high - low || Math.abs(high) || 1) * MARGIN;
  if (isLog)
    return { low: 10 ** (low - margin), high: 10 ** (high + margin), above, below, linear };
  return {
    // A quantity that cannot be negative has no axis below zero.
    low: unit.low !== undefined && low >= unit.low ? unit.low : low - margin,
    high: unit.high !== undefined && high <= unit.high ? unit.high : high + margin,
    above,
    below,
    linear,
  };
}

/** Return *domain* from *low* to *high*, with the buckets of *tracks* counted that are not in it. */
export function within(
  domain: Domain,
  tracks: readonly Track[],
  [low, high]: readonly [low: number, high: number],
): Domain {
  let [above, below] = [0, 0];
  for (const { min, max } of tracks)
    for (let index = 0; index < min.length; index += 1) {
      if (max[index]! > high) above += 1;
      if (min[index]! < low) below += 1;
    }
  return { ...domain, low, high, above, below };
}

/** Return the range to show of the buckets' least and greatest values, which are sorted here. */
function rangeOf(lows: number[], highs: number[], isFull: boolean) {
  lows.sort((a, b) => a - b);
  highs.sort((a, b) => a - b);
  let [low, high] = [lows[0]!, highs[highs.length - 1]!];
  const extremes = extremesOf(lows.length);
  const [usualLow, usualHigh] = [lows[extremes]!, highs[highs.length - 1 - extremes]!];
  const usual = usualHigh - usualLow;
  if (!isFull && lows.length >= 50 && usual > 0 && high - low > STRETCH_MIN * usual) {
    low = lows.find((value) => value >= usualLow - SLACK * usual)!;
    high = highs.findLast((value) => value <= usualHigh + SLACK * usual)!;
  }
  const above = highs.filter((value) => value > high).length;
  const below = lows.filter((value) => value < low).length;
  return { low, high, above, below };
}

/** Return how many of *count* buckets, at either end, say nothing of the usual range. */
function extremesOf(count: number): number {
  const share = EXTREME_SHARE * count;
  return Math.round(Math.max(share, Math.min(EXTREMES_MIN, 2 * share)));
}

/** Return up to which size a logarithmic axis is to be linear; null where it needs no zero. */
function linearOf(tracks: readonly Track[]): number | null {
  const sizes: number[] = [];
  let [all, notPositive] = [0, 0];
  for (const { min, max } of tracks)
    for (let index = 0; index < min.length; index += 1) {
      if (!Number.isFinite(min[index])) continue;
      all += 1;
      if (min[index]! <= 0) notPositive += 1;
      for (const size of [Math.abs(min[index]!), Math.abs(max[index]!)])
        if (size > 0) sizes.push(size);
    }
  if (notPositive === 0 || notPositive < NOT_POSITIVE_MAX * all) return null;
  if (sizes.length === 0) return 1; // nothing but zeros
  sizes.sort((a, b) => a - b);
  const least = Math.max(quantile(sizes, 0.05), sizes[sizes.length - 1]! / 10 ** DECADES_MAX);
  return 10 ** Math.floor(Math.log10(least));
}

function throughZero(tracks: readonly Track[], isFull: boolean, linear: number): Domain | null {
  const lows: number[] = [];
  const highs: number[] = [];
  for (const { min, max } of tracks)
    for (let index = 0; index < min.length; index += 1) {
      if (!Number.isFinite(min[index])) continue;
      lows.push(Math.asinh(min[index]! / linear));
      highs.push(Math.asinh(max[index]! / linear));
    }
  if (lows.length === 0) return null;
  const { low, high, above, below } = rangeOf(lows, highs, isFull);
  const margin = (high - low || 1) * MARGIN;
  const valueOf = (place: number) => Math.sinh(place) * linear;
  return { low: valueOf(low - margin), high: valueOf(high + margin), above, below, linear };
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.round(share * (sorted.length - 1))]!;
}
