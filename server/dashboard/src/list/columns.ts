// The run list's columns: which there are, how they sort, what the filter looks at.

import { formatNumber, toNumber } from "../api/number";
import type { ParamValue, RunState, RunSummary } from "../api/types";
import { keyText } from "./filterText";
import { directionOf, headlines, type Headline } from "../series/metrics";

export type SortValue = number | string | null;

/** What of a metric a column shows. */
export type Statistic = "last" | "min" | "max";

export interface Column {
  id: string;
  kind: "state" | "name" | "param" | "metric" | "started" | "duration" | "text";
  /** What the heading says: of a metric as the filter writes it, "val/loss.min". */
  label: string;
  /** Of a parameter or a metric; "" of what every run has. */
  name: string;
  statistic: Statistic;
  isNumber: boolean;
  text: (run: RunSummary) => string;
  sortBy: (run: RunSummary) => SortValue;
}

export interface Sort {
  column: string;
  isDescending: boolean;
}

/** Of each metric column whose direction is known, the best value in it. */
export type Best = ReadonlyMap<string, SortValue>;

export interface ColumnChoice {
  /** Ids of the columns worth showing. */
  proposed: string[];
  /** The parameters that differ; all of them, also those without a column. */
  varying: string[];
  /** Parameters with one value in all runs: not worth a column. */
  constants: Record<string, ParamValue>;
}

/** What every run has, in the order in which the picker offers it. */
export const FACT_COLUMNS = [
  "name",
  "state",
  "started",
  "duration",
  "user",
  "host",
  "framework",
  "tags",
  "group",
  "notes",
] as const;

export type FactColumn = (typeof FACT_COLUMNS)[number];
export type Label = (key: FactColumn) => string;

const METRICS_MAX = 4;
const PARAMS_MAX = 12;
const STATE_ORDER: readonly RunState[] = [
  "running",
  "silent",
  "failed",
  "killed",
  "interrupted",
  "finished",
];

/** Facts that have a column of their own only where a run has them. */
const OPTIONAL: readonly FactColumn[] = ["framework", "tags", "group"];

/**
 * Return the columns worth showing for *runs*: how they did, what the user made different, when and
 * where they ran; last what a framework says of itself.
 */
export function columnsFor(runs: readonly RunSummary[], own: Headline | null = null): ColumnChoice {
  const { varying, constants, isOwn } = splitParams(runs);
  const params = varying.slice(0, PARAMS_MAX);
  const facts: readonly FactColumn[] = ["started", "duration", "user", "host", ...OPTIONAL];
  const hasText = (fact: FactColumn) =>
    runs.some((run) => (fact === "tags" ? run.tags.length > 0 : run[fact as "group"] !== ""));
  const proposed = [
    "name",
    "state",
    ...headlines(runs, METRICS_MAX, own).map((name) => `metric:${name}`),
    ...params.filter(isOwn).map((name) => `param:${name}`),
    ...facts.filter((fact) => !OPTIONAL.includes(fact) || hasText(fact)),
    ...params.filter((name) => !isOwn(name)).map((name) => `param:${name}`),
  ];
  return { proposed, varying, constants };
}

/** Return the column called *id* for *runs*; null for none. A parameter or metric need not be theirs. */
export function columnOf(id: string, runs: readonly RunSummary[], label: Label): Column | null {
  const at = id.indexOf(":");
  if (at < 0) return factColumn(id, label);
  const [kind, name] = [id.slice(0, at), id.slice(at + 1)];
  if (name === "") return null;
  switch (kind) {
    case "param":
      return paramColumn(name, runs);
    case "metric":
      return metricColumn(id, name, "last");
    case "min":
    case "max":
      return metricColumn(id, name, kind);
    default:
      return null;
  }
}

/** Return the names of all parameters and metrics of *runs*, sorted. */
export function namesOf(runs: readonly RunSummary[]): { params: string[]; metrics: string[] } {
  const params = new Set<string>();
  const metrics = new Set<string>();
  for (const run of runs) {
    for (const name of Object.keys(run.params)) params.add(name);
    for (const name of Object.keys(run.metrics)) metrics.add(name);
  }
  const sorted = (names: Set<string>) =>
    [...names].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return { params: sorted(params), metrics: sorted(metrics) };
}

/** Return the best value of each metric column of which it is known what is better. */
export function bestOf(
  runs: readonly RunSummary[],
  columns: readonly Column[],
  own: Headline | null = null,
): Best {
  const best = new Map<string, SortValue>();
  if (runs.length < 2) return best;
  for (const column of columns) {
    const direction = column.kind === "metric" ? directionOf(column.name, own) : null;
    if (direction === null) continue;
    const values = runs
      .map((run) => column.sortBy(run))
      .filter((value) => typeof value === "number" && Number.isFinite(value)) as number[];
    if (values.length === 0) continue;
    // A spread would overflow the stack with the runs of a large project.
    best.set(
      column.id,
      values.reduce((a, b) => (direction === "min" ? Math.min(a, b) : Math.max(a, b))),
    );
  }
  return best;
}

function factColumn(id: string, label: Label): Column | null {
  const fact = (
    kind: Column["kind"],
    text: Column["text"],
    sortBy: Column["sortBy"] = text,
  ): Column => ({
    id,
    kind,
    label: label(id as FactColumn),
    name: "",
    statistic: "last",
    isNumber: kind === "duration",
    text,
    sortBy,
  });
  switch (id) {
    case "name":
      return fact("name", (run) => run.name);
    case "state":
      return fact(
        "state",
        (run) => run.state,
        (run) => STATE_ORDER.indexOf(run.state),
      );
    case "started":
      return fact(
        "started",
        (run) => formatDate(run.started_ns),
        (run) => run.started_ns,
      );
    case "duration":
      return fact(
        "duration",
        () => "",
        (run) => (run.ended_ns ?? run.heard_ns) - run.started_ns,
      );
    case "tags":
      return fact("text", (run) => run.tags.join(", "));
    case "user":
    case "host":
    case "framework":
    case "group":
    case "notes":
      return fact("text", (run) => run[id]);
    default:
      return null;
  }
}

function metricColumn(id: string, name: string, statistic: Statistic): Column {
  const sortBy = (run: RunSummary) => {
    const value = run.metrics[name]?.[statistic];
    return value == null ? null : toNumber(value);
  };
  const text = (run: RunSummary) => {
    const value = sortBy(run);
    return value === null ? "" : formatNumber(value);
  };
  const label = statistic === "last" ? name : `${name}.${statistic}`;
  return { id, kind: "metric", label, name, statistic, isNumber: true, text, sortBy };
}

function paramColumn(name: string, runs: readonly RunSummary[]): Column {
  const sortBy = (run: RunSummary): SortValue => {
    const value = run.params[name];
    return typeof value === "number" || typeof value === "string"
      ? value
      : value == null
        ? null
        : formatParam(value);
  };
  const text = (run: RunSummary) => {
    const value = run.params[name];
    return value === undefined ? "" : formatParam(value);
  };
  const isNumber = runs.every((run) => ["number", "undefined"].includes(typeof run.params[name]));
  return {
    id: `param:${name}`,
    kind: "param",
    label: name,
    name,
    statistic: "last",
    isNumber,
    text,
    sortBy,
  };
}

function splitParams(runs: readonly RunSummary[]) {
  const seen = new Map<string, Set<string>>();
  for (const run of runs) for (const key of Object.keys(run.params)) seen.set(key, new Set());
  for (const [key, values] of seen)
    for (const run of runs) values.add(JSON.stringify(run.params[key] ?? null));
  // What a framework records of itself, "keras.optimizer.epsilon", comes after the user's own.
  const frameworks = new Set(runs.map((run) => run.framework.split(" ")[0]));
  const isOwn = (name: string) => !frameworks.has(name.split(".")[0]!);
  const names = [...seen.keys()].sort(
    (a, b) => Number(isOwn(b)) - Number(isOwn(a)) || a.localeCompare(b, "en", { numeric: true }),
  );
  const isVarying = (name: string) => seen.get(name)!.size > 1;
  return {
    isOwn,
    varying: names.filter(isVarying),
    constants: Object.fromEntries(
      names.filter((name) => !isVarying(name)).map((name) => [name, runs[0]!.params[name] ?? null]),
    ),
  };
}

/** Return a parameter's value as one line. */
export function formatParam(value: ParamValue): string {
  if (Array.isArray(value)) return `[${value.map(formatParam).join(", ")}]`;
  if (typeof value === "number") return formatNumber(value);
  return String(value);
}

const DAY = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" } as const;
// Made once, which takes longer than a hundred dates.
const TIME_OF_TODAY = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const DATE_OF_THIS_YEAR = new Intl.DateTimeFormat(undefined, DAY);
const DATE = new Intl.DateTimeFormat(undefined, { ...DAY, year: "numeric" });

/** Return a moment as "14:05:09" today, "Nov 21, 14:05" this year, else with the year. */
export function formatDate(timeNs: number, now = new Date()): string {
  const date = new Date(timeNs / 1e6);
  if (date.getFullYear() !== now.getFullYear()) return DATE.format(date);
  const isToday = date.getMonth() === now.getMonth() && date.getDate() === now.getDate();
  return (isToday ? TIME_OF_TODAY : DATE_OF_THIS_YEAR).format(date);
}

/** Return what the address says of the order: "-param:lr,name"; the newest first where it is silent. */
export function parseSorts(text: string): Sort[] {
  if (!text) return [{ column: "started", isDescending: true }];
  return text.split(",").map((part) => {
    const isDescending = part.startsWith("-");
    return { column: part.slice(Number(isDescending)).replaceAll("%2C", ","), isDescending };
  });
}

export function formatSorts(sorts: readonly Sort[]): string {
  return sorts
    .map(({ column, isDescending }) => `${isDescending ? "-" : ""}${column.replaceAll(",", "%2C")}`)
    .join(",");
}

/**
 * Return *runs* in the order of the first of *sorts*, equal ones in that of the next; runs without
 * a value and NaN come last either way.
 */
export function sortRuns(
  runs: readonly RunSummary[],
  sorts: readonly Sort[],
  columns: readonly Column[],
): RunSummary[] {
  const keys = sorts.flatMap(({ column, isDescending }) => {
    const by = columns.find((one) => one.id === column)?.sortBy;
    return by ? [{ by, sign: isDescending ? -1 : 1 }] : [];
  });
  return runs
    .map((run) => ({ run, values: keys.map(({ by }) => by(run)) }))
    .sort((a, b) => {
      for (const [at, { sign }] of keys.entries()) {
        const order = compare(a.values[at]!, b.values[at]!, sign);
        if (order !== 0) return order;
      }
      return 0;
    })
    .map(({ run }) => run);
}

function compare(a: SortValue, b: SortValue, sign: number): number {
  const [isALast, isBLast] = [isMissing(a), isMissing(b)];
  if (isALast || isBLast) return Number(isALast) - Number(isBLast);
  if (typeof a === "number" && typeof b === "number") return sign * (a < b ? -1 : a > b ? 1 : 0);
  return sign * String(a).localeCompare(String(b), "en", { numeric: true });
}

function isMissing(value: SortValue): boolean {
  return value === null || value === "" || Number.isNaN(value);
}

const SERVER_KEYS: Readonly<Record<string, string>> = {
  name: "name",
  state: "state",
  started: "created",
  duration: "duration",
  user: "user",
  host: "host",
  framework: "framework",
  tags: "tags",
  group: "group",
  notes: "notes",
};

/** Return the order as the server names it, "" for its own: the newest first. */
export function serverSort(sorts: readonly Sort[]): string {
  const keys = sorts.flatMap(({ column, isDescending }) => {
    const at = column.indexOf(":");
    const [kind, name] = [column.slice(0, Math.max(0, at)), column.slice(at + 1)];
    const key =
      kind === "param"
        ? keyText("params", name)
        : kind === "metric"
          ? keyText("metrics", name)
          : kind === "min" || kind === "max"
            ? `${keyText("metrics", name)}.${kind}`
            : SERVER_KEYS[column];
    return key ? [`${isDescending ? "-" : ""}${key}`] : [];
  });
  const text = keys.join(",");
  return text === "-created" ? "" : text;
}
