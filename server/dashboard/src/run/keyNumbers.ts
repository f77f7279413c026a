// A few numbers that say how a run goes: its best result, its pace, what it takes of the machine.

import { toNumber } from "../api/number";
import type { Track } from "../api/columns";
import type { MetricSummary, Run } from "../api/types";
import { directionOf, type Headline } from "../series/metrics";
import { stepAt, type Clock } from "./clock";

/** Where the best value of a metric is looked for, and how much finer each look is. */
export const LOOK_BUCKETS = 400;

export interface Best {
  value: number;
  direction: "min" | "max";
}

/** Return the best value of a metric; null where nobody knows what is better, or none is finite. */
export function bestOf(
  name: string,
  metric: MetricSummary,
  own: Headline | null = null,
): Best | null {
  const direction = directionOf(name, own);
  const value = direction && metric[direction];
  return direction && value !== null ? { value: toNumber(value), direction } : null;
}

/**
 * Return the window of steps that holds the first point of *value*, as [step, step] once it is
 * known exactly; null where no bucket has it.
 */
export function placeOfBest(
  tracks: readonly Track[],
  { value, direction }: Best,
): [from: number, to: number] | null {
  for (const track of tracks) {
    if (track.isSuperseded) continue;
    const at = track[direction].indexOf(value);
    if (at < 0) continue;
    const { x, counts } = track;
    if (counts[at] === 1) return [x[at]!, x[at]!];
    // A bucket's own place is the middle of its points: they lie between those of its neighbours.
    return [x[at - 1] ?? -Infinity, x[at + 1] ?? Infinity];
  }
  return null;
}

/** The last part of a run that its present pace is taken of. */
const RECENT = 0.1;
const RECENT_S_MIN = 60;

/** Return steps per second: of late where the run *isRunning*, else on the whole; null if unknown. */
export function paceOf(clock: Clock, isRunning: boolean): number | null {
  const { seconds, steps } = clock;
  const last = seconds.length - 1;
  if (last < 1) return null;
  const recent = Math.max(RECENT_S_MIN, RECENT * (seconds[last]! - seconds[0]!));
  const from = isRunning ? Math.max(seconds[0]!, seconds[last]! - recent) : seconds[0]!;
  const begun = stepAt(clock, from);
  if (begun === null || seconds[last]! <= from) return null;
  const pace = (steps[last]! - begun) / (seconds[last]! - from);
  return pace > 0 ? pace : null;
}

/** Names under which frameworks and people say how many updates there will be. */
const STEPS = ["max_steps", "total_steps", "num_train_steps", "train_steps", "max_iters"];
const EPOCHS = ["epochs", "num_epochs", "max_epochs", "num_train_epochs"];
const EPOCH_STEPS = ["steps_per_epoch", "batches_per_epoch"];
const ACCUMULATED = ["accumulate_grad_batches", "gradient_accumulation_steps"];

/** Return how many steps the run is to take, as far as it has said so; null where it has not. */
export function plannedSteps(run: Run): number | null {
  // The shortest key says most: "max_steps" before "trainer.max_steps" before what is further down.
  const known = Object.entries(run.summary.params).sort(([a], [b]) => a.length - b.length);
  const find = (names: readonly string[]) => {
    for (const name of names)
      for (const [key, value] of known)
        if (key === name || key.endsWith(`.${name}`))
          if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
    return null;
  };
  const steps = find(STEPS);
  if (steps !== null) return steps;
  const [epochs, each] = [find(EPOCHS), find(EPOCH_STEPS)];
  if (epochs === null || each === null) return null;
  return Math.ceil((epochs * each) / (find(ACCUMULATED) ?? 1));
}

/** Return the seconds that are left at this pace; null where that cannot be told. */
export function secondsLeft(step: number | null, planned: number | null, pace: number | null) {
  if (step === null || planned === null || pace === null || step >= planned) return null;
  return (planned - step) / pace;
}

const GPU_USE = /^sys\/gpu\.\d+\.utilization_percent(@|$)/;
const GPU_MEMORY = /^sys\/gpu\.\d+\.(memory_used|memory|process_memory)_bytes(@|$)/;
const OWN_MEMORY = /^sys\/process\.memory_bytes(@|$)/;

/** Return the series whose mean says how busy the GPUs were. */
export function gpuUse(run: Run): string[] {
  return Object.keys(run.devices).filter((name) => GPU_USE.test(name));
}

/** Return the most bytes that any GPU, and the processes of any host, have held; null if unknown. */
export function peakMemory(run: Run): { gpu: number | null; host: number | null } {
  const most = (pattern: RegExp) =>
    Object.entries(run.devices).reduce<number | null>((high, [name, { max }]) => {
      const value = pattern.test(name) && max !== null ? toNumber(max) : null;
      return value === null ? high : Math.max(high ?? 0, value);
    }, null);
  return { gpu: most(GPU_MEMORY), host: most(OWN_MEMORY) };
}

/** Return the mean of all finite points of *tracks*; null without any. */
export function meanOf(tracks: readonly Track[]): number | null {
  let [sum, count] = [0, 0];
  for (const track of tracks)
    track.mean.forEach((mean, at) => {
      const good = track.counts[at]! - track.bads[at]!;
      if (good <= 0) return;
      sum += mean * good;
      count += good;
    });
  return count > 0 ? sum / count : null;
}
