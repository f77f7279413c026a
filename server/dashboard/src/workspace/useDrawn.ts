import { useCallback, useMemo } from "react";

import type { RunSummary } from "../api/types";
import type { Headline } from "../series/metrics";
import { useAddress } from "../shell/address";
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

/** Put the choice into the address. */
export function writeChoice(params: URLSearchParams, choice: Choice): void {
  const set = (name: string, value: string) =>
    value ? params.set(name, value) : params.delete(name);
  set("d", choice.rule === "newest" ? "" : choice.rule);
  set("h", [...choice.hidden].join(","));
  set("e", [...choice.added].join(","));
  set("p", [...choice.pinned].join(","));
  set("only", choice.only ?? "");
}

/** What the address says of which runs are drawn. */
export function useChoice(): Choice {
  const [params] = useAddress();
  const text = params.toString();
  return useMemo(() => readChoice(new URLSearchParams(text)), [text]);
}

/** Which of the runs that are *shown* are drawn, and what changes that. */
export function useDrawn(
  shown: readonly RunSummary[],
  choice: Choice,
  headline: string | null,
  own: Headline | null,
) {
  const [, changeAddress] = useAddress();
  const drawn = useMemo(
    () => drawnOf(shown, choice, headline, own),
    [shown, choice, headline, own],
  );
  const change = useCallback(
    (map: (choice: Choice) => Choice) =>
      changeAddress((params) => writeChoice(params, map(readChoice(params)))),
    [changeAddress],
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
