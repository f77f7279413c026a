// The binary answer of POST /api/v1/series (docs/format/columns.md), and what charts keep of it.

import { toNumber } from "./number";
import type { ColumnRef, SeriesHeader } from "./types";

/**
 * One run's part of one metric: buckets of points, ordered by x. The arrays have one length.
 *
 * A bucket of one point has mean = min = max. `mean` is of the finite values and NaN where a bucket
 * has none; `bad` counts NaN and ±inf, which are in `count` too.
 */
export interface Track {
  run: string;
  name: string;
  isSuperseded: boolean;
  isExact: boolean; // no bucket holds more than one point
  count: number; // points
  bad: number;
  last: number | null; // x of the last point; buckets' own x may be their middle
  x: Float64Array;
  mean: Float64Array;
  min: Float64Array;
  max: Float64Array;
  counts: Float64Array;
  bads: Float64Array;
  /** Smoothed by the server, over all points of the series, where that was asked for. */
  smooth?: Float64Array | undefined;
  /** What was asked for. */
  smoothing?: string | null;
  /** Whose mean it is, where it is that of a group; `run` is the group's id then. */
  group?: GroupShare;
}

/** What a group's mean is made of. A run counts with its bucket's mean, see docs/format/columns.md. */
export interface GroupShare {
  runs: number; // all that it has
  having: number; // those that have the metric
  counted: Float64Array; // runs that count at each x
  sd: Float64Array; // over these; NaN below two of them
  low: Float64Array; // the least and the greatest point of any run
  high: Float64Array;
}

type ColumnName = "mean" | "min" | "max" | "count" | "bad" | "smooth";

/**
 * Return one track for each run and metric in the answer; empty buckets are left out.
 *
 * Throws a RangeError where the answer was cut off on its way.
 */
export function decodeSeries(body: ArrayBuffer, smoothing: string | null = null): Track[] {
  const { header, base } = unpack<SeriesHeader>(body);
  return header.blocks.flatMap((block) => {
    const x = readColumn(body, base, block.x);
    return block.series.map((part) => {
      const read = (name: ColumnName) => {
        const ref = part.columns[name];
        if (!ref) throw new RangeError(`the answer for ${block.name} has no column ${name}`);
        return readColumn(body, base, ref);
      };
      const counts = read("count");
      const filled = indexesOf(counts, (count) => count > 0);
      const take = (name: ColumnName) => pick(read(name), filled);
      return {
        run: part.run,
        name: block.name,
        isSuperseded: part.is_superseded,
        isExact: block.is_exact,
        count: part.count,
        bad: part.nonfinite,
        last: part.last === null ? null : toNumber(part.last),
        x: pick(x, filled),
        mean: take("mean"),
        min: take("min"),
        max: take("max"),
        counts: pick(counts, filled),
        bads: take("bad"),
        smooth: part.columns.smooth && take("smooth"),
        smoothing,
      };
    });
  });
}

/** Return the header of a binary answer, and where its columns begin. */
export function unpack<Header>(body: ArrayBuffer): { header: Header; base: number } {
  const bytes = new DataView(body).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(body, 4, bytes))) as Header;
  return { header, base: Math.ceil((4 + bytes) / 8) * 8 };
}

export function readColumn(body: ArrayBuffer, base: number, ref: ColumnRef): Float64Array {
  const start = base + ref.offset;
  switch (ref.type) {
    case "f8":
      return new Float64Array(body, start, ref.length);
    case "u4":
      return Float64Array.from(new Uint32Array(body, start, ref.length));
    case "i8":
      // Steps beyond 2^53 lose their last digits here: a chart cannot show them anyway.
      return Float64Array.from(new BigInt64Array(body, start, ref.length), Number);
  }
}

export function indexesOf(
  values: Float64Array,
  test: (value: number, index: number) => boolean,
): number[] {
  const found: number[] = [];
  values.forEach((value, index) => {
    if (test(value, index)) found.push(index);
  });
  return found;
}

export function pick(values: Float64Array, indexes: number[]): Float64Array {
  return Float64Array.from(indexes, (index) => values[index] ?? NaN);
}
