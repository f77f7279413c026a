// A project's rules as a form has them, and what they say of names.

import type { DevicePrice, KeySummary, ProjectRules, RulesEdit } from "../api/types";

export interface Draft {
  /** One pattern a line. */
  patterns: string;
  detail: ProjectRules["detail"];
  afterDays: string;
  keep: string;
  /** Empty: found by its name. */
  headline: string;
  better: ProjectRules["better"];
  /** A device and its price an hour on each line. */
  prices: string;
  currency: string;
}

export const DETAILS: readonly ProjectRules["detail"][] = ["full", "reduced", "archive"];
const DAYS_MAX = 36_500;

export function draftOf(rules: ProjectRules): Draft {
  return {
    patterns: rules.metrics.join("\n"),
    detail: rules.detail,
    afterDays: String(rules.after_days),
    keep: rules.keep,
    headline: rules.headline,
    better: rules.better,
    prices: rules.prices.map(({ device, per_hour }) => `${device} ${per_hour}`).join("\n"),
    currency: rules.currency,
  };
}

/** Return the patterns that *text* has, one a line; blank lines are none. */
export function patternsOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

/** Return the prices that *text* has, one a line; of a line without one only its number. */
export function pricesOf(text: string): (DevicePrice | number)[] {
  return text.split("\n").flatMap((line, at) => {
    if (!line.trim()) return [];
    const [, device, price] = /^\s*(.+?)\s+(\d+(?:\.\d+)?)\s*$/.exec(line) ?? [];
    return [device === undefined ? at + 1 : { device, per_hour: Number(price) }];
  });
}

/** Return what the server is told; null while the days are none, or a line has no price. */
export function editOf(project: string, draft: Draft): RulesEdit | null {
  const days = Number(draft.afterDays);
  if (!Number.isInteger(days) || days < 1 || days > DAYS_MAX) return null;
  const prices = pricesOf(draft.prices).filter((price) => typeof price !== "number");
  if (prices.length < pricesOf(draft.prices).length) return null;
  return {
    project,
    metrics: patternsOf(draft.patterns),
    detail: draft.detail,
    after_days: days,
    keep: draft.keep.trim(),
    headline: draft.headline.trim(),
    better: draft.headline.trim() ? draft.better : "",
    prices,
    currency: draft.currency.trim(),
  };
}

/** Tell whether *name* fits one of *patterns*, in which * stands for any characters. */
export function fits(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const parts = pattern.split("*");
    if (parts.length === 1) return name === pattern;
    const [first, last] = [parts[0]!, parts[parts.length - 1]!];
    if (!name.startsWith(first) || !name.endsWith(last)) return false;
    // Each part as early as it can be: no backtracking, whatever the pattern is.
    let from = first.length;
    for (const part of parts.slice(1, -1)) {
      const at = name.indexOf(part, from);
      if (at < 0) return false;
      from = at + part.length;
    }
    return name.length - last.length >= from;
  });
}

export interface Named {
  name: string;
  runs: number;
}

/** Return the metrics among *keys*, as the server lists what runs have. */
export function metricsOf(keys: readonly KeySummary[]): Named[] {
  return keys.flatMap(({ key, runs }) => {
    if (key.startsWith("metrics.")) return [{ name: key.slice("metrics.".length), runs }];
    const quoted = /^metrics\[(".*")\]$/.exec(key)?.[1];
    return quoted === undefined ? [] : [{ name: JSON.parse(quoted) as string, runs }];
  });
}
