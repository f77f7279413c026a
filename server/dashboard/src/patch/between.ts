// How two patches differ, file by file.

import { parsePatch, type FilePatch, type PatchLine } from "./patch";

export interface FileDifference {
  path: string;
  /** Which of the two changes the file. */
  in: "left" | "right" | "both";
  added: number;
  removed: number;
  /** What the left patch makes of the file, as far as it is not the same, into what the right makes. */
  lines: PatchLine[];
}

/** So many insertions and deletions are looked for; more is written as everything anew. */
const EDITS_MAX = 500;

/** Return the files that the two patches change in different ways. */
export function differencesOf(left: string, right: string): FileDifference[] {
  const [before, after] = [left, right].map(
    (text) => new Map(parsePatch(text).map((file) => [file.path, file])),
  ) as [Map<string, FilePatch>, Map<string, FilePatch>];
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.flatMap((path) => {
    const [old, now] = [before.get(path), after.get(path)];
    const lines = linesBetween(textsOf(old), textsOf(now));
    const added = lines.filter((line) => line.kind === "added").length;
    const removed = lines.filter((line) => line.kind === "removed").length;
    const isSame = old && now && added + removed === 0;
    if (isSame && old.change === now.change && old.from === now.from) return [];
    return [{ path, in: !old ? "right" : !now ? "left" : "both", added, removed, lines }];
  });
}

/** Return a file's lines with their signs. Where in the file they are depends on the lines before. */
function textsOf(file: FilePatch | undefined): string[] {
  const signs = { added: "+", removed: "-", same: " ", note: "", hunk: "" };
  return (file?.lines ?? []).map(({ kind, text }) => (kind === "hunk" ? "@@" : signs[kind] + text));
}

/** Return the least changes that make *before* to *after*, by Myers' algorithm. */
export function linesBetween(before: readonly string[], after: readonly string[]): PatchLine[] {
  const same = (text: string): PatchLine => ({ kind: "same", text });
  const removed = (text: string): PatchLine => ({ kind: "removed", text });
  const added = (text: string): PatchLine => ({ kind: "added", text });
  const trace = traceOf(before, after);
  if (!trace) return [...before.map(removed), ...after.map(added)];
  const lines: PatchLine[] = [];
  let [x, y] = [before.length, after.length];
  for (let edits = trace.length - 1; edits >= 0; edits -= 1) {
    const reached = trace[edits]!;
    const k = x - y;
    const isDown = k === -edits || (k !== edits && reached.get(k - 1)! < reached.get(k + 1)!);
    const fromX = edits === 0 ? 0 : reached.get(isDown ? k + 1 : k - 1)!;
    const fromY = edits === 0 ? 0 : fromX - (isDown ? k + 1 : k - 1);
    while (x > fromX && y > fromY && x > 0 && y > 0 && before[x - 1] === after[y - 1]) {
      lines.push(same(before[x - 1]!));
      [x, y] = [x - 1, y - 1];
    }
    if (edits === 0) break;
    lines.push(isDown ? added(after[y - 1]!) : removed(before[x - 1]!));
    [x, y] = [fromX, fromY];
  }
  return lines.reverse();
}

/** Return how far each diagonal was before each edit; null where there are too many edits. */
function traceOf(
  before: readonly string[],
  after: readonly string[],
): Map<number, number>[] | null {
  const reached = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let edits = 0; edits <= EDITS_MAX; edits += 1) {
    trace.push(new Map(reached));
    for (let k = -edits; k <= edits; k += 2) {
      const isDown = k === -edits || (k !== edits && reached.get(k - 1)! < reached.get(k + 1)!);
      let x = isDown ? reached.get(k + 1)! : reached.get(k - 1)! + 1;
      while (x < before.length && x - k < after.length && before[x] === after[x - k]) x += 1;
      reached.set(k, x);
      if (x >= before.length && x - k >= after.length) return trace;
    }
  }
  return null;
}
