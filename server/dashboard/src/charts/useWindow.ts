import { useCallback } from "react";

import type { Window } from "../series/useTracks";
import { useUrl } from "../shell/useUrl";
import { visit } from "./zooms";

/** The part of the x axis that all charts of the page show, from the address; null is all of it. */
export function useWindow(): [string, (window: Window | null) => void] {
  const [text, setText] = useUrl("xr");
  const setWindow = useCallback(
    (window: Window | null) => {
      const next = window && shortened(window);
      visit(next);
      setText(next && next.join(","));
    },
    [setText],
  );
  return [text, setWindow];
}

/** Return the window that *text* means, or null. */
export function parseWindow(text: string): Window | null {
  const [start, end] = text.split(",").map(Number);
  if (!text || start === undefined || end === undefined) return null;
  return Number.isFinite(start) && Number.isFinite(end) && start < end ? [start, end] : null;
}

/** Return a window as the address holds it. */
export function shortened([start, end]: Window): Window {
  return [short(start), short(end)];
}

function short(value: number): number {
  return Number(value.toPrecision(15));
}
