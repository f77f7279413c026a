// A chart as somebody sees it, to be kept elsewhere.

import type { Smoothing } from "../series/smoothing";
import type { Window } from "../series/useTracks";
import type { Spread } from "./groups";

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
  smoothing: Smoothing;
  /** The runs that it draws. */
  runs: readonly string[];
  /** By which keys the runs are grouped whose means it draws; null: it draws the runs. */
  by: readonly string[] | null;
  /** What the band around a mean is. */
  spread: Spread;
}
