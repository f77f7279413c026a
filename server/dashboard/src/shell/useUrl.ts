import { createContext, useCallback, useContext } from "react";

import { useAddress } from "./address";

/** What stands before the keys of a part of the page that has a state of its own, as a panel has. */
export const UrlPrefix = createContext("");

/** A part of the page's state that lives in its address, so that a link shows the same view. */
export function useUrl(name: string): [string, (value: string | null) => void] {
  const key = useContext(UrlPrefix) + name;
  const [params, change] = useAddress();
  const set = useCallback(
    (value: string | null) => change((next) => (value ? next.set(key, value) : next.delete(key))),
    [key, change],
  );
  return [params.get(key) ?? "", set];
}
