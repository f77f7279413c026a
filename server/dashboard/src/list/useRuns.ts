// The runs of a project, patched as the feed says that they change.

import {
  keepPreviousData,
  useInfiniteQuery,
  useQueryClient,
  type InfiniteData,
} from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";

import { fetchRuns } from "../api/client";
import { feed } from "../api/feed";
import type { RunList, RunSummary } from "../api/types";

/** More changed runs than this at once are cheaper as a list. */
const SINGLES_MAX = 100;
const PATCH_INTERVAL_MS = 700;
const SILENCE_INTERVAL_MS = 30_000;

/**
 * The project's runs for which the filter *q* holds, page by page in the server's order *sort*. Where
 * the filter is refused, the runs are those of the last one that was not. `known` are the most runs
 * that were seen, whatever the filter.
 */
export function useRuns(project: string, q = "", sort = "") {
  const client = useQueryClient();
  const key = useMemo(() => ["runs", project, q, sort], [project, q, sort]);
  const isPlain = q === "" && sort === "";
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => fetchRuns(project, { q, sort }, pageParam, signal),
    placeholderData: keepPreviousData,
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    staleTime: Infinity,
  });

  useEffect(() => {
    const changed = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patch = async () => {
      timer = undefined;
      // An older list that is still on its way would undo what is patched now.
      if (client.getQueryState(key)?.fetchStatus === "fetching") {
        timer = setTimeout(() => void patch(), PATCH_INTERVAL_MS);
        return;
      }
      const ids = [...changed];
      changed.clear();
      try {
        // Whether they belong to a filter's answer, and where, only the server knows.
        if (!isPlain || ids.length > SINGLES_MAX)
          return await client.invalidateQueries({ queryKey: key });
        // As a list: what was deleted or put away meanwhile is not in it.
        const here = `id in [${ids.map((id) => JSON.stringify(id)).join(", ")}]`;
        const { runs } = await fetchRuns(project, { q: here, sort: "" }, null);
        client.setQueryData<InfiniteData<RunList, string | null>>(
          key,
          (list) => list && patched(list, ids, runs),
        );
      } catch {
        for (const id of ids) changed.add(id); // with the next notice
      }
    };
    const stop = feed.onChanges((changes, isReset) => {
      if (isReset) return void client.invalidateQueries({ queryKey: key });
      for (const change of changes) if (change.project === project) changed.add(change.id);
      if (changed.size > 0) timer ??= setTimeout(() => void patch(), PATCH_INTERVAL_MS);
    });
    // Silence is no change, so the feed does not speak of it: the runs that seem live are asked after.
    const rounds = setInterval(() => {
      const list = client.getQueryData<InfiniteData<RunList>>(key);
      const runs = list?.pages.flatMap((page) => page.runs) ?? [];
      for (const run of runs) if (run.state === "running") changed.add(run.id);
      if (changed.size > 0) timer ??= setTimeout(() => void patch(), PATCH_INTERVAL_MS);
    }, SILENCE_INTERVAL_MS);
    return () => {
      stop();
      clearInterval(rounds);
      clearTimeout(timer);
    };
  }, [client, key, project, isPlain]);

  const last = useRef(query.data);
  if (query.data) last.current = query.data;
  const list = query.data ?? last.current;
  const runs = useMemo(() => (list?.pages ?? []).flatMap((page) => page.runs), [list]);
  const known = useRef(runs);
  if (q === "" || runs.length > known.current.length) known.current = runs;
  const { total = runs.length, unknown = [] } = list?.pages[0] ?? {};
  return { ...query, runs, total: Math.max(total, runs.length), unknown, known: known.current };
}

/**
 * Return the list after runs *changed*, of which *fresh* are in the list now: replaced in place, new
 * ones in front (the list is newest first), the others gone.
 */
export function patched(
  list: InfiniteData<RunList, string | null>,
  changed: readonly string[],
  fresh: readonly RunSummary[],
): InfiniteData<RunList, string | null> {
  const byId = new Map(fresh.map((run) => [run.id, run]));
  const gone = new Set(changed.filter((id) => !byId.has(id)));
  const pages = list.pages.map((page) => ({
    ...page,
    runs: page.runs.flatMap((run) => {
      if (gone.has(run.id)) return [];
      const newer = byId.get(run.id);
      byId.delete(run.id);
      return [newer ?? run];
    }),
  }));
  const added = [...byId.values()].sort((a, b) => b.started_ns - a.started_ns);
  const [first, ...others] = pages;
  if (!first) return list;
  const count = (some: { runs: readonly RunSummary[] }[]) =>
    some.reduce((sum, page) => sum + page.runs.length, 0);
  const total = first.total + count(pages) - count(list.pages) + added.length;
  return { ...list, pages: [{ ...first, total, runs: [...added, ...first.runs] }, ...others] };
}
