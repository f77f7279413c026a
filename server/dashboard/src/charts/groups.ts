// Runs that are one line: their mean, and how far they lie apart.

import type { Track } from "../api/columns";
import { valueAt } from "./mapped";

export type Spread = "range" | "sd";

/** Runs drawn as one line. */
export interface RunGroup {
  id: string; // stands where a run's id stands
  runs: readonly string[];
}

/**
 * Return one track for each group: at every x of its runs the mean of their means.
 *
 * A run counts at the places between its first and its last bucket, and not where its value is not
 * finite. With "range" min and max are the least and the greatest point of any run; with "sd" they
 * are one standard deviation from the mean, over the runs (n − 1). Steps that a later attempt went
 * over again are left out.
 */
export function groupTracks(
  tracks: readonly Track[],
  groups: readonly RunGroup[],
  spread: Spread,
): Track[] {
  const byRun = new Map(
    tracks.filter((track) => !track.isSuperseded).map((track) => [track.run, track]),
  );
  return groups.flatMap((group) => {
    const members = group.runs.flatMap((run) => {
      const track = byRun.get(run);
      return track && track.x.length > 0 ? [track] : [];
    });
    return members.length > 0 ? [meanOf(group.id, members, spread)] : [];
  });
}

function meanOf(id: string, members: readonly Track[], spread: Spread): Track {
  const x = Float64Array.from(new Set(members.flatMap((track) => [...track.x]))).sort();
  const column = () => new Float64Array(x.length);
  const [mean, min, max, counts, bads] = [column(), column(), column(), column(), column()];
  const cursors = members.map(() => 0);
  x.forEach((place, index) => {
    const values: number[] = [];
    let [low, high] = [Infinity, -Infinity];
    members.forEach((track, member) => {
      while (track.x[cursors[member]!]! < place) cursors[member]! += 1;
      const at = cursors[member]!;
      if (track.x[at] === place) {
        counts[index]! += track.counts[at]!;
        bads[index]! += track.bads[at]!;
        if (Number.isFinite(track.min[at])) {
          low = Math.min(low, track.min[at]!);
          high = Math.max(high, track.max[at]!);
        }
      }
      const value = valueAt(track, place);
      if (!Number.isFinite(value)) return;
      values.push(value);
      low = Math.min(low, value);
      high = Math.max(high, value);
    });
    const average = values.reduce((sum, value) => sum + value, 0) / values.length;
    mean[index] = average; // NaN where no run has a finite value
    const apart = spread === "sd" ? deviation(values, average) : null;
    min[index] = apart !== null ? average - apart : Number.isFinite(low) ? low : NaN;
    max[index] = apart !== null ? average + apart : Number.isFinite(high) ? high : NaN;
  });
  return {
    run: id,
    name: members[0]!.name,
    isSuperseded: false,
    isExact: false, // there is a band to draw
    count: total(members, (track) => track.count),
    bad: total(members, (track) => track.bad),
    last: x[x.length - 1] ?? null,
    x,
    mean,
    min,
    max,
    counts,
    bads,
  };
}

function deviation(values: readonly number[], average: number): number {
  if (values.length < 2) return 0;
  const squares = values.reduce((sum, value) => sum + (value - average) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

function total(members: readonly Track[], map: (track: Track) => number): number {
  return members.reduce((sum, track) => sum + map(track), 0);
}
