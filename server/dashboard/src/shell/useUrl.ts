import { createContext, useCallback, useContext } from "react";
import { useSearchParams } from "wouter";

/** What stands before the keys of a part of the page that has a state of its own, as a panel has. */
export const UrlPrefix = createContext("");

/** A part of the page's state that lives in its address, so that a link shows the same view. */
export function useUrl(name: string): [string, (value: string | null) => void] {
  const key = useContext(UrlPrefix) + name;
  const [params, setParams] = useSearchParams();
  const set = useCallback(
    (value: string | null) =>
      setParams(
        () => {
          // What was set just now, by another hook too, is in the address before it is rendered.
          const next = new URLSearchParams(window.location.search);
          if (value) next.set(key, value);
          else next.delete(key);
          return next;
        },
        { replace: true },
      ),
    [key, setParams],
  );
  return [params.get(key) ?? "", set];
}
