// Colours that say what a run's parameter is.

import type { ParamValue, RunSummary } from "../api/types";
import { dashOf, styleOf, type LineStyle } from "../charts/colours";
import { compareValues, fieldOf, type Field } from "./rows";
import { formatParam } from "./columns";

/** Steps of the ramp in base.css. */
const RAMP_STEPS = 12;
/** More different numbers than this are a quantity, fewer are kinds. */
const KINDS_MAX = 6;
/** A quantity that spans so much is shown by its magnitude. */
const DECADES_MIN = 100;

export interface LegendEntry {
  key: string;
  label: string;
  line: LineStyle;
}

export interface Colouring {
  styles: ReadonlyMap<string, LineStyle>;
  legend: LegendEntry[];
}

export interface Dashing {
  dashes: ReadonlyMap<string, readonly number[]>;
  legend: LegendEntry[];
}

/** Of runs without the value. */
const NONE_DASH: readonly number[] = [1, 6];
/** A legend names no more kinds than this. */
export const LEGEND_MAX = 12;

const NONE: LineStyle = { colour: "--ink-2", dash: [] };

/** Colour *runs* by their value of *field*: kinds by hues, quantities along a ramp. */
export function colourBy(runs: readonly RunSummary[], field: Field): Colouring {
  const values = valuesOf(runs, field);
  const numbers = values.filter((value) => typeof value === "number");
  const isQuantity = numbers.length === values.length && values.length > KINDS_MAX;
  const colourOf = isQuantity ? rampOf(numbers) : hueOf(values.map((v) => JSON.stringify(v)));
  const styles = new Map(
    runs.map((run) => {
      const value = fieldOf(run, field);
      return [run.id, value === null ? NONE : colourOf(value)];
    }),
  );
  const marks = isQuantity
    ? [numbers[0]!, numbers[numbers.length >> 1]!, numbers[numbers.length - 1]!]
    : values;
  const legend = marks.map((value) => ({
    key: `colour ${JSON.stringify(value)}`,
    label: formatParam(value),
    line: colourOf(value),
  }));
  return { styles, legend };
}

/** Dash the lines of *runs* by their value of *field*; more kinds than dashes share them. */
export function dashBy(runs: readonly RunSummary[], field: Field): Dashing {
  const values = valuesOf(runs, field);
  const slots = new Map(values.map((value, slot) => [JSON.stringify(value), slot]));
  const dashIn = (value: ParamValue) =>
    value === null ? NONE_DASH : dashOf(slots.get(JSON.stringify(value))!);
  return {
    dashes: new Map(runs.map((run) => [run.id, dashIn(fieldOf(run, field))])),
    legend: values.map((value) => ({
      key: `dash ${JSON.stringify(value)}`,
      label: formatParam(value),
      line: { ...NONE, dash: dashIn(value) },
    })),
  };
}

/** Return the different values of *field*, as people order them; no value is none. */
function valuesOf(runs: readonly RunSummary[], field: Field): ParamValue[] {
  const values = new Map(
    runs.flatMap((run) => {
      const value = fieldOf(run, field);
      return value === null ? [] : [[JSON.stringify(value), value] as const];
    }),
  );
  return [...values.values()].sort(compareValues);
}

function hueOf(keys: readonly string[]): (value: unknown) => LineStyle {
  const slots = new Map(keys.map((key, slot) => [key, slot]));
  return (value) => styleOf(slots.get(JSON.stringify(value)) ?? 0);
}

function rampOf(sorted: readonly number[]): (value: unknown) => LineStyle {
  const [low, high] = [sorted[0]!, sorted[sorted.length - 1]!];
  const isLog = low > 0 && high / low >= DECADES_MIN;
  const scale = (value: number) => (isLog ? Math.log(value) : value);
  return (value) => {
    const place = (scale(Number(value)) - scale(low)) / (scale(high) - scale(low));
    const step = Math.min(RAMP_STEPS - 1, Math.floor(place * RAMP_STEPS));
    return { colour: `--ramp-${step}`, dash: [] };
  };
}
