// Whether the tour is on: by itself at a person's first visit, later when asked for.

import { useSyncExternalStore } from "react";
import { kept } from "../shell/kept";

const KEY = "mltrack.tour";
const listeners = new Set<() => void>();
let isOpen = false;

function set(next: boolean): void {
  isOpen = next;
  for (const listener of listeners) listener();
}

export const tour = {
  /** Begin if nobody has seen or declined it here. Programs that drive a browser are shown it when they ask. */
  offer(): void {
    const said = kept.get(KEY);
    if (said === "ask" || (said === null && !navigator.webdriver)) set(true);
  },

  start: (): void => set(true),

  /** End it, and never begin by itself again. */
  end(): void {
    kept.set(KEY, "done");
    set(false);
  },

  onChange(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

export function useIsTouring(): boolean {
  return useSyncExternalStore(tour.onChange, () => isOpen);
}

/** What is shown, in this order, and where it is on the page. */
export const STOPS = [
  { name: "table", selector: ".run-pane .run-table" },
  { name: "filter", selector: ".run-pane .filter-box" },
  { name: "charts", selector: ".wall .card" },
  { name: "view", selector: ".wall .view-bar" },
  { name: "palette", selector: '.bar [aria-keyshortcuts~="Control+K"]' },
] as const;

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

const GAP = 10;

/** Return where a card of this size stands beside *target*: below, above, or over its lower end. */
export function placeBeside(
  target: Box,
  card: Pick<Box, "width" | "height">,
  page: Pick<Box, "width" | "height">,
): { left: number; top: number } {
  const left = Math.max(GAP, Math.min(target.left, page.width - card.width - GAP));
  const below = target.top + target.height + GAP;
  const above = target.top - card.height - GAP;
  const fits = (top: number) => top >= GAP && top + card.height + GAP <= page.height;
  const over = Math.min(below, page.height) - card.height - 4 * GAP;
  return { left, top: [below, above].find(fits) ?? Math.max(GAP, over) };
}
