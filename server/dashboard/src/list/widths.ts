// How wide the columns of the run table are.

import type { CSSProperties } from "react";

import type { RunSummary } from "../api/types";
import type { Column } from "./columns";
import { SPARK_PX } from "./sparks";

/** As in "12 m 34 s", which ticks. */
const DURATION_CHARS = 10;
const TOOLS_PX = [26, 30]; // the tick and the line before the name

/** Return the widths in pixels: what was chosen, or as wide as a sample of the content, within reason. That with *sparks* has room for these. */
export function widthsOf(
  columns: readonly Column[],
  runs: readonly RunSummary[],
  chosen: Readonly<Record<string, number>>,
  { isGrouped = false, sparks = null as string | null } = {},
): number[] {
  const sample = runs.slice(0, 100);
  return columns.map((column) => {
    const width = chosen[column.id];
    if (width !== undefined) return width;
    if (column.kind === "state") return 30;
    const longest =
      column.kind === "duration"
        ? DURATION_CHARS
        : sample.reduce((most, run) => Math.max(most, column.text(run).length), 0);
    if (column.kind === "name") return clamp(longest * 7 + 30, 130, 240);
    const last = column.label.slice(column.label.lastIndexOf("/") + 1);
    const heading = Math.min(column.kind === "metric" ? last.length + 4 : column.label.length, 16);
    // A group's row has mean, deviation and best where a run has one number.
    const least = isGrouped && column.kind === "metric" ? 168 : 56;
    const room = column.id === sparks ? SPARK_PX + 8 : 0;
    return clamp(Math.max(longest, heading) * 7 + 22, least, 220) + room;
  });
}

/**
 * Return the style of the table that its rows take their columns from: where they are, how wide a
 * row is at least (its content must not say it, or rows would differ), where pinned columns stay.
 */
export function gridOf(
  columns: readonly Column[],
  widths: readonly number[],
  chosen: Readonly<Record<string, number>>,
  pinnedCount: number,
): CSSProperties {
  const tracks = widths.map((width, at) => {
    const isElastic = columns[at]!.kind === "name" && chosen[columns[at]!.id] === undefined;
    return isElastic ? `minmax(${width}px, 1fr)` : `${width}px`;
  });
  const style: Record<string, string> = {
    "--columns": [...TOOLS_PX.map((px) => `${px}px`), ...tracks].join(" "),
    "--row-width": `${sum([...TOOLS_PX, ...widths])}px`,
  };
  for (let at = 1; at <= pinnedCount; at += 1)
    style[`--pin-${at}`] = `${sum(widths.slice(0, at))}px`;
  return style;
}

/** Return what keeps the cell of the column at a place at the left; nothing for one that moves. */
export function pinOf(
  at: number,
  pinnedCount: number,
): { className: string; style?: CSSProperties } {
  if (at < 1 || at > pinnedCount) return { className: "" };
  return { className: "is-pinned", style: { left: `var(--pin-${at})` } };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
