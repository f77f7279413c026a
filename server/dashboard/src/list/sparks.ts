// The course of one metric in each row of the table: a line as wide as a word.

import type { Track } from "../api/columns";
import type { RunSummary } from "../api/types";

export const SPARK_PX = 64;
export const SPARK_BUCKETS = 64;
const HEIGHT_PX = 16;
const MARGIN_PX = 2; // half a line more than the line itself needs

/** A run that has grown by a fiftieth is drawn again. */
export function stampOf(run: RunSummary, metric: string): number {
  return Math.floor(Math.log((run.metrics[metric]?.count ?? 0) + 1) / Math.log(1.02));
}

/**
 * Return an SVG path of *track* on an x axis from *first* to *last*: each bucket's mean, from the
 * least to the greatest of them. What is not finite is a gap; "" where there is nothing to draw.
 */
export function pathOf(track: Track, first: number, last: number): string {
  const finite = track.mean.filter(Number.isFinite);
  if (finite.length === 0) return "";
  const low = finite.reduce((a, b) => Math.min(a, b));
  const high = finite.reduce((a, b) => Math.max(a, b));
  const room = HEIGHT_PX - 2 * MARGIN_PX;
  const parts: string[] = [];
  let isDrawing = false;
  track.mean.forEach((value, index) => {
    if (!Number.isFinite(value)) {
      isDrawing = false;
      return;
    }
    const left = last > first ? ((track.x[index]! - first) / (last - first)) * SPARK_PX : 0;
    const top = high > low ? MARGIN_PX + ((high - value) / (high - low)) * room : HEIGHT_PX / 2;
    parts.push(`${isDrawing ? "L" : "M"}${left.toFixed(1)} ${top.toFixed(1)}`);
    isDrawing = true;
  });
  // One point alone has no length, and is drawn by the round end of a line.
  return parts.length === 1 ? `${parts[0]}h0.1` : parts.join("");
}

/** Return the paths of all runs in an answer, on one axis, so that a shorter run is shorter. */
export function pathsOf(tracks: readonly Track[]): Map<string, string> {
  const ends = tracks.flatMap(({ x }) => (x.length > 0 ? [x[0]!, x[x.length - 1]!] : []));
  const first = Math.min(...ends);
  const last = Math.max(...ends);
  // Of two attempts the newer one is drawn: what it went over again is not.
  const newest = tracks.filter(({ isSuperseded }) => !isSuperseded);
  return new Map(newest.map((track) => [track.run, pathOf(track, first, last)]));
}

/** What is drawn in which row; a row hears of its own line only. */
export class Sparks {
  private readonly drawn = new Map<string, { stamp: number; path: string }>();
  private readonly listeners = new Map<string, Set<() => void>>();

  /** Return the path of a run; "" while there is none. */
  get(run: string): string {
    return this.drawn.get(run)?.path ?? "";
  }

  /** Tell whether a run was drawn as it is. */
  has(run: string, stamp: number): boolean {
    return this.drawn.get(run)?.stamp === stamp;
  }

  put(run: string, stamp: number, path: string): void {
    this.drawn.set(run, { stamp, path });
    for (const listener of this.listeners.get(run) ?? []) listener();
  }

  onChange(run: string, listener: () => void): () => void {
    const mine = this.listeners.get(run) ?? new Set();
    this.listeners.set(run, mine.add(listener));
    return () => {
      mine.delete(listener);
      if (mine.size === 0) this.listeners.delete(run);
    };
  }
}
