// How close the rows of tables stand: this person's, on this browser.

import { useSyncExternalStore } from "react";
import { kept } from "./kept";

export type Density = "normal" | "compact";

const KEY = "mltrack.density";
const listeners = new Set<() => void>();

function read(): Density {
  return kept.get(KEY) === "compact" ? "compact" : "normal";
}

export function setDensity(density: Density): void {
  kept.set(KEY, density);
  for (const listener of listeners) listener();
}

/** Return the density, and render again when it is another. */
export function useDensity(): Density {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, read);
}
