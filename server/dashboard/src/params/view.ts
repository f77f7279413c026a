// What the page shows, as the address has it.

import { useCallback, useMemo } from "react";

import type { VaryingKey } from "../api/types";
import { useAddress } from "../shell/address";
import { useUrl } from "../shell/useUrl";

/** Axes chosen without being asked. */
const AXES = 8;
/** The API's bound on columns, less those of the scatter and the colour. */
export const AXES_MAX = 40;
/** A text with more values than this, most of them of one run, names runs instead of telling them apart. */
const KINDS_MAX = 16;

const KEY =
  /^(?:(?:params|metrics|facts)(?:\.\S|\[")|(?:attempts|dropped|duration|framework|group|host|records|state|step|user)$)/;

/** Return the keys that *text* names, a comma between two; a name in quotes may hold one. */
export function splitKeys(text: string): string[] {
  const parts = text.match(/(?:"(?:\\.|[^"\\])*"|[^,"])+/g) ?? [];
  return [...new Set(parts.map((part) => part.trim()).filter((part) => KEY.test(part)))];
}

/** Return the axes that a project's runs are shown on at first: what was made different, what came out. */
export function defaultAxes(varying: readonly VaryingKey[], result: string | null): string[] {
  const depth = (key: string) => key.split(".").length;
  const params = varying
    .filter((one) => one.is_number || one.distinct <= KINDS_MAX || 2 * one.distinct <= one.runs)
    .map((one) => one.key)
    // What people choose has short names; what frameworks note of themselves has long ones.
    .sort((a, b) => depth(a) - depth(b));
  return [...params.slice(0, AXES - 1), ...(result === null ? [] : [result])];
}

/** Return *keys* with one of them at another place. */
export function moved(keys: readonly string[], key: string, to: number): string[] {
  const others = keys.filter((one) => one !== key);
  const at = Math.max(0, Math.min(others.length, to));
  return [...others.slice(0, at), key, ...others.slice(at)];
}

export function useParamsView() {
  const [params, change] = useAddress();
  const text = params.toString();
  const [filter, setFilter] = useUrl("q");
  const set = useCallback(
    (changes: Readonly<Record<string, string | null>>) =>
      change((next) => {
        for (const [key, value] of Object.entries(changes))
          if (value) next.set(key, value);
          else next.delete(key);
      }),
    [change],
  );
  const state = useMemo(() => {
    const read = new URLSearchParams(text);
    const one = (name: string) => splitKeys(read.get(name) ?? "")[0] ?? null;
    return {
      axes: splitKeys(read.get("a") ?? "").slice(0, AXES_MAX),
      toggled: splitKeys(read.get("t") ?? ""),
      quantiles: splitKeys(read.get("qs") ?? ""),
      inverted: splitKeys(read.get("iv") ?? ""),
      of: one("of"),
      x: one("sx"),
      y: one("sy"),
      isTable: read.get("v") === "table",
    };
  }, [text]);
  const toggle = (name: string, keys: readonly string[]) => (key: string) =>
    set({
      [name]: (keys.includes(key) ? keys.filter((one) => one !== key) : [...keys, key]).join(","),
    });
  return {
    ...state,
    filter,
    setFilter,
    set,
    setAxes: (keys: readonly string[]) => set({ a: keys.join(",") }),
    setX: (key: string) => set({ sx: key }),
    setY: (key: string) => set({ sy: key }),
    setTable: (isTable: boolean) => set({ v: isTable ? "table" : null }),
    toggleScale: toggle("t", state.toggled),
    toggleQuantiles: toggle("qs", state.quantiles),
    toggleInverted: toggle("iv", state.inverted),
    reset: () => set({ a: null, t: null, qs: null, iv: null, of: null, sx: null, sy: null }),
  };
}

export type ParamsView = ReturnType<typeof useParamsView>;
