import { useCallback, useMemo } from "react";
import { useSearchParams } from "wouter";

import type { RunSummary } from "../api/types";
import { drawnOf, pinToggled, soloed, toggled, type Choice, type Rule } from "./drawn";

const RULES: readonly Rule[] = ["newest", "best", "all", "chosen"];

/** Read the choice of runs from the address, where a link keeps it. */
export function readChoice(params: URLSearchParams): Choice {
  const keys = (name: string) => new Set((params.get(name) ?? "").split(",").filter(Boolean));
  return {
    rule: RULES.find((rule) => rule === params.get("d")) ?? "newest",
    hidden: keys("h"),
    added: keys("e"),
    pinned: keys("p"),
    only: params.get("only"),
  };
}

export function writeChoice(params: URLSearchParams, choice: Choice): URLSearchParams {
  const next = new URLSearchParams(params);
  const set = (name: string, value: string) => (value ? next.set(name, value) : next.delete(name));
  set("d", choice.rule === "newest" ? "" : choice.rule);
  set("h", [...choice.hidden].join(","));
  set("e", [...choice.added].join(","));
  set("p", [...choice.pinned].join(","));
  set("only", choice.only ?? "");
  return next;
}

/** What the address says of which runs are drawn. */
export function useChoice(): Choice {
  const [params] = useSearchParams();
  const text = params.toString();
  return useMemo(() => readChoice(new URLSearchParams(text)), [text]);
}

/** Which of the runs that are *shown* are drawn, and what changes that. */
export function useDrawn(shown: readonly RunSummary[], choice: Choice, headline: string | null) {
  const [, setParams] = useSearchParams();
  const drawn = useMemo(() => drawnOf(shown, choice, headline), [shown, choice, headline]);
  const change = useCallback(
    (map: (choice: Choice) => Choice) =>
      setParams((previous) => writeChoice(previous, map(readChoice(previous))), { replace: true }),
    [setParams],
  );
  const onToggle = useCallback(
    (id: string, isDrawn: boolean) => change((before) => toggled(before, id, isDrawn)),
    [change],
  );
  const onSolo = useCallback((id: string) => change((before) => soloed(before, id)), [change]);
  const onPin = useCallback((id: string) => change((before) => pinToggled(before, id)), [change]);
  const setRule = useCallback(
    (rule: Rule) =>
      change((before) => ({ ...before, rule, hidden: new Set(), added: new Set(), only: null })),
    [change],
  );
  const endSolo = useCallback(() => change((before) => ({ ...before, only: null })), [change]);
  return { choice, drawn, onToggle, onSolo, onPin, setRule, endSolo };
}

export type DrawnState = ReturnType<typeof useDrawn>;
