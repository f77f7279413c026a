// A search of a run's console, part by part, so that what is found first is shown first.

import { useEffect, useRef, useState } from "react";

import { ApiError, searchConsole, type ConsoleSearch } from "../api/client";
import { MATCHES_MAX, NO_MATCHES, withPart, type Matches } from "./matches";

export interface Search extends Matches {
  isRunning: boolean;
  /** What the server says of an expression that is none. */
  problem: string | null;
}

const TYPING_MS = 250;
const GROWTH_MS = 1000;
const NOTHING: Search = { ...NO_MATCHES, isRunning: false, problem: null };

/** Tell whether *asked* leaves any line out. */
export function isSearch({ text, kind, rank }: ConsoleSearch): boolean {
  return text !== "" || kind !== null || rank !== null;
}

/** Search the run's console for *asked*, and whatever is added to its *total* lines later. */
export function useSearch(id: string, asked: ConsoleSearch, total: number): Search {
  const [search, setSearch] = useState(NOTHING);
  const grow = useRef(() => {});
  const { text, isRegex, isCase, kind, rank } = asked;

  useEffect(() => {
    if (!isSearch(asked)) return setSearch(NOTHING);
    const controller = new AbortController();
    let found: Matches = NO_MATCHES;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const go = async () => {
      try {
        do {
          const what = { text, isRegex, isCase, kind, rank };
          found = withPart(found, await searchConsole(id, what, found.next, controller.signal));
          setSearch({ ...found, isRunning: !found.isEnd, problem: null });
        } while (!found.isEnd);
        timer = undefined;
      } catch (error) {
        if (controller.signal.aborted) return;
        const problem = error instanceof ApiError ? error.message : String(error);
        setSearch({ ...found, isRunning: false, problem });
      }
    };
    setSearch({ ...NOTHING, isRunning: true });
    timer = setTimeout(() => void go(), TYPING_MS);
    // While a search is under way the timer is kept: it looks at the end last.
    grow.current = () => {
      if (found.isEnd && found.places.size < MATCHES_MAX)
        timer ??= setTimeout(() => void go(), GROWTH_MS);
    };
    return () => {
      grow.current = () => {};
      clearTimeout(timer);
      controller.abort();
    };
    // `asked` is made anew at every render; its parts are here.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [id, text, isRegex, isCase, kind, rank]);

  useEffect(() => grow.current(), [total]);

  return search;
}
