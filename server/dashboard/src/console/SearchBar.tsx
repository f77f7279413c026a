import { useRef } from "react";
import { useTranslation } from "react-i18next";

import type { ConsoleSearch } from "../api/client";
import { SearchField } from "../shell/SearchField";
import { useShortcuts } from "../shell/shortcuts";
import { Tool } from "../shell/Tool";
import { useUrl } from "../shell/useUrl";
import { MATCHES_MAX, neighbour } from "./matches";
import type { Search } from "./useSearch";

export interface Asked extends ConsoleSearch {
  set: (change: Partial<ConsoleSearch>) => void;
}

/** What is searched for, as the address has it. */
export function useAsked(): Asked {
  const [text, setText] = useUrl("cs");
  const [mode, setMode] = useUrl("cm");
  const modes = mode.split(",");
  const [isRegex, isCase] = [modes.includes("regex"), modes.includes("case")];
  return {
    text,
    isRegex,
    isCase,
    set: (change) => {
      if (change.text !== undefined) setText(change.text || null);
      const next = { isRegex, isCase, ...change };
      setMode([next.isRegex && "regex", next.isCase && "case"].filter(Boolean).join(",") || null);
    },
  };
}

interface SearchBarProps {
  asked: Asked;
  search: Search;
  total: number;
  /** The match that was gone to last. */
  current: number | null;
  /** The first line on screen. */
  top: number;
  onShow: (number: number) => void;
}

/** The field to search a console with, how much was found, and the ways to it. */
export function SearchBar({ asked, search, total, current, top, onShow }: SearchBarProps) {
  const { t } = useTranslation();
  const field = useRef<HTMLInputElement>(null);
  const { numbers } = search;
  const isThere = current !== null && search.places.has(current);
  const go = (side: 1 | -1) => {
    // From the match that was gone to, unless somebody has scrolled away from it since.
    const from = isThere ? current : side > 0 ? top - 1 : top;
    const index = neighbour(numbers, from, side);
    if (index >= 0) onShow(numbers[index]!);
  };
  useShortcuts({
    "/": () => field.current?.focus(),
    "n": () => go(1),
    "N": () => go(-1),
  });
  return (
    <div className="console-search" role="search">
      <div
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          go(event.shiftKey ? -1 : 1);
        }}
      >
        <SearchField
          field={field}
          label={t("console.search")}
          hint={t("console.search_hint")}
          value={asked.text}
          onChange={(text) => asked.set({ text })}
        />
      </div>
      <button
        type="button"
        className="tool console-mode"
        aria-label={t("console.regex")}
        title={t("console.regex")}
        aria-pressed={asked.isRegex}
        onClick={() => asked.set({ isRegex: !asked.isRegex })}
      >
        .*
      </button>
      <button
        type="button"
        className="tool console-mode"
        aria-label={t("console.case")}
        title={t("console.case")}
        aria-pressed={asked.isCase}
        onClick={() => asked.set({ isCase: !asked.isCase })}
      >
        Aa
      </button>
      {asked.text && (
        <>
          <Tool
            icon="up"
            label={t("console.previous")}
            hint={t("console.previous_hint")}
            onClick={() => go(-1)}
          />
          <Tool
            icon="down"
            label={t("console.next")}
            hint={t("console.next_hint")}
            onClick={() => go(1)}
          />
          <output className={search.problem ? "bad" : "muted"}>
            {search.problem ?? <Found search={search} total={total} current={current} />}
          </output>
        </>
      )}
    </div>
  );
}

function Found(props: { search: Search; total: number; current: number | null }) {
  const { t } = useTranslation();
  const { numbers, isRunning, searched, places } = props.search;
  const { current, total } = props;
  const count = numbers.length;
  const share = total > 0 ? Math.floor((100 * searched) / total) : 0;
  const at = current !== null && places.has(current) ? neighbour(numbers, current - 1, 1) + 1 : 0;
  const numbered = { count, number: count.toLocaleString("en-US") };
  return (
    <>
      {at > 0
        ? t("console.match", { ...numbered, at: at.toLocaleString("en-US") })
        : count >= MATCHES_MAX
          ? t("console.matches_cut", numbered)
          : t("console.matches", numbered)}
      {isRunning && ` · ${t("console.searching", { share })}`}
    </>
  );
}
