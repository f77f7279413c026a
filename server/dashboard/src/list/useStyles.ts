import { useMemo } from "react";

import type { RunSummary } from "../api/types";
import { assignSlots, styleOf, type LineStyle } from "../charts/colours";
import { kept } from "../shell/kept";

/**
 * Return how each run is drawn. The browser remembers it by project, so a run keeps its colour
 * when others come and go.
 */
export function useStyles(
  project: string,
  runs: readonly RunSummary[],
): ReadonlyMap<string, LineStyle> {
  const ids = useMemo(
    () => [...runs].sort((a, b) => a.started_ns - b.started_ns).map((run) => run.id),
    [runs],
  );
  const key = ids.join(" ");
  return useMemo(() => {
    const storageKey = `mltrack.colours.${project}`;
    // Runs that are gone give their colours back.
    const known = [...readSlots(storageKey)].filter(([id]) => ids.includes(id));
    const slots = assignSlots(new Map(known), ids);
    kept.set(storageKey, JSON.stringify([...slots]));
    return new Map([...slots].map(([id, slot]) => [id, styleOf(slot)]));
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` stands for `ids`
  }, [project, key]);
}

/** Return how a few runs of the project are drawn, as it is remembered; others get what is free. */
export function storedStyles(
  project: string,
  ids: readonly string[],
): ReadonlyMap<string, LineStyle> {
  const slots = assignSlots(readSlots(`mltrack.colours.${project}`), ids);
  return new Map(ids.map((id) => [id, styleOf(slots.get(id)!)]));
}

function readSlots(storageKey: string): Map<string, number> {
  try {
    return new Map(JSON.parse(kept.get(storageKey) ?? "[]") as [string, number][]);
  } catch {
    return new Map(); // of another version; colours are given out anew
  }
}
