import { useCallback, useRef, useState } from "react";

import type { RunSummary } from "../api/types";

/** The runs that were ticked, for what is done with several of them at once. */
export function useSelection(shown: readonly RunSummary[]) {
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const anchor = useRef<string | null>(null);
  const latest = useRef(shown);
  latest.current = shown;
  const onSelect = useCallback((id: string, isRange: boolean) => {
    const from = isRange ? anchor.current : null;
    anchor.current = id;
    setSelected((before) => ticked(before, latest.current, from ?? id, id));
  }, []);
  const clear = useCallback(() => setSelected(new Set()), []);
  const selectAll = useCallback((isOn: boolean) => {
    anchor.current = null;
    setSelected(new Set(isOn ? latest.current.map((run) => run.id) : []));
  }, []);
  return { selected, onSelect, clear, selectAll };
}

export type Selection = ReturnType<typeof useSelection>;

/** Return the selection after a tick of *to*, and of all between it and *from*. */
export function ticked(
  before: ReadonlySet<string>,
  shown: readonly RunSummary[],
  from: string,
  to: string,
): ReadonlySet<string> {
  const next = new Set(before);
  const isOn = !before.has(to);
  const places = [from, to].map((id) => shown.findIndex((run) => run.id === id));
  const [first, last] = [Math.min(...places), Math.max(...places)];
  const ids = first < 0 ? [to] : shown.slice(first, last + 1).map((run) => run.id);
  for (const id of ids) {
    if (isOn) next.add(id);
    else next.delete(id);
  }
  return next;
}
