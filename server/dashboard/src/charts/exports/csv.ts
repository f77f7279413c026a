// A chart's buckets as comma-separated values, for other programs.

import type { ChartX } from "../axis";
import { errorOf } from "../groups";
import { fullLabel, type Line } from "../model";

/** Return the buckets of *lines* as RFC 4180 has it: full precision, one row each, NaN as "NaN". */
export function chartCsv(lines: readonly Line[], x: ChartX): string {
  const rows = lines.flatMap((line) => {
    const { track } = line;
    const { group } = track;
    const errors = group && errorOf(group);
    return Array.from(track.x, (place, index) => [
      fullLabel(line),
      track.run,
      track.name,
      place,
      track.mean[index]!,
      (group?.low ?? track.min)[index]!,
      (group?.high ?? track.max)[index]!,
      track.counts[index]!,
      track.bads[index]!,
      Number(track.isSuperseded),
      // Of a group: over how many of its runs.
      ...(group ? [group.sd[index]!, errors![index]!, group.counted[index]!, group.runs] : []),
    ]);
  });
  const head = [
    "label",
    "id",
    "metric",
    x,
    "mean",
    "min",
    "max",
    "points",
    "not_finite",
    "superseded",
    ...(lines.some(({ track }) => track.group) ? ["sd", "sem", "runs", "group_runs"] : []),
  ];
  return csvOf([head, ...rows]);
}

export type Field = string | number | null;

/** Return rows as RFC 4180 has them: full precision, NaN as "NaN", nothing for null. */
export function csvOf(rows: readonly (readonly Field[])[]): string {
  return rows.map((row) => `${row.map(fieldOf).join(",")}\r\n`).join("");
}

function fieldOf(value: Field): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  // A spreadsheet would take such a text for a formula, and anybody may name a run.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
