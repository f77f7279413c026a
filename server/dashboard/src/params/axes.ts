// Axes: where each run stands on a column of values, which may be numbers or kinds.

import { formatNumber, toNumber } from "../api/number";
import type { ParamValue, RunColumn } from "../api/types";
import { formatParam } from "../list/columns";
import type { Rows } from "../pictures/Figure";
import { compareValues } from "../list/rows";

/** Stands for the place of a run that lacks the value, and of one whose value has no place. */
export const MISSING = -1;
export const NOT_FINITE = -2;

export type Scale = "linear" | "log" | "quantile" | "kinds";

export interface Tick {
  place: number;
  label: string;
}

export interface Axis {
  key: string; // as the filter writes it
  label: string;
  scale: Scale;
  /** Whether its numbers could be on either scale of numbers. */
  canBeLog: boolean;
  /** The greatest stands below. */
  isInverted: boolean;
  /** Of a scale of quantiles: different values, ascending, and the place of each. */
  knots: { values: readonly number[]; places: readonly number[] } | null;
  values: readonly ParamValue[];
  places: Float64Array; // 0 to 1, or one of the above
  low: number;
  high: number;
  kinds: readonly ParamValue[];
  ticks: readonly Tick[];
  missing: number; // runs
  nonfinite: number;
}

/** Numbers that span so much are seen by their magnitude. */
const SPAN_MIN = 100;
/** What is always chosen by its magnitude, even where few were tried. */
const BY_MAGNITUDE = /(?:^|[._/])(?:lr|learning_rate|weight_decay|wd|eps|epsilon)(?:$|[^a-z])/i;
const BY_MAGNITUDE_SPAN_MIN = 5;
const TICKS_MAX = 6;

/** Return a column's values, with the numbers that JSON has no word for. */
export function valuesOf(column: RunColumn): ParamValue[] {
  const values = [...column.values];
  for (const at of column.nonfinite) values[at] = toNumber(values[at] as "NaN");
  return values;
}

/** Return what runs have on some axes: the numbers of their picture, for other programs. */
export function rowsOf(
  ids: readonly string[],
  names: readonly string[],
  axes: readonly Axis[],
): Rows {
  const plain = (value: ParamValue | undefined) =>
    value == null || typeof value === "number" ? (value ?? null) : String(value);
  return [
    ["id", "name", ...axes.map(({ key }) => key)],
    ...ids.map((id, run) => [id, names[run]!, ...axes.map(({ values }) => plain(values[run]))]),
  ];
}

/** Return the name of a key for people: without the prefix that says where it is from. */
export function labelOf(key: string): string {
  const quoted = /^(?:params|metrics|facts)\["((?:\\.|[^"\\])*)"\](.*)$/.exec(key);
  if (quoted) return `${JSON.parse(`"${quoted[1]}"`) as string}${quoted[2]}`;
  return key.replace(/^(?:params|metrics|facts)\./, "");
}

/** Return the axis of *values*; *isToggled*: on the other scale than the one found for it. */
export function axisOf(
  key: string,
  values: readonly ParamValue[],
  isToggled = false,
  isQuantile = false,
): Axis {
  const known = values.filter((value) => value !== null);
  const isNumber = known.every((value) => typeof value === "number");
  const axis = isNumber
    ? numberAxis(key, values as (number | null)[], isToggled, isQuantile)
    : kindAxis(values);
  const missing = values.length - known.length;
  return { ...axis, key, label: labelOf(key), values, missing };
}

type Bare = Omit<Axis, "key" | "label" | "values" | "missing">;

/** Return the axis upside down. */
export function inverted(axis: Axis): Axis {
  const flip = (place: number) => (place < 0 ? place : 1 - place);
  return {
    ...axis,
    isInverted: !axis.isInverted,
    places: axis.places.map(flip),
    // From below, as they are drawn.
    ticks: axis.ticks.map((tick) => ({ ...tick, place: flip(tick.place) })).reverse(),
    kinds: [...axis.kinds].reverse(),
  };
}

/** Return different values and their places: as many runs between two as the way between them is long. */
function knotsOf(values: readonly (number | null)[]): NonNullable<Axis["knots"]> {
  const sorted = values
    .filter((value) => value !== null && Number.isFinite(value))
    .sort((a, b) => a! - b!) as number[];
  const different = [...new Set(sorted)];
  // The middle of its ranks, as runs of one value share a place.
  const ranks = different.map((value) => (sorted.indexOf(value) + sorted.lastIndexOf(value)) / 2);
  const [first, last] = [ranks[0] ?? 0, ranks.at(-1) ?? 1];
  const places = ranks.map((rank) => (last > first ? (rank - first) / (last - first) : 0.5));
  return { values: different, places };
}

/** Return where *at* lies on the straight lines from *from* to *to*, two ascending lists. */
function between(from: readonly number[], to: readonly number[], at: number): number {
  if (from.length === 0) return 0.5;
  const next = from.findIndex((value) => value >= at);
  if (next === 0) return to[0]!;
  if (next < 0) return to.at(-1)!;
  const share = (at - from[next - 1]!) / (from[next]! - from[next - 1]!);
  return to[next - 1]! + share * (to[next]! - to[next - 1]!);
}

function numberAxis(
  key: string,
  values: readonly (number | null)[],
  isToggled: boolean,
  isQuantile: boolean,
): Bare {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const canBeLog = low > 0 && high > low;
  const span = BY_MAGNITUDE.test(labelOf(key)) ? BY_MAGNITUDE_SPAN_MIN : SPAN_MIN;
  const isLog = canBeLog && high / low >= span !== isToggled;
  if (low > high) [low, high] = [0, 1];
  const knots = isQuantile ? knotsOf(values) : null;
  const onKnots = new Map(knots?.values.map((value, at) => [value, knots.places[at]!]));
  const place = knots ? (value: number) => onKnots.get(value) ?? 0.5 : placer(low, high, isLog);
  let nonfinite = 0;
  const places = Float64Array.from(values, (value) => {
    if (value === null) return MISSING;
    if (Number.isFinite(value)) return place(value);
    nonfinite += 1;
    return NOT_FINITE;
  });
  const marks = knots
    ? knots.values.filter((_, at) => at % Math.ceil(knots.values.length / TICKS_MAX) === 0)
    : isLog
      ? logTicks(low, high)
      : linearTicks(low, high);
  const ticks = marks.map((value) => ({
    place: place(value),
    label: formatNumber(Number(value.toPrecision(6))),
  }));
  const scale = knots ? "quantile" : isLog ? "log" : "linear";
  const isInverted = false;
  return { scale, canBeLog, isInverted, knots, places, low, high, kinds: [], ticks, nonfinite };
}

function kindAxis(values: readonly ParamValue[]): Bare {
  const byName = new Map<string, ParamValue>();
  for (const value of values) if (value !== null) byName.set(nameOf(value), value);
  const kinds = [...byName.values()].sort(compareValues);
  const placeOf = new Map(kinds.map((kind, at) => [nameOf(kind), (at + 0.5) / kinds.length]));
  return {
    scale: "kinds",
    canBeLog: false,
    isInverted: false,
    knots: null,
    places: Float64Array.from(values, (value) =>
      value === null ? MISSING : placeOf.get(nameOf(value))!,
    ),
    low: 0,
    high: 1,
    kinds,
    ticks: kinds.map((kind) => ({ place: placeOf.get(nameOf(kind))!, label: formatParam(kind) })),
    nonfinite: 0,
  };
}

/** Tell values apart that look alike: 1, "1" and true. */
function nameOf(value: ParamValue): string {
  return typeof value === "number" ? `n${value}` : JSON.stringify(value);
}

function placer(low: number, high: number, isLog: boolean): (value: number) => number {
  if (high === low) return () => 0.5;
  const [from, to] = isLog ? [Math.log(low), Math.log(high)] : [low, high];
  return (value) => ((isLog ? Math.log(value) : value) - from) / (to - from);
}

/** Return the number at a *place* of the axis. */
export function valueAt(axis: Axis, place: number): number {
  const { low, high, knots } = axis;
  const at = axis.isInverted ? 1 - place : place;
  if (knots) return between(knots.places, knots.values, at);
  if (axis.scale === "log") return Math.exp(Math.log(low) + at * Math.log(high / low));
  return low + at * (high - low);
}

/** Return the place of a number, which may be beyond the ends. */
export function placeAt(axis: Axis, value: number): number {
  const { low, high, knots } = axis;
  const place = knots
    ? between(knots.values, knots.places, value)
    : placer(low, high, axis.scale === "log" && value > 0)(value);
  return axis.isInverted ? 1 - place : place;
}

function linearTicks(low: number, high: number): number[] {
  if (low === high) return [low];
  const rough = (high - low) / TICKS_MAX;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((each) => each >= rough)!;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, at) => (first + at) * step);
}

function logTicks(low: number, high: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const every = Math.max(1, Math.ceil((last - first) / TICKS_MAX));
  const isShort = last - first <= 2;
  const ticks: number[] = [];
  for (let power = first; power <= last; power += every)
    for (const digit of isShort ? [1, 2, 5] : [1]) ticks.push(digit * 10 ** power);
  const inside = ticks.filter((tick) => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9));
  return inside.length > 0 ? inside : [low, high];
}

/** Return what is written of a run's value. */
export function valueLabel(value: ParamValue, none: string): string {
  return value === null ? none : formatParam(value);
}
