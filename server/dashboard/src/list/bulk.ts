// What is done with many runs at once: a change for each of them, its inverse, and the doing.

import { deleteRun, editRun, undeleteRun } from "../api/client";
import type { RunEdit, RunSummary } from "../api/types";

export type Action =
  | { kind: "tag" | "untag"; tags: readonly string[] }
  | { kind: "group"; group: string } // "": of no group
  | { kind: "archive" | "restore" | "delete" };

export type Change = { id: string; name: string } & (
  { kind: "edit"; edit: RunEdit; back: RunEdit } | { kind: "delete" | "undelete" }
);

/** Requests under way at once: the server writes one after the other anyway. */
const TOGETHER = 4;

/** Return what *action* changes, run by run; those that are so already are left out. */
export function changesOf(action: Action, runs: readonly RunSummary[]): Change[] {
  return runs.flatMap((run): Change[] => {
    const { id, name } = run;
    const edited = (edit: RunEdit, back: RunEdit): Change => ({
      id,
      name,
      kind: "edit",
      edit,
      back,
    });
    switch (action.kind) {
      case "tag":
      case "untag": {
        const isAdding = action.kind === "tag";
        const kept = run.tags.filter((tag) => !action.tags.includes(tag));
        const tags = isAdding ? [...new Set([...run.tags, ...action.tags])] : kept;
        if (tags.length === run.tags.length) return [];
        return [edited({ tags }, { tags: asSaid(run, "tags") })];
      }
      case "group":
        if (run.group === action.group) return [];
        return [edited({ group: action.group }, { group: asSaid(run, "group") })];
      case "archive":
      case "restore": {
        const archived = action.kind === "archive";
        return run.archived === archived ? [] : [edited({ archived }, { archived: !archived })];
      }
      case "delete":
        return [{ id, name, kind: "delete" }];
    }
  });
}

/** Return what a person has put there, or null, which is what the run itself said. */
function asSaid<Field extends "tags" | "group">(
  run: RunSummary,
  field: Field,
): RunSummary[Field] | null {
  return run.edited.includes(field) ? run[field] : null;
}

/** Return what undoes a change. */
export function inverseOf(change: Change): Change {
  switch (change.kind) {
    case "edit":
      return { ...change, edit: change.back, back: change.edit };
    case "delete":
      return { ...change, kind: "undelete" };
    case "undelete":
      return { ...change, kind: "delete" };
  }
}

export async function apply(change: Change): Promise<void> {
  switch (change.kind) {
    case "edit":
      return void (await editRun(change.id, change.edit));
    case "delete":
      return deleteRun(change.id);
    case "undelete":
      return undeleteRun(change.id);
  }
}

export interface Outcome {
  done: Change[];
  failed: { change: Change; reason: string }[];
  /** Those that were not begun: it was stopped. */
  left: Change[];
}

/**
 * Do all of *changes*, a few at once; one that fails keeps no other from being done. *onStep* is
 * told after each how far it is. After *signal* no more are begun.
 */
export async function applyAll(
  changes: readonly Change[],
  onStep: (outcome: Outcome) => void,
  signal: AbortSignal,
  work: (change: Change) => Promise<void> = apply,
): Promise<Outcome> {
  const outcome: Outcome = { done: [], failed: [], left: [...changes] };
  const worker = async () => {
    while (!signal.aborted) {
      const change = outcome.left.shift();
      if (!change) return;
      try {
        await work(change);
        outcome.done.push(change);
      } catch (error) {
        outcome.failed.push({
          change,
          reason: error instanceof Error ? error.message : `${error}`,
        });
      }
      onStep({ ...outcome });
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, worker));
  return outcome;
}
