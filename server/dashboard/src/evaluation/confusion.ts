// What a confusion matrix says: its counts, what share they are, and how two of them differ.

import type { Confusion } from "../api/types";

/** "row" is a share of the true class, "column" of what was predicted. */
export type Norm = "count" | "row" | "column";
export const NORMS: readonly Norm[] = ["count", "row", "column"];

/** What happened, and how often; all other cells are 0. */
export interface Cell {
  row: number; // the true class
  column: number; // the predicted one
  value: number;
}

export interface Matrix {
  labels: readonly string[];
  cells: readonly Cell[]; // by row, then by column
  rowSums: Float64Array; // samples of each class
  columnSums: Float64Array; // how often each class was predicted
  total: number;
}

export function matrixOf({ labels, columns, counts }: Confusion): Matrix {
  const cells = columns.flatMap((places, row) =>
    places.map((column, at) => ({ row, column, value: counts[row]![at]! })),
  );
  return summed(labels, cells);
}

function summed(labels: readonly string[], cells: readonly Cell[]): Matrix {
  const rowSums = new Float64Array(labels.length);
  const columnSums = new Float64Array(labels.length);
  let total = 0;
  for (const { row, column, value } of cells) {
    rowSums[row]! += value;
    columnSums[column]! += value;
    total += value;
  }
  return { labels, cells, rowSums, columnSums, total };
}

/** Return the cells as shares of their row or column, from 0 to 1; counts as they are. */
export function normalised(matrix: Matrix, norm: Norm): Cell[] {
  if (norm === "count") return [...matrix.cells];
  const { rowSums, columnSums } = matrix;
  return matrix.cells.map((cell) => ({
    ...cell,
    value: cell.value / (norm === "row" ? rowSums[cell.row]! : columnSums[cell.column]!),
  }));
}

/** Return two matrices over the same classes: those of the first, then what only the second has. */
export function aligned(a: Matrix, b: Matrix): [Matrix, Matrix] {
  const places = new Map<string, number>();
  for (const label of [...a.labels, ...b.labels])
    if (!places.has(label)) places.set(label, places.size);
  const labels = [...places.keys()];
  return [onto(a, labels, places), onto(b, labels, places)];
}

function onto(
  matrix: Matrix,
  labels: readonly string[],
  places: ReadonlyMap<string, number>,
): Matrix {
  const to = matrix.labels.map((label) => places.get(label)!);
  const cells = matrix.cells.map(({ row, column, value }) => ({
    row: to[row]!,
    column: to[column]!,
    value,
  }));
  return summed(labels, cells);
}

/** Return a − b, cell by cell; both are of the same classes. */
export function difference(a: readonly Cell[], b: readonly Cell[], classes: number): Cell[] {
  const values = new Map<number, number>();
  for (const { row, column, value } of a) values.set(row * classes + column, value);
  for (const { row, column, value } of b) {
    const key = row * classes + column;
    values.set(key, (values.get(key) ?? 0) - value);
  }
  return [...values]
    .filter(([, value]) => value !== 0)
    .map(([key, value]) => ({ row: Math.floor(key / classes), column: key % classes, value }));
}

export interface ClassScore {
  label: string;
  samples: number;
  recall: number | null; // null where the class did not occur
  precision: number | null; // null where it was never predicted
  f1: number | null;
}

export function scoresOf({ labels, cells, rowSums, columnSums }: Matrix): ClassScore[] {
  const right = new Float64Array(labels.length);
  for (const { row, column, value } of cells) if (row === column) right[row] = value;
  return labels.map((label, at) => {
    const [samples, predicted] = [rowSums[at]!, columnSums[at]!];
    return {
      label,
      samples,
      recall: samples > 0 ? right[at]! / samples : null,
      precision: predicted > 0 ? right[at]! / predicted : null,
      f1: samples + predicted > 0 ? (2 * right[at]!) / (samples + predicted) : null,
    };
  });
}

/** Return the share of samples that were taken for what they are; null of none. */
export function accuracyOf({ cells, total }: Matrix): number | null {
  const right = cells.reduce((sum, { row, column, value }) => sum + +(row === column) * value, 0);
  return total > 0 ? right / total : null;
}

/** Return the most frequent mistakes, the most frequent first. */
export function mistakesOf({ cells }: Matrix, count: number): Cell[] {
  return cells
    .filter(({ row, column }) => row !== column)
    .sort((a, b) => b.value - a.value)
    .slice(0, count);
}

// ---- where it is drawn ----

const CELL_PX_MAX = 56;
const SIDE_PX_MAX = 640;
/** Closer labels would run into each other. */
const LABEL_PX_MIN = 13;

export interface Layout {
  left: number; // room for the names of true classes
  bottom: number; // and of predicted ones
  side: number; // of the square of cells
  size: number; // of one cell; less than a pixel where there are very many
  every: number; // label that is written: 1 is each of them
}

/**
 * Return where cells and labels lie in a place *width* pixels wide.
 *
 * @param label - The width of the longest label in pixels.
 */
export function layoutOf(width: number, classes: number, label: number): Layout {
  const left = Math.ceil(Math.min(label, width * 0.3, 160)) + 8;
  const side = Math.max(40, Math.min(width - left - 1, SIDE_PX_MAX, classes * CELL_PX_MAX));
  const size = side / classes;
  const every = Math.max(1, Math.ceil(LABEL_PX_MIN / size));
  // What does not fit below its cell stands upright.
  const bottom = label + 6 <= size ? 20 : Math.ceil(Math.min(label, 110)) + 10;
  return { left, bottom, side, size, every };
}

/** Return which cell lies at a place of the canvas; null where none does. */
export function cellAt(
  x: number,
  y: number,
  classes: number,
  { left, size, side }: Layout,
): [row: number, column: number] | null {
  if (x < left || x >= left + side || y < 0 || y >= side) return null;
  const at = (place: number) => Math.min(classes - 1, Math.floor(place / size));
  return [at(y), at(x - left)];
}
