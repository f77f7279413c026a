// How lines are smoothed, as the address and the API say it: `twema:0.6`, `gauss:5`, `mean:20`.

export const KINDS = ["twema", "gauss", "mean"] as const;
export type Kind = (typeof KINDS)[number];

export interface Smoothing {
  kind: Kind;
  /**
   * twema: what is left of a weight after one span. gauss: its standard deviation, mean: its width,
   * in spans. A span is a thousandth of the series; for twema not less than the distance between
   * its points. 0: as it is.
   */
  amount: number;
}

/** What the keys go through, and the most that there can be. */
export const STOPS: Record<Kind, readonly number[]> = {
  twema: [0, 0.3, 0.6, 0.9, 0.99],
  gauss: [0, 2, 5, 15, 50],
  mean: [0, 5, 15, 50, 150],
};

export const NOT_SMOOTHED: Smoothing = { kind: "twema", amount: 0 };

/** Return what *text* says; a number alone is what is left of a weight. What says nothing is 0. */
export function parseSmoothing(text: string): Smoothing {
  const [kind, amount] = text.includes(":") ? text.split(":") : ["twema", text];
  const known = KINDS.find((one) => one === kind);
  if (!known) return NOT_SMOOTHED;
  const number = Number(amount);
  const most = STOPS[known].at(-1)!;
  return { kind: known, amount: Number.isFinite(number) ? Math.min(most, Math.max(0, number)) : 0 };
}

/** Return the text of *smoothing*; null where nothing is smoothed, in the way that comes first. */
export function writeSmoothing({ kind, amount }: Smoothing): string | null {
  return amount > 0 || kind !== "twema" ? `${kind}:${amount}` : null;
}

/** Return what the server is asked for. */
export function askedSmoothing(smoothing: Smoothing): string | null {
  return smoothing.amount > 0 ? writeSmoothing(smoothing) : null;
}

/**
 * Return *values* smoothed in the browser; NaN stays NaN. It is what is seen of lines that no server
 * knows, means of groups say, and of the others until its answer is there.
 *
 * Distances are measured in median spacings, so a curve is not bent where its points are dense.
 */
export function smooth(
  x: Float64Array,
  values: Float64Array,
  { kind, amount }: Smoothing,
): Float64Array {
  if (amount <= 0 || values.length < 3) return values;
  const span = (x[x.length - 1]! - x[0]!) / 1000;
  if (kind === "twema") return decaying(x, values, amount, medianSpacing(x));
  const reach = kind === "gauss" ? 4 * amount * span : (amount * span) / 2;
  const weigh = (distance: number) =>
    kind === "gauss" ? Math.exp(-0.5 * (distance / (amount * span)) ** 2) : 1;
  return around(x, values, reach, weigh);
}

function decaying(
  x: Float64Array,
  values: Float64Array,
  amount: number,
  spacing: number,
): Float64Array {
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

function around(
  x: Float64Array,
  values: Float64Array,
  reach: number,
  weigh: (distance: number) => number,
): Float64Array {
  let first = 0;
  return values.map((own, index) => {
    if (!Number.isFinite(own)) return NaN;
    while (x[first]! < x[index]! - reach) first += 1;
    let [total, weight] = [0, 0];
    for (let at = first; at < x.length && x[at]! <= x[index]! + reach; at += 1) {
      if (!Number.isFinite(values[at])) continue;
      const share = weigh(x[at]! - x[index]!);
      total += values[at]! * share;
      weight += share;
    }
    return total / weight;
  });
}

function medianSpacing(x: Float64Array): number {
  const gaps = new Float64Array(x.length - 1);
  for (let index = 1; index < x.length; index += 1) gaps[index - 1] = x[index]! - x[index - 1]!;
  gaps.sort();
  return gaps[gaps.length >> 1]! || 1;
}
