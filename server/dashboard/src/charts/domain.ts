// Which values a chart's y axis covers, and what it then says about those that it does not.

import type { Track } from "../api/columns";
import { plain, type Unit } from "./unit";

export interface Domain {
  low: number;
  high: number;
  above: number; // buckets with a point above `high`
  below: number;
}

/** The full range must be so much larger than the usual one before extremes are put off-scale. */
const STRETCH_MIN = 3;
const MARGIN = 0.05;
/** What lies so little outside the usual range, in parts of it, is shown and not put off-scale. */
const SLACK = 0.5;

/**
 * Return the y range of *tracks*, or null where they hold nothing to draw.
 *
 * Unless *isFull*, a few extreme buckets do not flatten the rest: the range is that of the 1 to
 * 99 % quantiles, and the extremes are counted in `above` and `below` so that the chart can mark
 * them. With *isLog*, values that are not positive are below the scale. What
 * *unit* wants to be shown in any case is.
 */
export function domainOf(
  tracks: readonly Track[],
  isFull: boolean,
  isLog: boolean,
  unit: Unit = plain,
): Domain | null {
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
  lows.sort((a, b) => a - b);
  highs.sort((a, b) => a - b);
  let [low, high] = [lows[0]!, highs[highs.length - 1]!];
  const [usualLow, usualHigh] = [quantile(lows, 0.01), quantile(highs, 0.99)];
  const usual = usualHigh - usualLow;
  if (!isFull && lows.length >= 50 && usual > 0 && high - low > STRETCH_MIN * usual) {
    low = lows.find((value) => value >= usualLow - SLACK * usual)!;
    high = highs.findLast((value) => value <= usualHigh + SLACK * usual)!;
  }
  const above = highs.filter((value) => value > high).length;
  below += lows.filter((value) => value < low).length;
  const margin = (high - low || Math.abs(high) || 1) * MARGIN;
  if (isLog) return { low: 10 ** (low - margin), high: 10 ** (high + margin), above, below };
  return {
    // A quantity that cannot be negative has no axis below zero.
    low: unit.low !== undefined && low >= unit.low ? unit.low : low - margin,
    high: unit.high !== undefined && high <= unit.high ? unit.high : high + margin,
    above,
    below,
  };
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.round(share * (sorted.length - 1))]!;
}
