// How gradients flow: a number for each layer, step by step, out of the metrics that have one.

import type { Track } from "../api/columns";
import type { HistogramColumn, HistogramRow } from "../api/types";

export const FLOWS = ["gradient", "weight", "ratio"] as const;
export type Flow = (typeof FLOWS)[number];

const PATTERNS: Readonly<Record<Flow, RegExp>> = {
  gradient: /^(.*\/)?grad\/norm\/(.+)$/,
  weight: /^(.*\/)?param\/norm\/(.+)$/,
  ratio: /^(.*\/)?param\/update_ratio\/(.+)$/,
};

const order = new Intl.Collator("en", { numeric: true });

/** Return whether any of the metrics is a part of *flow*. */
export function hasFlow(names: readonly string[], flow: Flow): boolean {
  return names.some((name) => PATTERNS[flow].test(name));
}

/** Return the metrics that are one layer's part of *flow*, in the order of the layers' numbers. */
export function flowMetrics(names: readonly string[], flow: Flow): string[] {
  return names
    .filter((name) => PATTERNS[flow].test(name))
    .map((name) => ({ name, layer: layerOf(name, flow) }))
    .sort((a, b) => order.compare(a.layer, b.layer))
    .map(({ name }) => name);
}

/** Return the layer that a metric is about, with the optimizer's part where there are several. */
export function layerOf(name: string, flow: Flow): string {
  const [, before = "", layer = name] = PATTERNS[flow].exec(name) ?? [];
  return before + layer;
}

export interface FlowGrid {
  columns: HistogramColumn[];
  rows: HistogramRow[];
}

/**
 * Return *tracks* on one grid of steps, a row for each of *names*: a cell is the mean of the points
 * in it, null where there are none, and beside it how many are not finite. Steps that a later
 * attempt went over again are left out. The steps are those of *all*, where there is more to compare.
 */
export function flowGrid(
  tracks: readonly Track[],
  names: readonly string[],
  columns: number,
  all = tracks,
): FlowGrid {
  const isDrawn = (track: Track) => !track.isSuperseded && track.x.length > 0;
  const drawn = tracks.filter(isDrawn);
  if (drawn.length === 0) return { columns: [], rows: [] };
  const compared = all.filter(isDrawn);
  const first = Math.min(...compared.map((track) => track.x[0]!));
  const last = Math.max(...compared.map((track) => track.x[track.x.length - 1]!));
  const places = new Set(compared.flatMap((track) => [...track.x])).size;
  const count = Math.max(1, Math.min(columns, places));
  const width = (last - first) / count || 1;
  const columnOf = (x: number) => Math.min(count - 1, Math.floor((x - first) / width));
  return {
    columns: Array.from({ length: count }, (_, at) => ({
      first_step: Math.round(first + at * width),
      last_step: Math.round(Math.min(last, first + (at + 1) * width)),
      time_ns: 0,
      records: 0,
    })),
    rows: names.map((name) => {
      const sums = new Float64Array(count);
      const weights = new Float64Array(count);
      const nonfinite = new Array<number>(count).fill(0);
      for (const track of drawn) {
        if (track.name !== name) continue;
        track.x.forEach((x, at) => {
          const column = columnOf(x);
          const good = track.counts[at]! - track.bads[at]!;
          nonfinite[column]! += track.bads[at]!;
          if (good <= 0) return;
          sums[column]! += track.mean[at]! * good;
          weights[column]! += good;
        });
      }
      const magnitude = Array.from(sums, (sum, at) =>
        weights[at]! > 0 ? sum / weights[at]! : null,
      );
      return { name, magnitude, zeros: magnitude.map(() => null), nonfinite };
    }),
  };
}

/** Return the module that a layer is a part of: "block.3" of "block.3.attn.weight", "stem" of "stem.weight". */
export function moduleOf(layer: string): string {
  const parts = layer.split(".");
  const number = parts.findIndex((part) => /^\d+$/.test(part));
  return number > 0 && number < parts.length - 1
    ? parts.slice(0, number + 1).join(".")
    : (parts[0] ?? layer);
}

/**
 * Return a row for each module instead of each layer: of norms the norm of all its layers together,
 * of the ratio the greatest, of shares the mean; what is not finite is added up.
 */
export function moduleRows(
  rows: readonly HistogramRow[],
  moduleOfRow: (name: string) => string,
  isNorm: boolean,
): HistogramRow[] {
  const members = new Map<string, HistogramRow[]>();
  for (const row of rows) {
    const name = moduleOfRow(row.name);
    const known = members.get(name);
    if (known) known.push(row);
    else members.set(name, [row]);
  }
  const joined = (
    own: readonly HistogramRow[],
    of: "magnitude" | "zeros",
    join: (values: number[]) => number,
  ) =>
    own[0]![of].map((_, column) => {
      const values = own.map((row) => row[of][column]).filter((value) => value != null);
      return values.length > 0 ? join(values) : null;
    });
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return [...members].map(([name, own]) => ({
    name,
    magnitude: joined(own, "magnitude", (values) =>
      isNorm ? Math.hypot(...values) : Math.max(...values),
    ),
    zeros: joined(own, "zeros", mean),
    nonfinite: own[0]!.nonfinite.map((_, column) =>
      own.reduce((sum, row) => sum + (row.nonfinite[column] ?? 0), 0),
    ),
  }));
}

/** An update that changes weights by a thousandth is what is mostly aimed at. */
const RATIO_USUAL = -3;
const RATIO_REACH_MAX = 3;

/** Return the ends of the colours of ratios, as powers of ten: the usual one is in the middle. */
export function ratioRange(rows: readonly HistogramRow[]): [low: number, high: number] {
  let reach = 1;
  for (const { magnitude } of rows)
    for (const value of magnitude)
      if (value !== null && value > 0)
        reach = Math.max(reach, Math.abs(Math.log10(value) - RATIO_USUAL));
  reach = Math.min(RATIO_REACH_MAX, reach);
  return [RATIO_USUAL - reach, RATIO_USUAL + reach];
}

/** Return the name of the histograms that go with a metric of *flow*. */
export function histogramOf(name: string, flow: Flow): string {
  return {
    gradient: () => name.replace("grad/norm/", "grad/histogram/"),
    weight: () => name.replace("param/norm/", "param/histogram/"),
    ratio: () => name.replace("param/update_ratio/", "update/histogram/"),
  }[flow]();
}

export type Warning = "vanishing" | "exploding" | "broken";

/** Gradients so much smaller or larger than those of the median layer are not a matter of shape. */
const FAR = 1e3;

/** Return what is to be said of layers, by their newest gradients: nothing of most. */
export function warningsOf(rows: readonly HistogramRow[]): Map<string, Warning> {
  const newest = rows.map((row) => row.magnitude.findLast((value) => value !== null) ?? null);
  const sorted = newest.filter((value) => value !== null).sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1] ?? 0;
  const warnings = new Map<string, Warning>();
  rows.forEach((row, at) => {
    const value = newest[at];
    if ((row.nonfinite.at(-1) ?? 0) > 0) warnings.set(row.name, "broken");
    else if (value == null || median <= 0) return;
    else if (value < median / FAR) warnings.set(row.name, "vanishing");
    else if (value > median * FAR) warnings.set(row.name, "exploding");
  });
  return warnings;
}
