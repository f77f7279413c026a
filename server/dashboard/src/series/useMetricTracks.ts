import { useMemo } from "react";

import { useMappedTracks } from "./useMappedTracks";
import type { TracksWanted } from "./useTracks";

/** A metric, and how many points the runs' summaries count of it. */
export type CountedMetric = Pick<TracksWanted, "name" | "points">;

/**
 * The tracks of one chart of several metrics, once all are there. How many metrics there are must
 * not change while the chart is: it is another chart then.
 */
export function useMetricTracks(
  metrics: readonly CountedMetric[],
  wanted: Omit<TracksWanted, keyof CountedMetric>,
  by: string | null,
  isVisible: boolean,
) {
  const queries = metrics.map((metric) =>
    useMappedTracks({ ...wanted, ...metric }, by, isVisible && metric.name !== ""),
  );
  const parts = queries.map((query) => query.data);
  const data = useMemo(
    () => (parts.every((part) => part !== undefined) ? parts.flat() : undefined),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- one for each metric
    parts,
  );
  return {
    data,
    error: queries.find((query) => query.error)?.error ?? null,
    isFetching: queries.some((query) => query.isFetching),
    refetch: () => Promise.all(queries.map((query) => query.refetch())),
  };
}
