// Which colour a run has, by where its result stands on the axis.

import type { Axis } from "./axes";

/** Steps of the ramp in base.css. */
export const RAMP_STEPS = 12;
/** Of a run without a result. */
export const NO_STEP = RAMP_STEPS;

/** Return each run's step of the ramp. */
export function stepsOf(axis: Axis | undefined, count: number): Uint8Array {
  const steps = new Uint8Array(count).fill(NO_STEP);
  axis?.places.forEach((place, run) => {
    if (place >= 0) steps[run] = Math.min(RAMP_STEPS - 1, Math.floor(place * RAMP_STEPS));
  });
  return steps;
}

/** Return the CSS variable of a step. */
export function inkOf(step: number): string {
  return step === NO_STEP ? "--ink-2" : `--ramp-${step}`;
}

/** Return the order to draw runs in: those not selected, then the others, the best on top. */
export function drawingOrder(
  axis: Axis | undefined,
  selected: Uint8Array,
  isLessBetter: boolean,
): Uint32Array {
  const sign = isLessBetter ? -1 : 1;
  const rank = (run: number) => sign * (axis && axis.places[run]! >= 0 ? axis.places[run]! : -sign);
  return Uint32Array.from(selected, (_, run) => run).sort(
    (a, b) => selected[a]! - selected[b]! || rank(a) - rank(b),
  );
}
