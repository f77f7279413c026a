// Columns of the project's runs, fetched again some seconds after the feed spoke of one.

import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { fetchColumns, fetchVarying } from "../api/client";
import { feed } from "../api/feed";

const INTERVAL_MS = 5000;

/** The parameters that tell the project's runs apart. */
export function useVarying(project: string) {
  return useQuery({
    queryKey: ["varying", project],
    queryFn: ({ signal }) => fetchVarying(project, "", signal),
    staleTime: INTERVAL_MS,
  });
}

/** Whether the server takes the filter, and which of its keys no run has. */
export function useChecked(project: string, q: string) {
  return useQuery({
    queryKey: ["filter", project, q],
    queryFn: ({ signal }) => fetchColumns({ project, q, keys: "", limit: 1 }, signal),
    staleTime: INTERVAL_MS,
  });
}

/** Values of *keys*; where the filter is refused, those of the last one that was not. */
export function useColumns(project: string, q: string, keys: readonly string[], isOn: boolean) {
  const client = useQueryClient();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = feed.onChanges((changes, isReset) => {
      if (!isReset && !changes.some((change) => change.project === project)) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        void client.invalidateQueries({ queryKey: ["columns", project] });
      }, INTERVAL_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [client, project]);
  const query = useQuery({
    queryKey: ["columns", project, q, ...keys],
    queryFn: async ({ signal }) => ({
      keys,
      ...(await fetchColumns({ project, q, keys: keys.join(",") }, signal)),
    }),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    enabled: isOn,
  });
  const last = useRef(query.data);
  if (query.data) last.current = query.data;
  return { ...query, data: query.data ?? last.current };
}
