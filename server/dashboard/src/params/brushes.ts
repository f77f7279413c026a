// Brushes: parts of axes that were chosen. They are conditions of the filter, and nothing else.

import type { ParamValue } from "../api/types";
import { termsOf, valueText, withTerm } from "../list/filterText";
import { valueAt, type Axis } from "./axes";

export type Brush =
  | { kind: "range"; low: number | null; high: number | null } // ends included
  | { kind: "kinds"; values: readonly ParamValue[] }
  | { kind: "missing" };

/** Digits to which the end of a range is rounded, outwards. */
const DIGITS = 3;

/** Return the brush that a condition of *key* is part of; null where it is another condition. */
function brushOf(key: string, term: string): Brush | null {
  if (!term.startsWith(`${key} `)) return null;
  const rest = term.slice(key.length + 1);
  if (rest === "= null") return { kind: "missing" };
  const bound = /^(>=|<=) (\S+)$/.exec(rest);
  if (bound) {
    const value = Number(bound[2]);
    if (Number.isNaN(value)) return null;
    const isLow = bound[1] === ">=";
    return { kind: "range", low: isLow ? value : null, high: isLow ? null : value };
  }
  const list = /^in (\[.*\])$/.exec(rest);
  if (!list) return null;
  try {
    return { kind: "kinds", values: JSON.parse(list[1]!) as ParamValue[] };
  } catch {
    return null; // written by hand, in a way that is ours to read only by the server
  }
}

/** Return the brushes that the filter holds on *keys*, and the filter without them. */
export function readBrushes(
  filter: string,
  keys: readonly string[],
): { brushes: Map<string, Brush>; rest: string } {
  const brushes = new Map<string, Brush>();
  const rest: string[] = [];
  for (const term of termsOf(filter)) {
    const key = keys.find((one) => brushOf(one, term) !== null);
    const brush = key === undefined ? null : brushOf(key, term)!;
    const before = key === undefined ? undefined : brushes.get(key);
    if (brush && before === undefined) brushes.set(key!, brush);
    else if (brush?.kind === "range" && before?.kind === "range")
      brushes.set(key!, {
        kind: "range",
        low: brush.low ?? before.low,
        high: brush.high ?? before.high,
      });
    else rest.push(term);
  }
  return { brushes, rest: rest.join(" and ") };
}

/** Return the filter with *brush* on *key* instead of the one it had; null takes it away. */
export function withBrush(filter: string, key: string, brush: Brush | null): string {
  const kept = termsOf(filter).filter((term) => brushOf(key, term) === null);
  // One term with "or" in it is the whole filter as it was: what follows puts it in parentheses.
  const before = kept.join(" and ");
  return termsFor(key, brush).reduce(withTerm, before);
}

function termsFor(key: string, brush: Brush | null): string[] {
  switch (brush?.kind) {
    case undefined:
      return [];
    case "missing":
      return [`${key} = null`];
    case "kinds":
      return [`${key} in [${brush.values.map(valueText).join(", ")}]`];
    case "range":
      return [
        ...(brush.low === null ? [] : [`${key} >= ${brush.low}`]),
        ...(brush.high === null ? [] : [`${key} <= ${brush.high}`]),
      ];
  }
}

/** Tell whether a run's *value* is in the brush, as the server would. */
export function holds(brush: Brush, value: ParamValue): boolean {
  switch (brush.kind) {
    case "missing":
      return value === null;
    case "kinds":
      return brush.values.some((one) => one === value);
    case "range":
      return (
        typeof value === "number" &&
        (brush.low === null || value >= brush.low) &&
        (brush.high === null || value <= brush.high)
      );
  }
}

/** Return the brush from one place of the axis to another; null where it holds nothing. */
export function brushBetween(axis: Axis, from: number, to: number): Brush | null {
  const [low, high] = [Math.min(from, to), Math.max(from, to)];
  if (axis.scale === "kinds") {
    const values = axis.kinds.filter((_, at) => {
      const place = axis.ticks[at]!.place;
      return place >= low && place <= high;
    });
    return values.length === 0 || values.some(Array.isArray) ? null : { kind: "kinds", values };
  }
  // An end that reaches the axis' own is no bound.
  return low <= 0 && high >= 1
    ? null
    : {
        kind: "range",
        low: low <= 0 ? null : outwards(valueAt(axis, low), -1),
        high: high >= 1 ? null : outwards(valueAt(axis, high), 1),
      };
}

function outwards(value: number, sign: 1 | -1): number {
  if (value === 0) return 0;
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(value))) + 1 - DIGITS);
  const rounded = (sign > 0 ? Math.ceil(value / unit) : Math.floor(value / unit)) * unit;
  return Number(rounded.toPrecision(DIGITS));
}

/** Return which runs are in all brushes. */
export function selectedBy(
  axes: readonly Axis[],
  brushes: ReadonlyMap<string, Brush>,
  count: number,
): Uint8Array {
  const selected = new Uint8Array(count).fill(1);
  for (const axis of axes) {
    const brush = brushes.get(axis.key);
    if (!brush) continue;
    axis.values.forEach((value, run) => {
      if (!holds(brush, value)) selected[run] = 0;
    });
  }
  return selected;
}
