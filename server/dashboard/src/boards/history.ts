// Changes that can be taken back.

/** Steps that can be taken back. */
const PAST_MAX = 100;

export interface History<State> {
  past: readonly State[];
  present: State;
  future: readonly State[];
}

export type Step<State> =
  /** Of changes of one *kind* in a row, as while a text is typed, only the first can be gone back to. */
  | { do: "change"; to: State; kind?: string }
  | { do: "undo" }
  | { do: "redo" }
  /** Begin anew. */
  | { do: "reset"; to: State };

export interface Kept<State> extends History<State> {
  kind: string;
}

export function begin<State>(present: State): Kept<State> {
  return { past: [], present, future: [], kind: "" };
}

export function step<State>(history: Kept<State>, action: Step<State>): Kept<State> {
  const { past, present, future } = history;
  switch (action.do) {
    case "reset":
      return begin(action.to);
    case "change": {
      const { to, kind = "" } = action;
      if (to === present) return history;
      const isMore = kind !== "" && kind === history.kind;
      const before = isMore ? past : [...past, present].slice(-PAST_MAX);
      return { past: before, present: to, future: [], kind };
    }
    case "undo": {
      const before = past.at(-1);
      if (before === undefined) return history;
      const after = [present, ...future];
      return { past: past.slice(0, -1), present: before, future: after, kind: "" };
    }
    case "redo": {
      const [after, ...rest] = future;
      if (after === undefined) return history;
      return { past: [...past, present], present: after, future: rest, kind: "" };
    }
  }
}
