// Smoothing that follows the data's own spacing.

/**
 * Return *values* smoothed by a debiased exponential moving average; NaN stays NaN.
 *
 * The weight decays with the distance in x, measured in median spacings, so a curve with uneven
 * steps is not bent where its points are dense. *amount* is in [0, 1); 0 returns *values*.
 */
export function smooth(x: Float64Array, values: Float64Array, amount: number): Float64Array {
  if (amount <= 0 || values.length < 3) return values;
  const spacing = medianSpacing(x);
  const smoothed = new Float64Array(values.length);
  let [average, weight, previous] = [0, 0, NaN];
  values.forEach((value, index) => {
    if (!Number.isFinite(value)) {
      smoothed[index] = NaN;
      return;
    }
    const here = x[index]!;
    const steps = Number.isNaN(previous) ? 1 : (here - previous) / spacing;
    const decay = amount ** Math.max(steps, 1e-9);
    average = average * decay + value * (1 - decay);
    weight = weight * decay + (1 - decay);
    smoothed[index] = average / weight;
    previous = here;
  });
  return smoothed;
}

function medianSpacing(x: Float64Array): number {
  const gaps = new Float64Array(x.length - 1);
  for (let index = 1; index < x.length; index += 1) gaps[index - 1] = x[index]! - x[index - 1]!;
  gaps.sort();
  return gaps[gaps.length >> 1]! || 1;
}
