// The binary answer of POST /api/v1/means (docs/format/columns.md), and what charts keep of it.

import { indexesOf, pick, readColumn, unpack, type GroupShare, type Track } from "./columns";
import type { MeanColumns, MeanGroup, MeanHeader } from "./types";

/** The mean of a group's runs; `run` is the place of the group in the answer until it has an id. */
export interface MeanTrack extends Track {
  group: GroupShare;
}

export interface Means {
  /** Tells whether there is anything new. */
  tag: string;
  groups: MeanGroup[];
  tracks: MeanTrack[];
}

type ColumnName = keyof MeanColumns["columns"];

/**
 * Return one track for each group and metric; buckets of which it has nothing are left out.
 *
 * Throws a RangeError where the answer was cut off on its way.
 */
export function decodeMeans(body: ArrayBuffer, smoothing: string | null = null): Means {
  const { header, base } = unpack<MeanHeader>(body);
  const tracks = header.blocks.flatMap((block) => {
    const places = readColumn(body, base, block.x);
    return block.series.map((part): MeanTrack => {
      const read = (name: ColumnName) => {
        const ref = part.columns[name];
        if (!ref) throw new RangeError(`the answer for ${block.name} has no column ${name}`);
        return readColumn(body, base, ref);
      };
      const [runs, counts] = [read("runs"), read("count")];
      const filled = indexesOf(runs, (count, index) => count > 0 || counts[index]! > 0);
      const take = (name: ColumnName) => pick(read(name), filled);
      const x = pick(places, filled);
      const [low, high] = [take("min"), take("max")];
      return {
        run: String(part.group),
        name: block.name,
        isSuperseded: false,
        isExact: false, // there is a band to draw
        count: part.count,
        bad: part.nonfinite,
        last: x.at(-1) ?? null,
        x,
        mean: take("mean"),
        min: low,
        max: high,
        counts: pick(counts, filled),
        bads: take("bad"),
        smooth: part.columns.smooth && take("smooth"),
        smoothing,
        group: {
          runs: header.groups[part.group]!.runs,
          having: part.having,
          counted: pick(runs, filled),
          sd: take("sd"),
          low,
          high,
        },
      };
    });
  });
  return { tag: header.tag, groups: header.groups, tracks };
}
