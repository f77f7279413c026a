// Which runs the charts draw: a rule for all of them, and what the user has said of some.

import { toNumber } from "../api/number";
import type { RunSummary } from "../api/types";
import { directionOf, type Headline } from "../series/metrics";

/** Runs drawn without being asked for. */
export const DRAWN_MAX = 30;
/** The API's bound on runs in one query. */
export const RUNS_MAX = 200;

/** "chosen": none but those that the user has added or pinned, as a link to a chart has it. */
export type Rule = "newest" | "best" | "all" | "chosen";

/** Runs are named by the beginnings of their ids, which is how the address has them. */
export interface Choice {
  rule: Rule;
  hidden: ReadonlySet<string>;
  added: ReadonlySet<string>;
  pinned: ReadonlySet<string>;
  /** The only run that is drawn, besides the pinned ones; null where there is no such. */
  only: string | null;
}

const KEY_CHARS = 8;

/** Return how the address names a run: long enough to tell the runs of a project apart. */
export function keyOf(id: string): string {
  return id.slice(0, KEY_CHARS);
}

/** Return the ids of the runs to draw, of those that are *shown*. */
export function drawnOf(
  shown: readonly RunSummary[],
  choice: Choice,
  headline: string | null,
  own: Headline | null = null,
): Set<string> {
  const isPinned = (run: RunSummary) => choice.pinned.has(keyOf(run.id));
  if (choice.only !== null) {
    const { only } = choice;
    return idsOf(shown.filter((run) => keyOf(run.id) === only || isPinned(run)));
  }
  const byRule = idsOf(ruled(shown, choice.rule, headline, own));
  const wanted = shown.filter(({ id }) => {
    const key = keyOf(id);
    return (byRule.has(id) || choice.added.has(key)) && !choice.hidden.has(key);
  });
  const pinned = shown.filter(isPinned);
  return idsOf([...pinned, ...wanted].slice(0, RUNS_MAX));
}

function idsOf(runs: readonly RunSummary[]): Set<string> {
  return new Set(runs.map((run) => run.id));
}

function ruled(
  shown: readonly RunSummary[],
  rule: Rule,
  headline: string | null,
  own: Headline | null,
): readonly RunSummary[] {
  if (rule === "all") return shown;
  if (rule === "chosen") return [];
  if (rule === "best" && headline !== null) return bestOf(shown, headline, own).slice(0, DRAWN_MAX);
  const newest = [...shown].sort((a, b) => b.started_ns - a.started_ns).slice(0, DRAWN_MAX);
  return [...newest, ...shown.filter((run) => run.state === "running")];
}

/** Return the runs that have *metric*, the best first; those that never had a number are left out. */
export function bestOf(
  runs: readonly RunSummary[],
  metric: string,
  own: Headline | null = null,
): RunSummary[] {
  const sign = directionOf(metric, own) === "max" ? -1 : 1;
  const scored = runs.flatMap((run) => {
    const score = bestValue(run, metric, own);
    return score === null ? [] : [{ run, score }];
  });
  return scored.sort((a, b) => sign * (a.score - b.score)).map(({ run }) => run);
}

/** Return the best value that a run had of *metric*; null for none. */
export function bestValue(
  run: RunSummary,
  metric: string,
  own: Headline | null = null,
): number | null {
  const summary = run.metrics[metric];
  const best = directionOf(metric, own) === "max" ? summary?.max : summary?.min;
  return best == null ? null : toNumber(best);
}

/** Return the choice after a click on the eye of a run that is drawn or not. */
export function toggled(choice: Choice, id: string, isDrawn: boolean): Choice {
  const key = keyOf(id);
  const [hidden, added, pinned] = [
    new Set(choice.hidden),
    new Set(choice.added),
    new Set(choice.pinned),
  ];
  if (isDrawn) {
    added.delete(key);
    pinned.delete(key);
    hidden.add(key);
  } else {
    hidden.delete(key);
    added.add(key);
  }
  return { ...choice, hidden, added, pinned, only: null };
}

/** Return the choice in which only this run is drawn, or, where it is so already, as before. */
export function soloed(choice: Choice, id: string): Choice {
  const key = keyOf(id);
  return { ...choice, only: choice.only === key ? null : key };
}

/** Return the choice in which the run is pinned, or no longer. */
export function pinToggled(choice: Choice, id: string): Choice {
  const pinned = new Set(choice.pinned);
  const hidden = new Set(choice.hidden);
  const key = keyOf(id);
  if (!pinned.delete(key)) {
    pinned.add(key);
    hidden.delete(key);
  }
  return { ...choice, pinned, hidden };
}
