// What a search has found so far.

import type { ConsoleMatches } from "../api/types";

/** Where a match is in its line, in characters. */
export type Place = readonly [start: number, end: number];

export interface Matches {
  /** Lines, ascending. */
  numbers: readonly number[];
  places: ReadonlyMap<number, readonly Place[]>;
  searched: number;
  /** The part to go on with. */
  next: number;
  isEnd: boolean;
}

/** More lines than this are not remembered; whoever has so many searches for something else. */
export const MATCHES_MAX = 100_000;

export const NO_MATCHES: Matches = {
  numbers: [],
  places: new Map(),
  searched: 0,
  next: 0,
  isEnd: false,
};

/** Return *found* with the matches of one more part, of which some may be there already. */
export function withPart(found: Matches, part: ConsoleMatches): Matches {
  const places = new Map(found.places);
  const fresh: number[] = [];
  let [line, own]: [number | null, Place[]] = [null, []];
  part.numbers.forEach((number, index) => {
    if (places.size >= MATCHES_MAX && !places.has(number)) return;
    if (!places.has(number)) fresh.push(number);
    // The matches of a line follow each other; what an earlier part said of it is old.
    if (number !== line) {
      [line, own] = [number, []];
      places.set(number, own);
    }
    own.push([part.starts[index]!, part.ends[index]!]);
  });
  return {
    numbers: fresh.length > 0 ? merged(found.numbers, fresh) : found.numbers,
    places,
    searched: Math.min(part.total, found.searched + part.searched),
    next: part.next,
    isEnd: part.is_end || places.size >= MATCHES_MAX,
  };
}

/** Parts follow each other, but a progress bar ends long after the line whose number it has. */
function merged(numbers: readonly number[], fresh: number[]): number[] {
  fresh.sort((a, b) => a - b);
  const all = [...numbers, ...fresh];
  return fresh[0]! > (numbers.at(-1) ?? -1) ? all : all.sort((a, b) => a - b);
}

/** Return the index of the first match behind *line*, or of the last before it; -1 for none. */
export function neighbour(numbers: readonly number[], line: number, side: 1 | -1): number {
  if (numbers.length === 0) return -1;
  let [low, high] = [0, numbers.length]; // of the first one that is at least the line
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle]! < line) low = middle + 1;
    else high = middle;
  }
  if (side < 0) return low === 0 ? numbers.length - 1 : low - 1;
  const next = numbers[low] === line ? low + 1 : low;
  return next === numbers.length ? 0 : next;
}

/** Return the index of *line*, or of the match nearest before it; 0 where there is none. */
export function indexOf(numbers: readonly number[], line: number): number {
  const before = numbers[neighbour(numbers, line + 1, -1)] ?? 0;
  return before > line ? 0 : Math.max(0, neighbour(numbers, line + 1, -1));
}
