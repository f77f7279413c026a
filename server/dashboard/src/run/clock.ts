// When a run was at which step, and the other way round.

import type { Place } from "../charts/cursor";

/** Steps and the times at which they were measured, in seconds since the run began. */
export interface Clock {
  startedS: number; // since the epoch
  seconds: Float64Array; // ascending
  steps: Float64Array; // at these; they go back where training was taken up again further back
  isPast: Uint8Array; // 1: a later attempt went over this step again
}

interface Samples {
  step: readonly number[];
  time_ns: readonly number[];
  is_superseded: readonly boolean[];
}

/** Return the clock of a run that began at *startedNs*, by samples of one of its metrics. */
export function clockOf(samples: Samples, startedNs: number): Clock {
  const order = samples.time_ns
    .map((_, index) => index)
    .sort((a, b) => samples.time_ns[a]! - samples.time_ns[b]!);
  return {
    startedS: startedNs / 1e9,
    seconds: Float64Array.from(order, (at) => (samples.time_ns[at]! - startedNs) / 1e9),
    steps: Float64Array.from(order, (at) => samples.step[at]!),
    isPast: Uint8Array.from(order, (at) => Number(samples.is_superseded[at]!)),
  };
}

/**
 * Return the step that the run was at, so many *seconds* after it began; null before the first and
 * after the last one that is known. Between two of them it is taken to go on evenly.
 */
export function stepAt({ seconds, steps }: Clock, at: number): number | null {
  const last = seconds.length - 1;
  if (last < 0 || at < seconds[0]! || at > seconds[last]!) return null;
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (seconds[middle]! <= at) low = middle;
    else high = middle;
  }
  const span = seconds[high]! - seconds[low]!;
  // Where training went back to an earlier step there is nothing in between.
  if (span <= 0 || steps[high]! < steps[low]!) return steps[low]!;
  return Math.round(steps[low]! + ((steps[high]! - steps[low]!) * (at - seconds[low]!)) / span);
}

/** Return when the run was at *step*, the last time that it was; null where that is not known. */
export function secondsAt({ seconds, steps, isPast }: Clock, step: number): number | null {
  let before = -1;
  let after = -1;
  for (let at = 0; at < steps.length; at += 1) {
    if (isPast[at]) continue;
    if (steps[at]! <= step && (before < 0 || steps[at]! >= steps[before]!)) before = at;
    if (steps[at]! >= step && (after < 0 || steps[at]! < steps[after]!)) after = at;
  }
  if (before < 0 || after < 0) return null;
  const span = steps[after]! - steps[before]!;
  if (span <= 0) return seconds[before]!;
  return seconds[before]! + ((seconds[after]! - seconds[before]!) * (step - steps[before]!)) / span;
}

/** Return *place* with what else is known of it: its step, or its time. */
export function complete(clock: Clock, place: Place): Place {
  const { startedS } = clock;
  const known =
    place.relative ?? (place.time === undefined ? undefined : place.time - startedS) ?? null;
  const relative = known ?? (place.step === undefined ? null : secondsAt(clock, place.step));
  const step = place.step ?? (relative === null ? null : stepAt(clock, relative));
  return {
    ...place,
    ...(relative === null ? {} : { relative, time: relative + startedS }),
    ...(step === null ? {} : { step }),
  };
}
