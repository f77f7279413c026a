import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useRef, useState } from "react";

import type { RunSummary } from "../api/types";
import { applyAll, changesOf, inverseOf, type Action, type Change, type Outcome } from "./bulk";

export interface BulkState extends Outcome {
  kind: Action["kind"];
  total: number;
  isRunning: boolean;
  isUndo: boolean;
}

/** Does things with many runs of a project, and says how that went. */
export function useBulk(project: string) {
  const client = useQueryClient();
  const [state, setState] = useState<BulkState | null>(null);
  const stopper = useRef(new AbortController());
  const begin = useCallback(
    async (
      kind: Action["kind"],
      changes: readonly Change[],
      isUndo: boolean,
      before: readonly Change[] = [],
    ) => {
      stopper.current = new AbortController();
      const whole = { kind, total: before.length + changes.length, isUndo };
      const tell = (outcome: Outcome, isRunning = true) =>
        setState({ ...whole, ...outcome, done: [...before, ...outcome.done], isRunning });
      tell({ done: [], failed: [], left: [...changes] });
      const outcome = await applyAll(changes, tell, stopper.current.signal);
      await Promise.all([
        client.invalidateQueries({ queryKey: ["runs", project] }),
        client.invalidateQueries({ queryKey: ["projects"] }),
        ...changes.map(({ id }) => client.invalidateQueries({ queryKey: ["run", id] })),
      ]);
      tell(outcome, false);
    },
    [client, project],
  );
  const perform = useCallback(
    (action: Action, runs: readonly RunSummary[]) =>
      void begin(action.kind, changesOf(action, runs), false),
    [begin],
  );
  return {
    state,
    perform,
    stop: () => stopper.current.abort(),
    undo: () => state && void begin(state.kind, state.done.map(inverseOf), true),
    retry: () =>
      state &&
      void begin(
        state.kind,
        [...state.failed.map(({ change }) => change), ...state.left],
        state.isUndo,
        state.done,
      ),
    dismiss: () => setState(null),
  };
}

export type Bulk = ReturnType<typeof useBulk>;
