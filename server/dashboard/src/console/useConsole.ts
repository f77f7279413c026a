// A run's console, of which only the part on screen is fetched.

import { useCallback, useEffect, useRef, useState } from "react";

import { fetchConsole, fetchConsoleLines } from "../api/client";
import { feed } from "../api/feed";
import type { ConsoleLine, ConsolePage } from "../api/types";

export interface ConsoleLines {
  /** Lines of the run; null until the first answer. */
  total: number | null;
  /** Return a line, or undefined while it is not here; `want` fetches it. */
  line: (number: number) => ConsoleLine | undefined;
  /** Fetch the lines from *first* to *last* that are not here. */
  want: (first: number, last: number) => void;
  /** Fetch those of these lines that are not here: they may lie far apart. */
  wantThese: (numbers: readonly number[]) => void;
}

const PAGE_LINES = 500;
/** Lines kept; the rest is fetched again when someone scrolls back to it. */
const KEPT_MAX = 50_000;
const TAIL_INTERVAL_MS = 500;
/** The API's bound on numbers in one request. */
const NUMBERS_MAX = 200;

export function useConsole(id: string): ConsoleLines {
  const lines = useRef(new Map<number, ConsoleLine>());
  const pages = useRef(new Set<number>()); // asked for
  const asked = useRef(new Set<number>()); // lines of their own, on their way
  const [total, setTotal] = useState<number | null>(null);
  const [, setRevision] = useState(0);

  const keep = useCallback((page: ConsolePage) => {
    if (lines.current.size > KEPT_MAX) {
      lines.current.clear();
      pages.current.clear();
    }
    for (const line of page.lines) lines.current.set(line.number, line);
    setTotal(page.total);
    setRevision((revision) => revision + 1);
  }, []);

  const want = useCallback(
    (first: number, last: number) => {
      for (let page = Math.floor(first / PAGE_LINES); page * PAGE_LINES <= last; page += 1) {
        if (pages.current.has(page)) continue;
        pages.current.add(page);
        fetchConsole(id, page * PAGE_LINES, PAGE_LINES).then(keep, () =>
          pages.current.delete(page),
        );
      }
    },
    [id, keep],
  );

  const wantThese = useCallback(
    (numbers: readonly number[]) => {
      const missing = numbers.filter(
        (number) => !lines.current.has(number) && !asked.current.has(number),
      );
      for (let at = 0; at < missing.length; at += NUMBERS_MAX) {
        const some = missing.slice(at, at + NUMBERS_MAX);
        for (const number of some) asked.current.add(number);
        const done = () => some.forEach((number) => asked.current.delete(number));
        fetchConsoleLines(id, some)
          .then(keep, () => undefined)
          .finally(done);
      }
    },
    [id, keep],
  );

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const fetchTail = () => {
      timer = undefined;
      // The last page is new each time: its last line may be a progress bar's present state.
      fetchConsole(id, null, PAGE_LINES).then(
        (page) => {
          const first = page.lines[0]?.number ?? 0;
          // A page that has grown since it was fetched is fetched again when it is looked at.
          for (const known of [...pages.current]) {
            if ((known + 1) * PAGE_LINES > first) pages.current.delete(known);
          }
          keep(page);
        },
        () => undefined, // with the next notice
      );
    };
    fetchTail();
    const stop = feed.onChanges((changes, isReset) => {
      if (isReset || changes.some((change) => change.id === id))
        timer ??= setTimeout(fetchTail, TAIL_INTERVAL_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [id, keep]);

  const line = useCallback((number: number) => lines.current.get(number), []);
  return { total, line, want, wantThese };
}
