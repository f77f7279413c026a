// The runs of a project, patched as the feed says that they change.

import {
  keepPreviousData,
  useInfiniteQuery,
  useQueryClient,
  type InfiniteData,
} from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";

import { fetchRun, fetchRuns } from "../api/client";
import { feed } from "../api/feed";
import type { RunList, RunSummary } from "../api/types";

/** More changed runs than this at once are cheaper as a list. */
const SINGLES_MAX = 8;
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
      const ids = [...changed];
      changed.clear();
      try {
        if (ids.length > SINGLES_MAX) return await client.invalidateQueries({ queryKey: key });
        const runs = await Promise.all(ids.map((id) => fetchRun(id)));
        for (const run of runs) client.setQueryData(["run", run.summary.id], run);
        // Whether they belong to a filter's answer, and where, only the server knows.
        if (!isPlain) return await client.invalidateQueries({ queryKey: key });
        client.setQueryData<InfiniteData<RunList, string | null>>(
          key,
          (list) =>
            list &&
            patched(
              list,
              runs.map((run) => run.summary),
            ),
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

/** Return the list with these runs replaced in place, and new ones in front: the list is newest first. */
export function patched(
  list: InfiniteData<RunList, string | null>,
  fresh: readonly RunSummary[],
): InfiniteData<RunList, string | null> {
  const byId = new Map(fresh.map((run) => [run.id, run]));
  const pages = list.pages.map((page) => ({
    ...page,
    runs: page.runs.map((run) => {
      const newer = byId.get(run.id);
      byId.delete(run.id);
      return newer ?? run;
    }),
  }));
  const added = [...byId.values()].sort((a, b) => b.started_ns - a.started_ns);
  const [first, ...others] = pages;
  if (!first || added.length === 0) return { ...list, pages };
  return { ...list, pages: [{ ...first, runs: [...added, ...first.runs] }, ...others] };
}
