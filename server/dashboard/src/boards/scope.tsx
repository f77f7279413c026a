// Which runs a dashboard, or one of its panels, shows.

import { createContext, useContext, useMemo, type ReactNode } from "react";

import { ApiError } from "../api/client";
import type { RunSummary } from "../api/types";
import type { ChartRun } from "../charts/ChartCard";
import { useRuns } from "../list/useRuns";
import { storedStyles } from "../list/useStyles";
import { useHeadline } from "../list/useHeadline";
import { headlines } from "../series/metrics";
import { useMetricNames } from "../series/useMetricNames";

/** Metrics offered as results and columns. */
const METRICS_MAX = 100;

export interface Scope {
  project: string;
  filter: string;
  /** The newest runs that the filter holds for, in pages of 200: the first. */
  runs: readonly RunSummary[];
  total: number;
  /** Of these the ones that charts draw. */
  drawn: readonly ChartRun[];
  /** The most that they draw. */
  drawnMax: number;
  drawnRuns: readonly RunSummary[];
  metrics: readonly string[];
  /** The most telling first. */
  headlines: readonly string[];
  isPending: boolean;
  /** Why there are none, where the server refused the filter or did not answer. */
  error: Error | null;
  isRefused: boolean;
  retry: () => void;
}

const ScopeContext = createContext<Scope | null>(null);

export function useScope(): Scope {
  const scope = useContext(ScopeContext);
  if (scope === null) throw new Error("a panel stands in the scope of its dashboard");
  return scope;
}

interface ScopeProps {
  project: string;
  filter: string;
  drawnMax: number;
  children: ReactNode;
}

export function ScopeProvider({ project, filter, drawnMax, children }: ScopeProps) {
  const { runs, total, isPending, error, refetch } = useRuns(project, filter);
  const drawnRuns = useMemo(() => runs.slice(0, drawnMax), [runs, drawnMax]);
  // Rebuilt at every notice; the charts need to know when their runs are others.
  const key = JSON.stringify(drawnRuns.map((run) => [run.id, run.name]));
  const drawn = useMemo<ChartRun[]>(() => {
    const named = JSON.parse(key) as [id: string, name: string][];
    const styles = storedStyles(
      project,
      named.map(([id]) => id),
    );
    return named.map(([id, label]) => ({ id, label, style: styles.get(id)! }));
  }, [project, key]);
  const own = useHeadline(project);
  const metrics = useMetricNames(drawnRuns);
  const scope = useMemo<Scope>(
    () => ({
      project,
      filter,
      runs,
      total,
      drawn,
      drawnMax,
      drawnRuns,
      metrics,
      headlines: headlines(runs, METRICS_MAX, own),
      isPending,
      error,
      isRefused: error instanceof ApiError && error.status === 422,
      retry: () => void refetch(),
    }),
    [
      project,
      filter,
      runs,
      total,
      drawn,
      drawnMax,
      drawnRuns,
      metrics,
      isPending,
      error,
      refetch,
      own,
    ],
  );
  return <ScopeContext value={scope}>{children}</ScopeContext>;
}
