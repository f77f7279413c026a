// The run under the pointer, told to every chart without rendering the page.

import { useSyncExternalStore } from "react";

let current: string | null = null;
const listeners = new Set<() => void>();

export const highlight = {
  get: (): string | null => current,

  /** Say which run stands out; null for none. */
  set(id: string | null): void {
    if (id === current) return;
    current = id;
    for (const listener of listeners) listener();
  },

  onChange(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

/** Return the run that stands out, and render again when it is another. */
export function useHighlight(): string | null {
  return useSyncExternalStore(highlight.onChange, highlight.get);
}
