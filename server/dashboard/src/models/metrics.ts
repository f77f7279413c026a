import type { ModelVersion } from "../api/types";

/** Metrics that fit beside each other. */
const SHOWN_MAX = 6;

/** Return what versions are compared by: the metrics that chose them first, then their others. */
export function metricsOf(versions: readonly ModelVersion[]): string[] {
  const found = versions.flatMap(({ found }) => (found ? [found] : []));
  const chosen = found.map(({ monitor }) => monitor).filter(Boolean);
  const others = found.flatMap(({ metrics }) => Object.keys(metrics));
  return [...new Set([...chosen, ...others])].slice(0, SHOWN_MAX);
}
