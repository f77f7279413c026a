// The rows of the run table: runs, or groups with their runs below.

import { toNumber } from "../api/number";
import type { ParamValue, RunSummary } from "../api/types";
import { formatParam, type Statistic } from "./columns";
import { keyText } from "./filterText";

/** What runs can be grouped and coloured by: "param:lr", or a fact like "host". */
export type Field = string;

export const FACTS = ["state", "group", "framework", "host", "user", "tags"] as const;
const PARAM = "param:";

export interface Group {
  /** Stands where a run's id stands. */
  id: string;
  label: string;
  runs: RunSummary[];
  /** What the server says of all its runs, where not all of them are loaded. */
  whole?: Whole | undefined;
}

/** All runs of a group: how many, and what a column amounts to over them, by the column's id. */
export interface Whole {
  values: readonly ParamValue[];
  count: number;
  averages: ReadonlyMap<string, Average>;
}

export type TableRow =
  { kind: "run"; run: RunSummary } | { kind: "group"; group: Group; isOpen: boolean };

/** Return a run's value of *field*; null where it has none. */
export function fieldOf(run: RunSummary, field: Field): ParamValue {
  if (field.startsWith(PARAM)) return run.params[field.slice(PARAM.length)] ?? null;
  switch (field) {
    case "tags":
      return [...run.tags].sort().join(", ") || null;
    case "name":
    case "state":
    case "group":
    case "framework":
    case "host":
    case "user":
      return run[field] || null;
    default:
      return null;
  }
}

/** Return the name of a field for people. */
export function fieldName(field: Field): string {
  return field.startsWith(PARAM) ? field.slice(PARAM.length) : field;
}

/** Order values as people do: numbers by size, text with numbers in it by these, none last. */
export function compareValues(a: ParamValue, b: ParamValue): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  if (typeof a === "number" && typeof b === "number") return a - b;
  return formatParam(a).localeCompare(formatParam(b), "en", { numeric: true });
}

/** Return *runs* in groups of equal values of all *fields*, ordered by these; the runs keep theirs. */
export function groupRuns(
  runs: readonly RunSummary[],
  fields: readonly Field[],
  none: string,
): Group[] {
  const groups = new Map<string, { values: ParamValue[]; group: Group }>();
  for (const run of runs) {
    const values = fields.map((field) => fieldOf(run, field));
    const id = groupId(values);
    let entry = groups.get(id);
    if (!entry) {
      entry = { values, group: { id, label: groupLabel(fields, values, none), runs: [] } };
      groups.set(id, entry);
    }
    entry.group.runs.push(run);
  }
  return [...groups.values()]
    .sort((a, b) => {
      const at = a.values.findIndex((value, index) => compareValues(value, b.values[index]!) !== 0);
      return at < 0 ? 0 : compareValues(a.values[at]!, b.values[at]!);
    })
    .map(({ group }) => group);
}

/** Return what people call the group whose runs have these values. */
export function groupLabel(
  fields: readonly Field[],
  values: readonly ParamValue[],
  none: string,
): string {
  const parts = fields.map((field, at) => {
    const value = values[at]!;
    return `${fieldName(field)} = ${value === null ? none : formatParam(value)}`;
  });
  return parts.join(" · ");
}

/** Return how queries name a field. */
export function fieldKey(field: Field): string {
  return field.startsWith(PARAM) ? keyText("params", fieldName(field)) : field;
}

/** Return the field that queries name so; null where runs cannot be grouped by it. */
export function fieldOfKey(key: string): Field | null {
  const [, plain, quoted] = /^params(?:\.(.+)|\[(".*")\])$/.exec(key) ?? [];
  if (plain !== undefined) return PARAM + plain;
  if (quoted !== undefined) {
    try {
      return PARAM + String(JSON.parse(quoted));
    } catch {
      return null;
    }
  }
  return FACTS.find((fact) => fact === key) ?? (key === "name" ? key : null);
}

/** Return a value that the server says of *field* as `fieldOf` gives it. */
export function plainValue(value: ParamValue, field: Field): ParamValue {
  if (field === "tags" && Array.isArray(value)) return [...value].sort().join(", ") || null;
  return value === "" ? null : value;
}

/** Return the id of the group whose runs have these values. */
export function groupId(values: readonly ParamValue[]): string {
  return `group ${JSON.stringify(values)}`;
}

/** Return the table's rows; with *groups*, these and the runs of those that are not closed. */
export function rowsOf(
  runs: readonly RunSummary[],
  groups: readonly Group[] | null,
  closed: ReadonlySet<string>,
): TableRow[] {
  if (!groups) return runs.map((run) => ({ kind: "run", run }));
  return groups.flatMap((group): TableRow[] => {
    const isOpen = !closed.has(group.id);
    const members = isOpen ? group.runs : [];
    return [
      { kind: "group", group, isOpen },
      ...members.map((run): TableRow => ({ kind: "run", run })),
    ];
  });
}

export interface Average {
  mean: number;
  sd: number; // over the runs, n − 1; 0 for one
  low: number;
  high: number;
  count: number;
}

/** Return what the runs' values of *metric* average to, over those that have a finite one. */
export function averageOf(
  runs: readonly RunSummary[],
  metric: string,
  statistic: Statistic = "last",
): Average | null {
  const values = runs.flatMap((run) => {
    const known = run.metrics[metric]?.[statistic];
    const value = known == null ? NaN : toNumber(known);
    return Number.isFinite(value) ? [value] : [];
  });
  if (values.length === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const sd = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0;
  const [low, high] = [
    values.reduce((a, b) => Math.min(a, b)),
    values.reduce((a, b) => Math.max(a, b)),
  ];
  return { mean, sd, low, high, count: values.length };
}
