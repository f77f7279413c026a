// What distinguishes runs: their parameters, results, surroundings and code, row by row.

import { formatNumber, toNumber } from "../api/number";
import type { MetricSummary, ParamValue, Run } from "../api/types";
import { formatParam } from "../list/columns";
import { countsOf, parsePatch } from "../patch/patch";
import { gitOf } from "../run/facts";
import { directionOf, type Headline, sectionsOf } from "../series/metrics";

export const SECTIONS = ["params", "metrics", "run", "environment", "code"] as const;
export type SectionName = (typeof SECTIONS)[number];

/** Which value stands for a metric. */
export const SUMMARIES = ["last", "best", "min", "max"] as const;
export type Summary = (typeof SUMMARIES)[number];

export interface CompareRow {
  section: SectionName;
  name: string;
  /** One for each run; undefined where it has none. */
  values: (ParamValue | undefined)[];
  isDifferent: boolean;
  direction: "min" | "max" | null; // of metrics: what is better
}

/** Rows whose names begin alike, as "optimizer." of "optimizer.lr"; "" has those of no others. */
export interface RowGroup {
  prefix: string;
  rows: CompareRow[];
}

/** More rows than this of one prefix are folded until somebody opens them. */
export const FOLDED_MIN = 8;

/** Return rows of one section in groups that can be folded: of few rows none. */
export function foldedRows(rows: readonly CompareRow[]): RowGroup[] {
  const prefixOf = ({ section, name }: CompareRow) =>
    section === "metrics" ? "" : name.slice(0, name.indexOf(".") + 1);
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(prefixOf(row), (counts.get(prefixOf(row)) ?? 0) + 1);
  const groups: RowGroup[] = [];
  for (const row of rows) {
    const prefix = counts.get(prefixOf(row))! >= FOLDED_MIN ? prefixOf(row) : "";
    const last = groups.at(-1);
    if (last?.prefix === prefix) last.rows.push(row);
    else groups.push({ prefix, rows: [row] });
  }
  return groups;
}

/** Tell whether two values mean the same: 0.001, "1e-3" and "0.0010" do, 1 and true do not. */
export function isSame(a: ParamValue | undefined, b: ParamValue | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((value, at) => isSame(value, b[at]));
  if (a === b || (typeof a === "number" && typeof b === "number" && Object.is(a, b))) return true;
  const [left, right] = [numberOf(a), numberOf(b)];
  return left !== null && left === right;
}

/** Return the number that a value is or says; null for none. */
export function numberOf(value: ParamValue | undefined): number | null {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.trim() === "") return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** Return all rows of a comparison, in their sections. */
export function compareRows(
  runs: readonly Run[],
  summary: Summary,
  own: Headline | null = null,
): CompareRow[] {
  const names = (of: (run: Run) => object) => [
    ...new Set(runs.flatMap((run) => Object.keys(of(run)))),
  ];
  const row = (
    section: SectionName,
    name: string,
    valueOf: (run: Run) => ParamValue | undefined,
    direction: CompareRow["direction"] = null,
  ): CompareRow => {
    const values = runs.map(valueOf);
    const isDifferent = values.some((value) => !isSame(value, values[0]));
    return { section, name, values, isDifferent, direction };
  };
  const facts = names(({ facts }) => facts).filter((space) => space !== "git");
  return [
    ...names((run) => run.summary.params)
      .sort(byName)
      .map((name) => row("params", name, (run) => run.summary.params[name])),
    ...sectionsOf(names((run) => run.summary.metrics))
      .flatMap((section) => section.metrics)
      .map((name) =>
        row(
          "metrics",
          name,
          (run) => summaryOf(run.summary.metrics[name], summary, directionOf(name, own)),
          directionOf(name, own),
        ),
      ),
    row("run", "state", (run) => run.summary.state),
    row("run", "reason", (run) => run.summary.reason || undefined),
    row("run", "duration_s", ({ summary: { ended_ns, heard_ns, started_ns } }) =>
      Number((((ended_ns ?? heard_ns) - started_ns) / 1e9).toFixed(1)),
    ),
    row("run", "tags", (run) => run.summary.tags.join(", ") || undefined),
    row("run", "group", (run) => run.summary.group || undefined),
    row("run", "command", (run) => run.command.join(" ") || undefined),
    row("environment", "host", (run) => run.summary.host),
    row("environment", "user", (run) => run.summary.user),
    row("environment", "folder", (run) => run.folder),
    row("environment", "python", (run) => run.python),
    row("environment", "mltrack", (run) => run.mltrack),
    ...facts.flatMap((space) =>
      names((run) => run.facts[space] ?? {})
        .sort(byName)
        .map((name) => row("environment", `${space}.${name}`, (run) => run.facts[space]?.[name])),
    ),
    row("code", "commit", (run) => gitOf(run).commit || undefined),
    row("code", "branch", (run) => gitOf(run).branch || undefined),
    row("code", "patch", (run) => patchText(gitOf(run).diff)),
  ].filter(({ values }) => values.some((value) => value !== undefined && value !== ""));
}

function byName(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

function summaryOf(
  metric: MetricSummary | undefined,
  summary: Summary,
  direction: CompareRow["direction"],
): number | undefined {
  if (!metric) return undefined;
  const which = summary === "best" ? (direction ?? "last") : summary;
  const value = metric[which];
  return value === null ? NaN : toNumber(value); // a metric that never was a number
}

function patchText(diff: string): string | undefined {
  if (!diff) return undefined;
  const { added, removed } = countsOf(parsePatch(diff));
  return `+${added} −${removed} (${fingerprint(diff)})`;
}

/** Return a few letters that differ where patches differ. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1)
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

export interface Delta {
  text: string;
  isBetter: boolean | null; // null where nobody knows, and where there is no difference
}

/** Return how far *value* is from the baseline's, as "+0.02 (+3.1 %)"; null where neither can be told. */
export function deltaOf(
  value: ParamValue | undefined,
  base: ParamValue | undefined,
  direction: CompareRow["direction"],
): Delta | null {
  if (typeof value !== "number" || typeof base !== "number") return null;
  const delta = value - base;
  if (!Number.isFinite(delta) || delta === 0) return null;
  const share =
    base === 0 ? "" : ` (${signed(Number(((delta / Math.abs(base)) * 100).toPrecision(3)))} %)`;
  const isBetter = direction === null ? null : direction === "min" ? delta < 0 : delta > 0;
  return { text: `${signed(Number(delta.toPrecision(4)))}${share}`, isBetter };
}

function signed(value: number): string {
  return `${value > 0 ? "+" : "−"}${formatNumber(Math.abs(value))}`;
}

/** Return the rows as a table in Markdown, with differences from the baseline's numbers. */
export function markdownOf(
  rows: readonly CompareRow[],
  names: readonly string[],
  baseline: number,
): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replace(/\s*\n\s*/g, " ")).join(" | ")} |`;
  return [
    line(["", ...names]),
    line(["---", ...names.map(() => "---")]),
    ...rows.map((row) =>
      line([
        row.name,
        ...row.values.map((value, at) => {
          const delta =
            at === baseline ? null : deltaOf(value, row.values[baseline], row.direction);
          return `${cellText(value)}${delta ? ` ${delta.text}` : ""}`;
        }),
      ]),
    ),
  ].join("\n");
}

export function cellText(value: ParamValue | undefined): string {
  return value === undefined ? "" : formatParam(value);
}
