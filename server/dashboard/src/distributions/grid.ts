// What a grid of histograms means: its groups, its rows and its colours.

import type { HistogramGrid, HistogramRow } from "../api/types";

/** "value" is a magnitude that need not be positive, so its colours are not those of powers. */
export type Measure = "magnitude" | "value" | "zeros" | "nonfinite";
export const MEASURES: readonly Measure[] = ["magnitude", "zeros", "nonfinite"];

const MARKER = "/histogram/";

/** Return what stands before a histogram's layer: "grad/histogram/"; "" where nothing does. */
export function groupOf(name: string): string {
  const at = name.indexOf(MARKER);
  if (at >= 0) return name.slice(0, at + MARKER.length);
  return name.includes("/") ? name.slice(0, name.indexOf("/") + 1) : "";
}

/** Return how people call a group: "grad/histogram/" is "grad". */
export function groupTitle(group: string): string {
  return group.replace(MARKER, "").replace(/\/$/, "");
}

/** Return the groups among *names*, gradients first: they say most about a training. */
export function groupsOf(names: readonly string[]): string[] {
  const rank = (group: string) => ["grad", "update", "param"].indexOf(groupTitle(group)) >>> 0;
  return [...new Set(names.map(groupOf))].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

/** Return the rows of a group, in the order of the model's layers. */
export function rowsOf(grid: HistogramGrid, group: string): HistogramRow[] {
  return grid.rows.filter((row) => groupOf(row.name) === group);
}

/** Return what a row's cells are, column by column. */
export function valuesOf(row: HistogramRow, measure: Measure): readonly (number | null)[] {
  return row[measure === "value" ? "magnitude" : measure];
}

/** Return a cell as a place on the colour scale's own axis; null where there is nothing. */
export function cellOf(row: HistogramRow, column: number, measure: Measure): number | null {
  const value = valuesOf(row, measure)[column] ?? null;
  if (measure !== "magnitude") return value;
  return value === null || value <= 0 ? null : Math.log10(value);
}

/** Return the lowest and highest cell of *rows*; shares always reach from 0 to 1. */
export function rangeOf(rows: readonly HistogramRow[], measure: Measure): [number, number] {
  if (measure === "zeros") return [0, 1];
  let [low, high] = [Infinity, -Infinity];
  for (const row of rows) {
    for (let column = 0; column < row.magnitude.length; column += 1) {
      const cell = cellOf(row, column, measure);
      if (cell === null) continue;
      low = Math.min(low, cell);
      high = Math.max(high, cell);
    }
  }
  if (measure === "nonfinite") return [0, Math.max(1, high)];
  return low <= high ? [low, high] : [0, 1];
}

/** Colours from the least to the greatest. */
export type Ramp = readonly (readonly [red: number, green: number, blue: number])[];

// Even steps of lightness, told apart by colour-blind eyes too.
export const SEQUENTIAL: Ramp = [
  [0, 32, 81],
  [60, 77, 110],
  [127, 124, 117],
  [187, 175, 113],
  [253, 234, 69],
];

/** Two directions away from a middle: blue and orange, which colour-blind eyes tell apart. */
export const DIVERGING: Ramp = [
  [18, 73, 140],
  [112, 163, 209],
  [214, 214, 209],
  [232, 151, 96],
  [163, 59, 11],
];

/** Return the colour of a cell. */
export function colourOf(
  cell: number,
  [low, high]: readonly [number, number],
  ramp: Ramp = SEQUENTIAL,
): string {
  const place = high > low ? Math.min(1, Math.max(0, (cell - low) / (high - low))) : 0.5;
  const at = Math.min(ramp.length - 2, Math.floor(place * (ramp.length - 1)));
  const part = place * (ramp.length - 1) - at;
  const [from, to] = [ramp[at]!, ramp[at + 1]!];
  return `rgb(${from.map((value, i) => Math.round(value + (to[i]! - value) * part)).join(" ")})`;
}

/** Return a ramp as a CSS gradient, for the key. */
export function rampCss(ramp: Ramp): string {
  return `linear-gradient(90deg, ${ramp.map((c) => `rgb(${c.join(" ")})`).join(", ")})`;
}
