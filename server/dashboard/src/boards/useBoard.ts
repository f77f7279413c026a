// One dashboard or report as it is being changed: what was saved, what was not, and by whom meanwhile.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useReducer, useState } from "react";

import { ApiError, fetchDashboard, saveDashboard } from "../api/client";
import type { Dashboard, DashboardDocument } from "../api/types";
import { usePerson } from "../shell/usePerson";
import type { Board } from "./document";
import { begin, step, type Kept, type Step } from "./history";
import { kept } from "../shell/kept";

/** How long typing may pause before what is unsaved is kept in the browser. */
const DRAFT_PAUSE_MS = 300;

/** Changes that were not saved, kept until the next visit of this browser. */
interface Draft {
  /** The version that was changed. */
  version: number;
  board: Board;
}

export function useDashboard(id: string) {
  return useQuery({
    queryKey: ["dashboard", id],
    queryFn: ({ signal }) => fetchDashboard(id, null, signal),
    // Somebody else may have saved it while this page was in the background.
    refetchOnWindowFocus: true,
  });
}

export function boardOf({ summary, document }: Dashboard): Board {
  return { name: summary.name, owner: summary.owner, document };
}

/** Return the changes of *stored*, a dashboard that has arrived, and what saves them. */
export function useBoard(stored: Dashboard) {
  const { id } = stored.summary;
  const client = useQueryClient();
  const [person] = usePerson();
  const [start] = useState(
    () => readDraft(id) ?? { version: stored.version, board: boardOf(stored) },
  );
  const [base, setBase] = useState(start.version);
  const [history, dispatch] = useReducer(
    step as (history: Kept<Board>, action: Step<Board>) => Kept<Board>,
    begin(start.board),
  );
  const board = history.present;
  const isChanged = useMemo(
    () => JSON.stringify(board) !== JSON.stringify(boardOf(stored)),
    [board, stored],
  );
  useEffect(() => {
    // Nothing of this person's is lost by what somebody else has saved.
    if (!isChanged && base !== stored.version) setBase(stored.version);
  }, [isChanged, base, stored.version]);
  useEffect(() => {
    // At once: who leaves right after saving must not find an older draft at the next visit.
    if (!isChanged) return kept.remove(draftKey(id));
    const timer = setTimeout(() => writeDraft(id, { version: base, board }), DRAFT_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [id, isChanged, base, board]);

  const take = (saved: Dashboard) => {
    client.setQueryData(["dashboard", id], saved);
    setBase(saved.version);
    void client.invalidateQueries({ queryKey: ["dashboards", saved.summary.project] });
    void client.invalidateQueries({ queryKey: ["dashboard-versions", id] });
  };
  const saving = useMutation({
    mutationFn: (version: number) => saveDashboard(id, { version, author: person, ...board }),
    onSuccess: take,
    onError: (error) => {
      // What there is now is shown beside what is not saved.
      if (error instanceof ApiError && error.status === 409)
        void client.invalidateQueries({ queryKey: ["dashboard", id] });
    },
  });
  const change = (to: Board, kind?: string) =>
    dispatch({ do: "change", to, ...(kind === undefined ? {} : { kind }) });
  return {
    board,
    isChanged,
    /** Somebody has saved another version since the one that is being changed. */
    isBehind: isChanged && base !== stored.version,
    saving,
    save: () => saving.mutate(base),
    /** Save over what somebody else has saved. */
    saveOver: () => saving.mutate(stored.version),
    /** Drop what is not saved. */
    discard: () => {
      saving.reset();
      dispatch({ do: "reset", to: boardOf(stored) });
    },
    change,
    changeDocument: (document: DashboardDocument, kind?: string) =>
      change({ ...board, document }, kind),
    undo: () => dispatch({ do: "undo" }),
    redo: () => dispatch({ do: "redo" }),
    canUndo: history.past.length > 0,
    canRedo: history.future.length > 0,
  };
}

export type BoardState = ReturnType<typeof useBoard>;

function draftKey(id: string): string {
  return `mltrack.dashboard.${id}`;
}

function readDraft(id: string): Draft | null {
  try {
    const draft = JSON.parse(kept.get(draftKey(id)) ?? "null") as Draft | null;
    return draft?.board.document.version === 1 ? draft : null;
  } catch {
    return null; // of another version
  }
}

function writeDraft(id: string, draft: Draft): void {
  kept.set(draftKey(id), JSON.stringify(draft));
}
