// Tracks with x of their own, laid over one x as uPlot wants them.

/** A value, null where a line must break, undefined where a line has no point and goes on. */
export type Cell = number | null | undefined;

/** Return all x of all lines, ascending, each once. */
export function joinX(lines: readonly Float64Array[]): Float64Array {
  const distinct = [...new Set(lines)];
  const only = distinct[0];
  if (only && distinct.length === 1) return only;
  const all = new Set<number>();
  for (const x of distinct) for (const value of x) all.add(value);
  return Float64Array.from(all).sort();
}

/** Return *values*, given at *from*, at the places of *x*; not-finite ones become breaks. */
export function spread(x: Float64Array, from: Float64Array, values: Float64Array): Cell[] {
  const cells: Cell[] = new Array<Cell>(x.length).fill(undefined);
  let at = 0;
  for (let index = 0; index < from.length; index += 1) {
    while (at < x.length && x[at]! < from[index]!) at += 1;
    if (at === x.length) break;
    const value = values[index]!;
    cells[at] = Number.isFinite(value) ? value : null;
  }
  return cells;
}

/** Return the index of the value in ascending *x* that is nearest to *place*; -1 for an empty one. */
export function nearest(x: Float64Array, place: number): number {
  if (x.length === 0) return -1;
  let [low, high] = [0, x.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (x[middle]! < place) low = middle;
    else high = middle;
  }
  return place - x[low]! <= x[high]! - place ? low : high;
}
