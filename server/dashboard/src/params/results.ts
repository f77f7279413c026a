// Results: which number of a metric stands for how a run went.

import { keyText } from "../list/filterText";
import { directionOf, type Headline } from "../series/metrics";

export const STATISTICS = ["last", "best", "min", "max"] as const;
export type Statistic = (typeof STATISTICS)[number];

export interface Result {
  key: string; // as the filter writes it
  metric: string; // "" where it is no metric of these runs
  statistic: Statistic;
}

/** Return the key of a metric's statistic. */
export function resultKey(metric: string, statistic: Statistic): string {
  return keyText("metrics", metric) + (statistic === "last" ? "" : `.${statistic}`);
}

/** Return what the address' *key* means, or else the best of the most telling of *metrics*. */
export function resultOf(
  metrics: readonly string[],
  key: string | null,
  own: Headline | null = null,
): Result | null {
  if (key !== null) {
    for (const metric of metrics)
      for (const statistic of STATISTICS)
        if (resultKey(metric, statistic) === key) return { key, metric, statistic };
    return { key, metric: "", statistic: "last" };
  }
  const metric = metrics[0];
  if (metric === undefined) return null;
  // Where nobody knows what is better, "best" would be the least of it.
  const direction = directionOf(metric, own);
  // The server knows what is best by the name alone.
  const best = direction === directionOf(metric) ? "best" : direction;
  const statistic = direction === null || best === null ? "last" : best;
  return { key: resultKey(metric, statistic), metric, statistic };
}
