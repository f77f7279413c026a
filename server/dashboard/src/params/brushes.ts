// Brushes: parts of axes that were chosen. They are conditions of the filter, and nothing else.

import type { ParamValue } from "../api/types";
import { termsOf, valueText, withTerm } from "../list/filterText";
import { valueAt, type Axis } from "./axes";

/** Numbers from one to another, both included; null is without a bound. */
export interface Range {
  low: number | null;
  high: number | null;
}

export type Brush =
  | ({ kind: "range" } & Range)
  | { kind: "ranges"; ranges: readonly Range[] } // any of them
  | { kind: "kinds"; values: readonly ParamValue[] }
  | { kind: "missing" };

/** Digits to which the end of a range is rounded, outwards. */
const DIGITS = 3;

/** Return the brush that a condition of *key* is part of; null where it is another condition. */
function brushOf(key: string, term: string): Brush | null {
  if (term.startsWith(`(${key} `) && term.endsWith(")")) return rangesOf(key, term.slice(1, -1));
  if (!term.startsWith(`${key} `)) return null;
  const rest = term.slice(key.length + 1);
  if (rest === "= null") return { kind: "missing" };
  const bound = boundOf(rest);
  if (bound) return { kind: "range", ...bound };
  const list = /^in (\[.*\])$/.exec(rest);
  if (!list) return null;
  try {
    return { kind: "kinds", values: JSON.parse(list[1]!) as ParamValue[] };
  } catch {
    return null; // written by hand, in a way that is ours to read only by the server
  }
}

/** Return the range of ">= 1" or "<= 2"; null where it is none. */
function boundOf(text: string): Range | null {
  const bound = /^(>=|<=) (\S+)$/.exec(text);
  const value = Number(bound?.[2]);
  if (!bound || Number.isNaN(value)) return null;
  return bound[1] === ">=" ? { low: value, high: null } : { low: null, high: value };
}

/** Return the ranges of "key >= 1 and key <= 2 or key >= 5"; null where it is anything else. */
function rangesOf(key: string, text: string): Brush | null {
  const ranges: Range[] = [];
  for (const part of text.split(" or ")) {
    const range: Range = { low: null, high: null };
    for (const term of part.split(" and ")) {
      const bound = term.startsWith(`${key} `) ? boundOf(term.slice(key.length + 1)) : null;
      if (!bound) return null;
      if (bound.low !== null) range.low = bound.low;
      else range.high = bound.high;
    }
    ranges.push(range);
  }
  return { kind: "ranges", ranges };
}

/** Return *brush* with one more range; where it has none, that range. */
export function withRange(brush: Brush | null, more: Range): Brush {
  const known = brush?.kind === "range" ? [brush] : brush?.kind === "ranges" ? brush.ranges : [];
  const ranges = [...known, more].map(({ low, high }) => ({ low, high }));
  return ranges.length === 1 ? { kind: "range", ...ranges[0]! } : { kind: "ranges", ranges };
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
      return boundsFor(key, brush);
    case "ranges":
      return [`(${brush.ranges.map((one) => boundsFor(key, one).join(" and ")).join(" or ")})`];
  }
}

function boundsFor(key: string, { low, high }: Range): string[] {
  return [
    ...(low === null ? [] : [`${key} >= ${low}`]),
    ...(high === null ? [] : [`${key} <= ${high}`]),
  ];
}

/** Tell whether a run's *value* is in the brush, as the server would. */
export function holds(brush: Brush, value: ParamValue): boolean {
  switch (brush.kind) {
    case "missing":
      return value === null;
    case "kinds":
      return brush.values.some((one) => one === value);
    case "range":
      return isIn(brush, value);
    case "ranges":
      return brush.ranges.some((range) => isIn(range, value));
  }
}

function isIn({ low, high }: Range, value: ParamValue): boolean {
  return (
    typeof value === "number" && (low === null || value >= low) && (high === null || value <= high)
  );
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
  if (low <= 0 && high >= 1) return null;
  // An end that reaches the axis' own is no bound.
  const [first, last] = [
    low <= 0 ? null : valueAt(axis, low),
    high >= 1 ? null : valueAt(axis, high),
  ];
  const [least, most] = axis.isInverted ? [last, first] : [first, last];
  return {
    kind: "range",
    low: least === null ? null : outwards(least, -1),
    high: most === null ? null : outwards(most, 1),
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
