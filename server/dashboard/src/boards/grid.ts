// Where panels lie: a grid of twelve columns on which nothing overlaps and everything falls up.

export const COLUMNS = 12;
export const ROW_PX = 32;
export const GAP_PX = 8;
const WIDTH_MIN = 2;
const HEIGHT_MIN = 2;
/** Bounds of the document, see docs/format/dashboard.md. */
const HEIGHT_MAX = 100;
const Y_MAX = 9999;

export interface Cell {
  id: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Return the cells in the order in which they are read: line by line, from the left. */
export function inOrder<One extends Cell>(cells: readonly One[]): One[] {
  return [...cells].sort((a, b) => a.y - b.y || a.x - b.x);
}

/**
 * Return the cells without overlaps and without empty lines: each falls up onto those above it.
 * Where two begin in one line, *first* comes before the other. Their own order stays.
 */
export function settled<One extends Cell>(cells: readonly One[], first = ""): One[] {
  const tops = new Array<number>(COLUMNS).fill(0);
  const rank = (cell: One) => Number(cell.id !== first);
  const order = [...cells].sort((a, b) => a.y - b.y || rank(a) - rank(b) || a.x - b.x);
  const places = new Map<string, number>();
  for (const { id, x, width, height } of order) {
    const y = Math.max(...tops.slice(x, x + width));
    tops.fill(y + height, x, x + width);
    places.set(id, Math.min(Y_MAX, y));
  }
  return cells.map((cell) => {
    const y = places.get(cell.id)!;
    return y === cell.y ? cell : { ...cell, y };
  });
}

/** Return the cells with one of them at another place, as near as the grid allows. */
export function movedTo<One extends Cell>(
  cells: readonly One[],
  id: string,
  x: number,
  y: number,
): One[] {
  return changed(cells, id, (cell) => ({
    ...cell,
    x: clamp(x, 0, COLUMNS - cell.width),
    y: clamp(y, 0, Y_MAX),
  }));
}

/** Return the cells with one of them of another size, as near as the grid allows. */
export function resizedTo<One extends Cell>(
  cells: readonly One[],
  id: string,
  width: number,
  height: number,
): One[] {
  return changed(cells, id, (cell) => ({
    ...cell,
    width: clamp(width, Math.min(WIDTH_MIN, COLUMNS - cell.x), COLUMNS - cell.x),
    height: clamp(height, HEIGHT_MIN, HEIGHT_MAX),
  }));
}

/** Return the cells line by line in the order that they have here: as many in a line as fit. */
export function flowed<One extends Cell>(cells: readonly One[]): One[] {
  let [x, y, high] = [0, 0, 0];
  return cells.map((cell) => {
    if (x + cell.width > COLUMNS) [x, y, high] = [0, y + high, 0];
    const placed = { ...cell, x, y };
    x += cell.width;
    high = Math.max(high, cell.height);
    return placed;
  });
}

/** Return the cells with *added* where there is room for it soonest. */
export function withCell<One extends Cell>(cells: readonly One[], added: One): One[] {
  let best = { x: 0, y: Infinity };
  for (let x = 0; x + added.width <= COLUMNS; x += 1) {
    const above = cells.filter((cell) => cell.x < x + added.width && x < cell.x + cell.width);
    const y = Math.max(0, ...above.map((cell) => cell.y + cell.height));
    if (y < best.y) best = { x, y };
  }
  return settled([...cells, { ...added, ...best }]);
}

/** Return how many lines the cells take. */
export function linesOf(cells: readonly Cell[]): number {
  return Math.max(0, ...cells.map((cell) => cell.y + cell.height));
}

/** Return the height of so many lines in pixels. */
export function pixelsOf(lines: number): number {
  return lines * (ROW_PX + GAP_PX) - GAP_PX;
}

/** Return by how many columns and lines a pointer has moved on a grid that is so wide. */
export function stepsOf(
  { dx, dy }: { dx: number; dy: number },
  gridWidth: number,
): [columns: number, lines: number] {
  const column = (gridWidth + GAP_PX) / COLUMNS;
  return [Math.round(dx / column), Math.round(dy / (ROW_PX + GAP_PX))];
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Return by how many columns and lines a key moves; null for a key that does not. */
export function stepsOfKey(key: string): readonly [columns: number, lines: number] | null {
  return ARROWS[key] ?? null;
}

/**
 * Return the cells after one was pushed up or down past its neighbour: a line alone would not do,
 * because it falls up again.
 */
export function pushed<One extends Cell>(
  cells: readonly One[],
  id: string,
  [columns, lines]: readonly [columns: number, lines: number],
): One[] {
  const cell = cells.find((one) => one.id === id);
  if (!cell) return [...cells];
  if (lines === 0) return movedTo(cells, id, cell.x + columns, cell.y);
  const isBeside = (one: One) =>
    one.id !== id && one.x < cell.x + cell.width && cell.x < one.x + one.width;
  const beside = cells.filter(isBeside);
  if (lines < 0) {
    const above = beside.filter((one) => one.y < cell.y);
    return movedTo(cells, id, cell.x, Math.max(0, ...above.map((one) => one.y)));
  }
  const below = beside.filter((one) => one.y > cell.y).map((one) => one.y);
  return below.length === 0 ? [...cells] : movedTo(cells, id, cell.x, Math.min(...below) + 1);
}

function changed<One extends Cell>(
  cells: readonly One[],
  id: string,
  change: (cell: One) => One,
): One[] {
  return settled(
    cells.map((cell) => (cell.id === id ? change(cell) : cell)),
    id,
  );
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
