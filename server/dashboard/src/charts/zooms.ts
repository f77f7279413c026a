// The windows that were looked at, so that a double click goes back by one and not all the way.

import type { Window } from "../series/useTracks";

const VISITED_MAX = 50;
let visited: Window[] = [];

/** Remember a window; null, which is everything, forgets those before it. */
export function visit(window: Window | null): void {
  visited = window === null ? [] : [...visited, window].slice(-VISITED_MAX);
}

/** Return the narrowest window visited that *window* lies in; null, which is everything, for none. */
export function outOf(window: Window | null): Window | null {
  if (window === null) return null;
  const [start, end] = window;
  const around = visited.filter(
    ([from, to]) => from <= start && to >= end && to - from > end - start,
  );
  return around.reduce<Window | null>(
    (best, one) => (best === null || one[1] - one[0] < best[1] - best[0] ? one : best),
    null,
  );
}
