// A chart as somebody sees it, to be kept elsewhere.

import type { Window } from "../series/useTracks";

export interface SeenChart {
  project: string;
  /** Which runs the page is about, as a filter; "": all. */
  filter: string;
  metrics: readonly string[];
  /** As a panel has it: "step", "time", "m:epoch". */
  axis: string;
  window: Window | null;
  isLog: boolean;
  isFull: boolean;
  smoothing: number;
  /** The runs that it draws. */
  runs: readonly string[];
  /** It draws means of groups of them. */
  isGrouped: boolean;
}
