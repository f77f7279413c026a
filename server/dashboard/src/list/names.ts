// How a run is called where its name must be seen and clicked.

import type { RunSummary } from "../api/types";

/** What takes no ink: controls and formats, blanks, and letters that are only there to fill. */
const UNSEEN = /[\p{C}\p{Z}\p{M}\u115f\u1160\u2800\u3164\uffa0]/gu;

/** Return the run's name; of one that nobody sees the beginning of its id. */
export function nameOf({ id, name }: Pick<RunSummary, "id" | "name">): string {
  return name.replace(UNSEEN, "") === "" ? id.slice(0, 8) : name;
}
