// A run's checkpoints, as flags on the charts of the metrics that they were chosen by.

import { formatNumber, toNumber } from "../api/number";
import type { CheckpointSummary, RunSummary } from "../api/types";
import type { Flag } from "../charts/flags";
import { headlines } from "../series/metrics";

/** So many flags a chart has room for; the newest of those that hold no role are kept. */
const FLAGS_MAX = 200;

/** Return the metric that most checkpoints were chosen by, else the run's headline; "" if none. */
export function chosenBy(run: RunSummary, checkpoints: readonly CheckpointSummary[]): string {
  const counts = new Map<string, number>();
  for (const { monitor } of checkpoints)
    if (monitor) counts.set(monitor, (counts.get(monitor) ?? 0) + 1);
  const most = [...counts].sort(([, a], [, b]) => b - a)[0];
  return most?.[0] ?? headlines([run], 1)[0] ?? "";
}

/** Return the address of a run's checkpoint. */
export function checkpointAddress(run: string, checkpoint: string): string {
  return `/r/${run}/checkpoints?c=${checkpoint}`;
}

/**
 * Return the flags of *metric*: of the checkpoints that it chose, and, on the chart of *headline*,
 * of those that nothing chose. *describe* says in words what a checkpoint is.
 */
export function flagsOf(
  run: RunSummary,
  checkpoints: readonly CheckpointSummary[],
  metric: string,
  headline: string,
  describe: (checkpoint: CheckpointSummary, score: string) => string,
): Flag[] {
  const mine = checkpoints.filter(({ monitor }) =>
    monitor ? monitor === metric : metric === headline,
  );
  const rest = mine.filter(({ holds }) => !holds.includes("best")).slice(-FLAGS_MAX);
  const kept = new Set([...rest, ...mine.filter(({ holds }) => holds.includes("best"))]);
  return mine
    .filter((checkpoint) => kept.has(checkpoint))
    .map((checkpoint) => {
      const { id, step, time_ns, holds, metrics } = checkpoint;
      const score = metrics[metric] === undefined ? null : toNumber(metrics[metric]);
      return {
        id,
        place: { step, time: time_ns / 1e9, relative: (time_ns - run.started_ns) / 1e9 },
        value: score !== null && Number.isFinite(score) ? score : null,
        isBest: holds.includes("best"),
        label: describe(checkpoint, score === null ? "" : `${metric} ${formatNumber(score)}`),
        href: checkpointAddress(run.id, id),
      };
    });
}
