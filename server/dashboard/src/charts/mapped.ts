// Any metric as the x axis: points are put where that metric was at their step.

import type { Track } from "../api/columns";
import type { Window } from "../series/useTracks";

/**
 * Return *tracks*, given over steps, over the values that *places* has at these steps.
 *
 * Between two points of the x metric its value is taken to go straight, before the first and after
 * the last it is unknown: buckets there are left out, as are runs without it. The buckets come in
 * ascending order of their new x.
 */
export function mapTracks(tracks: readonly Track[], places: readonly Track[]): Track[] {
  const byRun = new Map(
    places.filter((place) => !place.isSuperseded).map((place) => [place.run, place]),
  );
  return tracks.map((track) => {
    const place = byRun.get(track.run);
    const found: [x: number, index: number][] = [];
    if (place)
      track.x.forEach((step, index) => {
        const x = valueAt(place, step);
        if (Number.isFinite(x)) found.push([x, index]);
      });
    found.sort(([a], [b]) => a - b);
    const take = (values: Float64Array) => Float64Array.from(found, ([, index]) => values[index]!);
    return {
      ...track,
      last: found.at(-1)?.[0] ?? null,
      x: Float64Array.from(found, ([x]) => x),
      mean: take(track.mean),
      min: take(track.min),
      max: take(track.max),
      counts: take(track.counts),
      bads: take(track.bads),
      smooth: track.smooth && take(track.smooth),
    };
  });
}

/** Return the mean of *track* at *x*, between two buckets in proportion; NaN outside of them. */
export function valueAt(track: Track, x: number): number {
  const xs = track.x;
  const last = xs.length - 1;
  if (last < 0 || x < xs[0]! || x > xs[last]!) return NaN;
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle]! <= x) low = middle;
    else high = middle;
  }
  if (xs[high] === x) return track.mean[high]!;
  const [from, to] = [track.mean[low]!, track.mean[high]!];
  if (xs[low] === x || low === high) return from;
  return from + ((to - from) * (x - xs[low]!)) / (xs[high]! - xs[low]!);
}

/**
 * Return the steps at which the x metric lies in *window* in any run, with a bucket to spare on
 * either side; null where it never does.
 */
export function stepsWithin(places: readonly Track[], window: Window): Window | null {
  let [first, last] = [Infinity, -Infinity];
  for (const { x, min, max } of places) {
    for (let index = 0; index < x.length; index += 1) {
      if (max[index]! < window[0] || min[index]! > window[1]) continue;
      first = Math.min(first, x[Math.max(0, index - 1)]!);
      last = Math.max(last, x[Math.min(x.length - 1, index + 1)]!);
    }
  }
  return first < last ? [first, last] : null;
}
