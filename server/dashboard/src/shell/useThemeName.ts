import { useSyncExternalStore } from "react";

/** Return "light" or "dark" and render again when it changes. */
export function useThemeName(): string {
  return useSyncExternalStore(watch, () => document.documentElement.dataset["theme"] ?? "light");
}

function watch(onChange: () => void): () => void {
  const observer = new MutationObserver(onChange);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => observer.disconnect();
}
