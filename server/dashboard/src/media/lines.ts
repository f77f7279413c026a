// Texts and tables as lines, and what two of them differ in.

import type { MediaRows } from "../api/types";
import { linesBetween } from "../patch/between";
import type { PatchLine } from "../patch/patch";

/** So many lines are shown around what differs. */
const AROUND = 3;

/** Return a table as lines: its columns, then a line for each row. */
export function tableLines({ columns, rows }: MediaRows): string[] {
  const line = (cells: readonly unknown[]) =>
    cells.map((cell) => (cell === null ? "–" : String(cell))).join(" │ ");
  return [line(columns), ...rows.map(line)];
}

/** Return what makes *before* to *after*, with some lines around it; nothing where they are alike. */
export function changesBetween(before: readonly string[], after: readonly string[]): PatchLine[] {
  const lines = linesBetween(before, after);
  const changed = lines.flatMap(({ kind }, at) => (kind === "same" ? [] : [at]));
  const shown = new Set<number>();
  for (const at of changed)
    for (let near = at - AROUND; near <= at + AROUND; near += 1) shown.add(near);
  const kept: PatchLine[] = [];
  lines.forEach((line, at) => {
    if (!shown.has(at)) return;
    if (at > 0 && !shown.has(at - 1)) kept.push({ kind: "hunk", text: "…" });
    kept.push(line);
  });
  return kept;
}
