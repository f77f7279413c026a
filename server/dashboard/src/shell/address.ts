// The page's address as it stands in the browser's bar. wouter hands it out decoded once already,
// by which a "%" in the name of a project or in a filter would be decoded twice.

import { useCallback, useMemo } from "react";
import { navigate, usePathname, useSearch } from "wouter/use-browser-location";

type Change = (params: URLSearchParams) => void;

/** The part of the address behind "?", and what changes it; a change is no step back to go. */
export function useAddress(): [URLSearchParams, (change: Change) => void] {
  const search = useSearch();
  const params = useMemo(() => new URLSearchParams(search), [search]);
  const set = useCallback((change: Change) => {
    // What was set just now, by another hook too, is in the address before it is rendered.
    const next = new URLSearchParams(window.location.search);
    change(next);
    const text = next.toString();
    navigate(window.location.pathname + (text && `?${text}`), { replace: true });
  }, []);
  return [params, set];
}

/** The project that the address is about; null where it is about none. */
export function useAddressedProject(): string | null {
  return projectOf(usePathname());
}

/** Return the project that *path* is about; null where it is about none. */
export function projectOf(path: string): string | null {
  const name = /^\/p\/([^/]+)/.exec(path)?.[1];
  if (name === undefined) return null;
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // typed by hand: "50%"
  }
}
