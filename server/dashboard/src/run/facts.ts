// Facts that the page knows by name, out of those that programs recorded.

import type { Run } from "../api/types";

export interface Git {
  commit: string;
  branch: string;
  /** Where it is cloned from, and where the checkout lay. */
  remote: string;
  root: string;
  isDirty: boolean;
  diff: string;
  /** How many bytes the diff had, where only the first of them were recorded. */
  cutFrom: number | null;
}

/** Return what is known of the code's version; empty strings where nothing is. */
export function gitOf(run: Run): Git {
  const git = run.facts["git"] ?? {};
  const text = (key: string) => (typeof git[key] === "string" ? git[key] : "");
  return {
    commit: text("commit"),
    branch: text("branch"),
    remote: text("remote"),
    root: text("root"),
    isDirty: git["dirty"] === true,
    diff: text("diff"),
    cutFrom: typeof git["diff_bytes"] === "number" ? git["diff_bytes"] : null,
  };
}
