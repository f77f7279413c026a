// What a lane says of a device: where it was measured, and what was measured at a place.

import type { Track } from "../api/columns";
import { nearest } from "../charts/align";

/** So many usual distances without a sample are a gap: nobody knows what was there. */
const GAP = 3.5;

/** Return the usual distance of two neighbours in *x*; 0 where there are none. */
export function spacingOf(x: Float64Array): number {
  if (x.length < 2) return 0;
  const gaps = Float64Array.from({ length: x.length - 1 }, (_, at) => x[at + 1]! - x[at]!).sort();
  return gaps[gaps.length >> 1]!;
}

/** Return the first and last index of each piece of *x* that has no gap in it. */
export function piecesOf(x: Float64Array): [first: number, last: number][] {
  const pieces: [number, number][] = [];
  const far = GAP * spacingOf(x);
  x.forEach((place, at) => {
    const piece = pieces.at(-1);
    if (piece && place - x[at - 1]! <= far) piece[1] = at;
    else pieces.push([at, at]);
  });
  return pieces;
}

export interface Sample {
  mean: number; // NaN where no value is finite
  min: number;
  max: number;
  bad: number; // values that are not finite
}

/** Return what was measured at *place*, or nearest to it; null in a gap and beyond the ends. */
export function sampleAt(track: Track, place: number): Sample | null {
  const at = nearest(track.x, place);
  if (at < 0 || Math.abs(track.x[at]! - place) > (GAP * spacingOf(track.x) || Infinity) / 2)
    return null;
  const { mean, min, max, bads } = track;
  return { mean: mean[at]!, min: min[at]!, max: max[at]!, bad: bads[at]! };
}

/** Return the tracks of a metric that a person sees as one line: all attempts, in order of time. */
export function joined(tracks: readonly Track[]): Track | null {
  const parts = tracks.filter((track) => track.x.length > 0);
  if (parts.length < 2) return parts[0] ?? null;
  const rows = parts
    .flatMap((track) => Array.from(track.x, (x, at) => ({ x, at, track })))
    .sort((a, b) => a.x - b.x);
  const take = (name: "mean" | "min" | "max" | "counts" | "bads") =>
    Float64Array.from(rows, ({ track, at }) => track[name][at]!);
  return {
    ...parts[0]!,
    count: parts.reduce((sum, track) => sum + track.count, 0),
    bad: parts.reduce((sum, track) => sum + track.bad, 0),
    x: Float64Array.from(rows, ({ x }) => x),
    mean: take("mean"),
    min: take("min"),
    max: take("max"),
    counts: take("counts"),
    bads: take("bads"),
  };
}
