// Bringing the tracks of many live runs up to date with few requests.

import type { TracksRequest } from "../api/batcher";
import type { Track } from "../api/columns";
import type { XAxis } from "../api/types";
import { appendTail, tailStart } from "./tail";

export interface Growing {
  name: string;
  x: XAxis;
  buckets: number;
  smooth?: string | null;
}

type Request = (query: TracksRequest) => Promise<Track[]>;

/** Tails that are asked for together. */
interface TailGroup {
  start: number;
  tracks: Track[];
}

/**
 * Return *tracks* with what the runs *ids* have logged since, or null where the past has changed, so
 * that all must be fetched anew. Runs that were empty come whole.
 */
export async function grown(
  tracks: readonly Track[],
  ids: readonly string[],
  { name, x, buckets, smooth = null }: Growing,
  request: Request,
): Promise<Track[] | null> {
  const wanted = new Set(ids);
  const latest = tracks.filter((track) => wanted.has(track.run) && !track.isSuperseded);
  const begun = latest.filter((track) => track.last !== null);
  const known = new Set(begun.map((track) => track.run));
  const fresh = ids.filter((id) => !known.has(id));
  const rewound = new Set(tracks.filter((one) => one.isSuperseded).map((one) => one.run));
  const ask = (runs: string[], start: number | null) =>
    request({ runs, name, x, start, end: null, buckets, smooth });

  const groups = tailGroups(begun, x, buckets, rewound);
  const [whole, ...answers] = await Promise.all([
    fresh.length > 0 ? ask(fresh, null) : [],
    ...groups.map(async ({ start, tracks: members }) => {
      const runs = members.map((track) => track.run);
      const tails = await ask(runs, start);
      // Where the answer joins points, those before the end of a track cannot be told apart.
      const joined = members.filter(
        (track) =>
          tailStart(track, x) !== start &&
          !isPointwise(tails.filter((one) => one.run === track.run)),
      );
      const alone = await Promise.all(joined.map((track) => ask([track.run], tailStart(track, x))));
      const again = new Set(joined.map((track) => track.run));
      return [...tails.filter((tail) => !again.has(tail.run)), ...alone.flat()];
    }),
  ]);
  const tails = answers.flat();
  if (tails.some((tail) => tail.isSuperseded && tail.count > 0)) return null;
  const tailOf = new Map(tails.map((tail) => [tail.run, tail]));
  const grownOnes = tracks
    .filter((track) => !wanted.has(track.run) || known.has(track.run))
    .map((track) => {
      const tail = track.isSuperseded ? undefined : tailOf.get(track.run);
      return tail ? appendTail(track, tail, buckets) : track;
    });
  return [...grownOnes, ...whole!];
}

/**
 * Return which tails to ask for together: from the start of the one that is furthest behind, as
 * long as what the others have had already leaves the answer its single points.
 */
export function tailGroups(
  tracks: readonly Track[],
  x: XAxis,
  buckets: number,
  rewound: ReadonlySet<string>,
): TailGroup[] {
  const starts = tracks
    .map((track) => ({ track, start: tailStart(track, x)! }))
    .sort((a, b) => a.start - b.start);
  const groups: TailGroup[] = [];
  let current: TailGroup | undefined;
  let overlap = 0;
  for (const { track, start } of starts) {
    // What was superseded lies before its end, and would look like news.
    if (rewound.has(track.run)) {
      groups.push({ start, tracks: [track] });
      continue;
    }
    const extra = current ? (start - current.start) * densityOf(track) : 0;
    // Runs share steps, not times.
    const next = x === "step" ? Math.max(overlap, extra) : overlap + extra;
    if (!current || next > buckets / 4) {
      current = { start, tracks: [] };
      overlap = 0;
      groups.push(current);
    } else overlap = next;
    current.tracks.push(track);
  }
  return groups;
}

/** Points in one unit of x. */
function densityOf(track: Track): number {
  const length = track.last! - track.x[0]!;
  return length > 0 ? track.count / length : 1;
}

/** Tell whether each point stands at its own place. */
function isPointwise(tails: readonly Track[]): boolean {
  return tails.every((tail) => tail.isExact && (tail.x.at(-1) ?? tail.last) === tail.last);
}
