// Keyboard shortcuts that are the same on every page.

import { useEffect, useRef } from "react";

import { kept } from "./kept";

/** How people call the key that opens the palette. */
export const PALETTE_KEY = /Mac|iP(hone|ad)/.test(navigator.platform) ? "⌘ K" : "Ctrl K";

const KEY = "mltrack.single_keys";
const listeners = new Set<() => void>();

/** Whether single letters, digits and signs are shortcuts: this person's choice, on this browser. */
export const singleKeys = {
  areOn: (): boolean => kept.get(KEY) !== "off",

  set(areOn: boolean): void {
    kept.set(KEY, areOn ? "on" : "off");
    for (const listener of listeners) listener();
  },

  onChange(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

/**
 * Tell whether the key belongs to a field or dialog, is part of a browser's shortcut, or is a
 * single sign of somebody who wants none of these: who speaks to a computer types by accident.
 */
export function isTyping(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  if (event.key.length === 1 && !singleKeys.areOn()) return true;
  const target = event.target as HTMLElement;
  return (
    target.isContentEditable ||
    /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) ||
    !!target.closest('[role="dialog"], [role="menu"], [role="listbox"]')
  );
}

/** A second key counts as the rest of a sequence for so long. */
const SEQUENCE_MS = 1500;

/** Call *actions* by key; "g w" is the key w soon after the key g. */
export function useShortcuts(actions: Record<string, () => void>): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    let prefixAt = -Infinity;
    const onKey = (event: KeyboardEvent) => {
      if (isTyping(event)) return;
      const isSequence = event.timeStamp - prefixAt < SEQUENCE_MS;
      prefixAt = event.key === "g" ? event.timeStamp : -Infinity;
      const action = latest.current[isSequence ? `g ${event.key}` : event.key];
      if (!action) return;
      event.preventDefault();
      action();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
