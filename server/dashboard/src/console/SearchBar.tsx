import { useRef } from "react";
import { useTranslation } from "react-i18next";

import { CONSOLE_KINDS, type ConsoleSearch } from "../api/client";
import { SearchField } from "../shell/SearchField";
import { useShortcuts } from "../shell/shortcuts";
import { Tool } from "../shell/Tool";
import { useUrl } from "../shell/useUrl";
import { MATCHES_MAX, neighbour } from "./matches";
import { isSearch, type Search } from "./useSearch";

export interface Asked extends ConsoleSearch {
  /** Lines without a match are left out, as they are wherever a kind or a rank is chosen. */
  isOnly: boolean;
  set: (change: Partial<ConsoleSearch & { isOnly: boolean }>) => void;
}

/** What is searched for, as the address has it. */
export function useAsked(): Asked {
  const [text, setText] = useUrl("cs");
  const [mode, setMode] = useUrl("cm");
  const [kindText, setKind] = useUrl("ck");
  const [rankText, setRank] = useUrl("cr");
  const modes = mode.split(",");
  const [isRegex, isCase, isOnly] = ["regex", "case", "only"].map((each) => modes.includes(each));
  const now = { isRegex: isRegex!, isCase: isCase!, isOnly: isOnly! };
  return {
    text,
    ...now,
    kind: CONSOLE_KINDS.find((each) => each === kindText) ?? null,
    rank: /^\d{1,9}$/.test(rankText) ? Number(rankText) : null,
    set: (change) => {
      if (change.text !== undefined) setText(change.text || null);
      if (change.kind !== undefined) setKind(change.kind);
      if (change.rank !== undefined) setRank(change.rank === null ? null : String(change.rank));
      const next = { ...now, ...change };
      const named = [next.isRegex && "regex", next.isCase && "case", next.isOnly && "only"];
      setMode(named.filter(Boolean).join(",") || null);
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
  /** Of the processes that printed; one alone has no choice. */
  ranks: readonly number[];
  onShow: (number: number) => void;
  /** Whether it listens to the keys of the page. */
  hasKeys: boolean;
}

/** The field to search a console with, how much was found, and the ways to it. */
export function SearchBar(props: SearchBarProps) {
  const { asked, search, total, current, top, ranks, onShow, hasKeys } = props;
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
  useShortcuts(
    hasKeys ? { "/": () => field.current?.focus(), "n": () => go(1), "N": () => go(-1) } : {},
  );
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
      <select
        aria-label={t("console.kind")}
        value={asked.kind ?? ""}
        onChange={(change) => asked.set({ kind: (change.target.value || null) as Asked["kind"] })}
      >
        <option value="">{t("console.kind_all")}</option>
        {CONSOLE_KINDS.map((kind) => (
          <option key={kind} value={kind}>
            {t(`console.kind_${kind}`)}
          </option>
        ))}
      </select>
      {ranks.length > 1 && (
        <select
          aria-label={t("console.rank")}
          value={asked.rank ?? ""}
          onChange={(change) =>
            asked.set({ rank: change.target.value === "" ? null : Number(change.target.value) })
          }
        >
          <option value="">{t("console.rank_all")}</option>
          {ranks.map((rank) => (
            <option key={rank} value={rank}>
              {t("overview.rank", { rank })}
            </option>
          ))}
        </select>
      )}
      {asked.text && (
        <>
          <label>
            <input
              type="checkbox"
              checked={asked.isOnly}
              onChange={(change) => asked.set({ isOnly: change.target.checked })}
            />
            {t("console.only")}
          </label>
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
        </>
      )}
      {isSearch(asked) && (
        <output className={search.problem ? "bad" : "muted"}>
          {search.problem ?? <Found {...{ search, total, current }} isText={asked.text !== ""} />}
        </output>
      )}
    </div>
  );
}

function Found(props: { search: Search; total: number; current: number | null; isText: boolean }) {
  const { t } = useTranslation();
  const { numbers, isRunning, searched, places } = props.search;
  const { current, total } = props;
  const count = numbers.length;
  const share = total > 0 ? Math.floor((100 * searched) / total) : 0;
  const at = current !== null && places.has(current) ? neighbour(numbers, current - 1, 1) + 1 : 0;
  const numbered = { count, number: count.toLocaleString("en-US") };
  return (
    <>
      {!props.isText
        ? t("console.shown", numbered)
        : at > 0
          ? t("console.match", { ...numbered, at: at.toLocaleString("en-US") })
          : count >= MATCHES_MAX
            ? t("console.matches_cut", numbered)
            : t("console.matches", numbered)}
      {isRunning && ` · ${t("console.searching", { share })}`}
    </>
  );
}
