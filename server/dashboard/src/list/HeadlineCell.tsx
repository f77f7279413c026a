import { useCallback, useSyncExternalStore } from "react";

import { SPARK_PX, type Sparks } from "./sparks";

/** Between which values the bars of a column stand. */
export interface BarRange {
  low: number;
  high: number;
}

interface HeadlineCellProps {
  run: string;
  text: string;
  value: number | null;
  range: BarRange | null;
  sparks: Sparks | null;
}

/** A number with its course before it, and below it a bar that says where among all rows it is. */
export function HeadlineCell({ run, text, value, range, sparks }: HeadlineCellProps) {
  return (
    <>
      {sparks && <Spark run={run} sparks={sparks} />}
      {text}
      {value !== null && range && (
        <i className="mini-bar" style={{ width: `${(100 * shareOf(value, range)).toFixed(1)}%` }} />
      )}
    </>
  );
}

/** Return where in a range a value is, between 0 and 1. */
export function shareOf(value: number, { low, high }: BarRange): number {
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
}

/**
 * Return the range of bars: without the twentieth of *values* at either end, so that one run that
 * diverged does not make all others alike; null where there is none.
 */
export function rangeOf(values: readonly number[]): BarRange | null {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const cut = Math.floor(sorted.length / 20);
  const low = sorted[cut];
  const high = sorted[sorted.length - 1 - cut];
  return low !== undefined && high !== undefined && low < high ? { low, high } : null;
}

function Spark({ run, sparks }: { run: string; sparks: Sparks }) {
  const path = useSyncExternalStore(
    useCallback((listener: () => void) => sparks.onChange(run, listener), [run, sparks]),
    () => sparks.get(run),
  );
  return (
    <svg className="spark" width={SPARK_PX} height="16" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
