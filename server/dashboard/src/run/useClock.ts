import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { fetchSamples } from "../api/client";
import type { Run } from "../api/types";
import type { Place } from "../charts/cursor";
import { clockOf, complete, type Clock } from "./clock";

/** So many steps of a run are known with their times. */
const SAMPLES = 1000;

/** Return when the run was at which step, by the metric that has most points; null without any. */
export function useClock(run: Run): Clock | null {
  const { id, metrics, started_ns } = run.summary;
  const [name, metric] = Object.entries(metrics).reduce<[string, { count: number }]>(
    (most, [name, { count }]) => (count > most[1].count ? [name, { count }] : most),
    ["", { count: 0 }],
  );
  // A run that has grown by a fiftieth is asked again.
  const version = Math.floor(Math.log(metric.count + 1) / Math.log(1.02));
  const query = useQuery({
    queryKey: ["clock", id, name, version],
    queryFn: ({ signal }) => fetchSamples(id, name, SAMPLES, signal),
    enabled: name !== "",
    placeholderData: (previous) => previous,
    staleTime: Infinity,
  });
  const { data } = query;
  return useMemo(
    () => (data?.series[0] ? clockOf(data.series[0], started_ns) : null),
    [data, started_ns],
  );
}

/** Return what makes a place on one axis a place on all that the clock knows. */
export function useCompletion(clock: Clock | null): (place: Place) => Place {
  return useMemo(
    () => (clock ? (place: Place) => complete(clock, place) : (place: Place) => place),
    [clock],
  );
}
