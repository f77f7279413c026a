import { useEffect, useMemo } from "react";

import { fetchTracks } from "../api/client";
import type { RunSummary } from "../api/types";
import { pathsOf, SPARK_BUCKETS, stampOf, Sparks } from "./sparks";

/** While rows go by nothing is asked for, and the first rows are there before it is. */
const REST_MS = 150;
/** The API's bound on runs in one query. */
const RUNS_MAX = 200;

/** Lines of *metric* for the runs that are on screen, asked for together once the table rests. */
export function useSparks(metric: string | null, runs: readonly RunSummary[]): Sparks | null {
  const sparks = useMemo(() => (metric === null ? null : new Sparks()), [metric]);
  const wanted =
    sparks && metric !== null
      ? runs
          .filter((run) => metric in run.metrics && !sparks.has(run.id, stampOf(run, metric)))
          .slice(0, RUNS_MAX)
          .map((run) => `${run.id} ${stampOf(run, metric)}`)
          .join(",")
      : "";
  useEffect(() => {
    if (!sparks || metric === null || wanted === "") return;
    const ending = new AbortController();
    const timer = setTimeout(() => {
      const stamps = new Map(
        wanted.split(",").map((one) => {
          const [id = "", stamp] = one.split(" ");
          return [id, Number(stamp)] as const;
        }),
      );
      const query = { runs: [...stamps.keys()], names: [metric], buckets: SPARK_BUCKETS };
      fetchTracks({ ...query, x: "step", start: null, end: null }, ending.signal).then(
        (tracks) => {
          const paths = pathsOf(tracks);
          for (const [id, stamp] of stamps) sparks.put(id, stamp, paths.get(id) ?? "");
        },
        () => undefined, // a decoration; it is asked for with the next rows
      );
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  }, [sparks, metric, wanted]);
  return sparks;
}
