import { keepPreviousData, useQueries, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { queryRuns } from "../api/client";
import { feed } from "../api/feed";
import type { RunList, RunSummary } from "../api/types";
import { keyText } from "../list/filterText";
import { directionOf, type Headline } from "../series/metrics";
import { DRAWN_MAX, keyOf, RUNS_MAX, type Choice } from "./drawn";

export interface Wanted {
  q: string;
  sort: string;
  limit: number;
}

const CHANGES_INTERVAL_MS = 2000;

/** Return the filter for runs that *q* and *also* hold for. */
function both(q: string, also: string): string {
  return q.trim() ? `(${q}) and (${also})` : also;
}

/**
 * Return what to ask the server for, so that what is to be drawn is found among all runs that *q*
 * holds for, and not only among those that are *loaded* in the order *sort*.
 */
export function othersOf(
  choice: Choice,
  headline: string | null,
  q: string,
  sort: string,
  loaded: readonly RunSummary[],
  own: Headline | null = null,
): Wanted[] {
  const wanted: Wanted[] = [];
  if (choice.rule === "best" && headline !== null) {
    const key = keyText("metrics", headline);
    const best = directionOf(headline, own) === "max" ? `-${key}.max` : `${key}.min`;
    wanted.push({ q, sort: best, limit: DRAWN_MAX });
  }
  if (choice.rule === "newest") {
    if (sort !== "") wanted.push({ q, sort: "", limit: DRAWN_MAX });
    wanted.push({ q: both(q, "state = running"), sort: "", limit: RUNS_MAX });
  }
  const here = new Set(loaded.map(({ id }) => keyOf(id)));
  const named = [...choice.added, ...choice.pinned, ...(choice.only ? [choice.only] : [])]
    .filter((key) => /^[0-9a-f]+$/.test(key) && !here.has(key))
    .slice(0, RUNS_MAX);
  if (named.length > 0) {
    const ids = named.map((key) => `id ~ "${key}"`).join(" or ");
    wanted.push({ q: both(q, ids), sort: "", limit: RUNS_MAX });
  }
  return wanted;
}

/** The runs that *wanted* finds, fetched again when the feed speaks of the project. */
export function useOthers(project: string, wanted: readonly Wanted[]): readonly RunSummary[] {
  const client = useQueryClient();
  const isAsking = wanted.length > 0;
  useEffect(() => {
    if (!isAsking) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = feed.onChanges((changes) => {
      if (!changes.some((change) => change.project === project)) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        void client.invalidateQueries({ queryKey: ["others", project] });
      }, CHANGES_INTERVAL_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [client, project, isAsking]);
  return useQueries({
    queries: wanted.map((one) => ({
      queryKey: ["others", project, one],
      queryFn: ({ signal }: { signal: AbortSignal }) => queryRuns({ project, ...one }, signal),
      placeholderData: keepPreviousData,
      staleTime: Infinity,
    })),
    combine: runsOf,
  });
}

function runsOf(answers: readonly { data: RunList | undefined }[]): RunSummary[] {
  return answers.flatMap(({ data }) => data?.runs ?? []);
}

/** Return *loaded* and those of *others* that are not in it. */
export function joined(
  loaded: readonly RunSummary[],
  others: readonly RunSummary[],
): readonly RunSummary[] {
  const byId = new Map([...others, ...loaded].map((run) => [run.id, run]));
  return byId.size === loaded.length ? loaded : [...byId.values()];
}
