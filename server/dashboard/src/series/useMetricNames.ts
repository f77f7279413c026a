// The names of all metrics of some runs. A run comes with its first thousand metrics; of one that
// has more the names are fetched apart.

import { useQueries, type UseQueryResult } from "@tanstack/react-query";
import { useMemo } from "react";

import { fetchMetricNames } from "../api/client";
import type { MetricNames, RunSummary } from "../api/types";

/** New metrics of a run that goes on show up after so long. */
const REFRESH_MS = 10_000;

/** Return the names of the runs' metrics, sorted; the same array as long as they are the same. */
export function useMetricNames(runs: readonly RunSummary[]): string[] {
  const fetched = useQueries({
    queries: runs
      .filter((run) => run.has_more_metrics)
      .map(({ id, state }) => ({
        queryKey: ["metric-names", id],
        queryFn: ({ signal }: { signal: AbortSignal }) => fetchMetricNames(id, signal),
        staleTime: REFRESH_MS,
        refetchInterval: state === "running" ? REFRESH_MS : (false as const),
      })),
    combine: namesOf,
  });
  // A run is rebuilt at every notice; what depends on names needs to know when these change.
  const key = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))].sort().join("\n");
  return useMemo(() => {
    const listed = key ? key.split("\n") : [];
    return fetched.length > 0 ? [...new Set([...listed, ...fetched])].sort() : listed;
  }, [key, fetched]);
}

function namesOf(results: UseQueryResult<MetricNames>[]): string[] {
  return results.flatMap((result) => result.data?.names ?? []);
}
