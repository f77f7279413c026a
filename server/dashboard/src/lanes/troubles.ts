// Where a device was in trouble: nothing to do, no memory left, too hot to run at its pace.

import type { Track } from "../api/columns";
import type { Phase } from "./phases";
import { piecesOf, spacingOf } from "./trace";

/** What keeps a GPU's clocks down, as the agent names it. */
export const SLOWDOWNS = ["thermal", "hardware", "power"] as const;
export type Slowdown = (typeof SLOWDOWNS)[number];
export type TroubleKind = "idle" | "full" | "hot" | Slowdown;

export interface Trouble extends Phase {
  kind: TroubleKind;
}

interface Rule {
  kind: TroubleKind;
  of: RegExp; // a series, without "sys/" and the host
  /** Whether a mean is trouble; *high* is all there is. */
  holds: (mean: number, high: number) => boolean;
  seconds: number; // less than this is nothing
}

const FULL = 0.95;
/** Above it GPUs of data centres take their clocks back. */
const HOT_CELSIUS = 87;

const RULES: readonly Rule[] = [
  {
    kind: "idle",
    of: /^gpu\.\d+\.utilization_percent$/,
    holds: (mean) => mean < 30,
    seconds: 60,
  },
  {
    kind: "full",
    of: /^(memory\.percent|gpu\.\d+\.memory(_used)?_bytes)$/,
    holds: (mean, high) => mean > FULL * high,
    seconds: 0,
  },
  {
    kind: "hot",
    of: /^gpu\.\d+\.temperature_celsius$/,
    holds: (mean) => mean >= HOT_CELSIUS,
    seconds: 0,
  },
  ...SLOWDOWNS.map((kind) => ({
    kind,
    of: new RegExp(`^gpu\\.\\d+\\.slowed_by_${kind}$`),
    holds: (mean: number) => mean > 0, // in any sample of the bucket
    seconds: 0,
  })),
];

/**
 * Return where the series called *name* was in trouble, in order of time. *high* is all there is of
 * it; null where nobody knows, and then nothing is full.
 */
export function troublesOf(name: string, track: Track, high: number | null): Trouble[] {
  const path = name.replace(/^sys\//, "").replace(/@[^@]*$/, "");
  const rule = RULES.find(({ of }) => of.test(path));
  if (!rule || (rule.kind === "full" && high === null)) return [];
  const half = spacingOf(track.x) / 2;
  const troubles: Trouble[] = [];
  for (const [first, last] of piecesOf(track.x)) {
    let open: Trouble | null = null;
    for (let at = first; at <= last; at += 1) {
      const [x, mean] = [track.x[at]!, track.mean[at]!];
      if (!Number.isFinite(mean) || !rule.holds(mean, high ?? Infinity)) open = null;
      else if (open) open.to = x + half;
      else troubles.push((open = { kind: rule.kind, from: x - half, to: x + half }));
    }
  }
  return troubles.filter(({ from, to }) => to - from >= rule.seconds);
}

/** Return how long a series was in trouble in all, in seconds. */
export function troubledS(troubles: readonly Trouble[]): number {
  return troubles.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** A process that does less than this share of the median one's work is behind. */
const BEHIND = 0.7;

/** Return which of several means are far below the median one. */
export function stragglersOf(means: readonly (number | null)[]): boolean[] {
  const known = means.filter((mean) => mean !== null).sort((a, b) => a - b);
  const median = known[known.length >> 1] ?? 0;
  return means.map((mean) => known.length > 1 && mean !== null && mean < BEHIND * median);
}
