// Growing a track without fetching its history again.

import type { Track } from "../api/columns";
import type { XAxis } from "../api/types";

/**
 * Return where the tail that follows *track* begins, in units of x, or null for an empty track.
 *
 * The API's windows include their start, so this is just past the last point: every later point is
 * in the tail, none twice. Steps are whole; times are kept to the microsecond.
 */
export function tailStart(track: Track, x: XAxis): number | null {
  if (track.last === null) return null;
  return track.last + (x === "step" ? 0.5 : 1e-6);
}

/**
 * Return *track* with the points of *tail* after its own.
 *
 * Once there are twice as many buckets as wanted, neighbours are joined; no point is lost from
 * min, max and count by it, so a spike stays visible.
 */
export function appendTail(track: Track, tail: Track, buckets: number): Track {
  const fresh = { ...tail, ...sliceAfter(tail, track.last ?? -Infinity) };
  if (fresh.x.length === 0) return track;
  const grown: Track = {
    ...track,
    isExact: track.isExact && fresh.isExact,
    count: track.count + sum(fresh.counts),
    bad: track.bad + sum(fresh.bads),
    last: fresh.last ?? track.last,
    x: concat(track.x, fresh.x),
    mean: concat(track.mean, fresh.mean),
    min: concat(track.min, fresh.min),
    max: concat(track.max, fresh.max),
    counts: concat(track.counts, fresh.counts),
    bads: concat(track.bads, fresh.bads),
    smooth: track.smooth && fresh.smooth && concat(track.smooth, fresh.smooth),
  };
  return grown.x.length > 2 * buckets ? joinBuckets(grown, buckets) : grown;
}

/** Return *track* in at most *buckets* buckets of equal width. */
export function joinBuckets(track: Track, buckets: number): Track {
  const { x } = track;
  const first = x[0];
  const last = x[x.length - 1];
  if (first === undefined || last === undefined || x.length <= buckets || last <= first)
    return track;
  const width = (last - first) / buckets;
  const columns = {
    x: [] as number[],
    mean: [] as number[],
    min: [] as number[],
    max: [] as number[],
    counts: [] as number[],
    bads: [] as number[],
    smooth: [] as number[],
  };
  let from = 0;
  while (from < x.length) {
    const bucket = bucketOf(x[from]!, first, width, buckets);
    let to = from + 1;
    while (to < x.length && bucketOf(x[to]!, first, width, buckets) === bucket) to += 1;
    joinInto(columns, track, from, to);
    from = to;
  }
  return {
    ...track,
    isExact: false,
    x: Float64Array.from(columns.x),
    mean: Float64Array.from(columns.mean),
    min: Float64Array.from(columns.min),
    max: Float64Array.from(columns.max),
    counts: Float64Array.from(columns.counts),
    bads: Float64Array.from(columns.bads),
    smooth: track.smooth && Float64Array.from(columns.smooth),
  };
}

function bucketOf(x: number, first: number, width: number, buckets: number): number {
  return Math.min(buckets - 1, Math.floor((x - first) / width));
}

type Columns = Record<"x" | "mean" | "min" | "max" | "counts" | "bads" | "smooth", number[]>;

/** Add one bucket that holds the points of buckets *from* to *to* (exclusive) of *track*. */
function joinInto(columns: Columns, track: Track, from: number, to: number): void {
  let [finite, total, bads, place, weighted, smooth] = [0, 0, 0, 0, 0, 0];
  let [low, high] = [Infinity, -Infinity];
  for (let index = from; index < to; index += 1) {
    const count = track.counts[index]!;
    const good = count - track.bads[index]!;
    total += count;
    bads += track.bads[index]!;
    place += track.x[index]! * count;
    if (good > 0) {
      finite += good;
      weighted += track.mean[index]! * good;
      smooth += (track.smooth?.[index] ?? NaN) * good;
      low = Math.min(low, track.min[index]!);
      high = Math.max(high, track.max[index]!);
    }
  }
  columns.x.push(place / total);
  columns.mean.push(finite > 0 ? weighted / finite : NaN);
  columns.min.push(finite > 0 ? low : NaN);
  columns.max.push(finite > 0 ? high : NaN);
  columns.counts.push(total);
  columns.bads.push(bads);
  columns.smooth.push(finite > 0 ? smooth / finite : NaN);
}

function sliceAfter(track: Track, last: number) {
  let from = 0;
  while (from < track.x.length && track.x[from]! <= last) from += 1;
  return {
    x: track.x.subarray(from),
    mean: track.mean.subarray(from),
    min: track.min.subarray(from),
    max: track.max.subarray(from),
    counts: track.counts.subarray(from),
    bads: track.bads.subarray(from),
    smooth: track.smooth?.subarray(from),
  };
}

function concat(left: Float64Array, right: Float64Array): Float64Array {
  const joined = new Float64Array(left.length + right.length);
  joined.set(left);
  joined.set(right, left.length);
  return joined;
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
