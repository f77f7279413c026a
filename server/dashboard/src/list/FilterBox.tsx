import { useEffect, useId, useRef, useState, type Ref } from "react";
import { useTranslation } from "react-i18next";

import type { ApiError } from "../api/client";
import type { RunSummary, UnknownKey } from "../api/types";
import { Icon } from "../shell/Icon";
import { completionAt, termsOf, withoutTerm } from "./filterText";

interface FilterBoxProps {
  value: string;
  onChange: (text: string | null) => void;
  /** The runs whose keys and values are offered. */
  runs: readonly RunSummary[];
  error: ApiError | null;
  unknown: readonly UnknownKey[];
  field?: Ref<HTMLInputElement>;
}

const PAUSE_MS = 300;
/** A word that could go on is not the filter yet. */
const OFFER_PAUSE_MS = 1200;

/** The filter as text, with keys and values offered while it is typed, and as chips below. */
export function FilterBox({ value, onChange, runs, error, unknown, field }: FilterBoxProps) {
  const { t } = useTranslation();
  const listId = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const [caret, setCaret] = useState<number | null>(null); // null: nothing is offered
  const [chosen, setChosen] = useState(-1);
  const sent = useRef(value);
  useEffect(() => {
    if (value === sent.current) return; // our own words, come back from the address
    sent.current = value;
    setText(value);
  }, [value]);
  const completion = caret === null ? null : completionAt(text, caret, runs);
  const choices = completion?.choices ?? [];
  const pause = choices.length > 0 ? OFFER_PAUSE_MS : PAUSE_MS;
  useEffect(() => {
    if (text === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = text;
      onChange(text || null);
    }, pause);
    return () => clearTimeout(timer);
  }, [text, pause, onChange]);
  const accept = (choice: string) => {
    if (!completion) return;
    const next = `${text.slice(0, completion.start)}${choice} ${text.slice(completion.end).trimStart()}`;
    const place = completion.start + choice.length + 1;
    setText(next);
    setChosen(-1);
    setCaret(place);
    requestAnimationFrame(() => input.current?.setSelectionRange(place, place));
  };
  const onKey = (event: React.KeyboardEvent<HTMLInputElement>) => {
    const { key } = event;
    if (choices.length > 0 && (key === "ArrowDown" || key === "ArrowUp")) {
      const by = key === "ArrowDown" ? 1 : choices.length;
      setChosen((at) =>
        at < 0 && key === "ArrowUp" ? choices.length - 1 : (at + by) % choices.length,
      );
    } else if ((key === "Enter" || key === "Tab") && choices[chosen]) accept(choices[chosen]);
    else if (key === "Enter") {
      sent.current = text;
      onChange(text || null);
      setCaret(null);
    } else if (key === "Escape" && choices.length > 0) setCaret(null);
    else if (key === "Escape") input.current?.blur();
    else return;
    event.preventDefault();
  };
  const terms = termsOf(value);
  return (
    <div className="filter-box">
      <label className={`search ${error ? "is-wrong" : ""}`}>
        <Icon name="search" />
        <input
          ref={(element) => {
            input.current = element;
            if (typeof field === "function") field(element);
            else if (field) field.current = element;
          }}
          type="search"
          role="combobox"
          aria-label={t("list.filter")}
          aria-expanded={choices.length > 0}
          aria-controls={listId}
          aria-autocomplete="list"
          aria-activedescendant={choices[chosen] ? `${listId}-${chosen}` : undefined}
          aria-invalid={error !== null}
          placeholder={t("list.filter_hint")}
          spellCheck={false}
          autoComplete="off"
          value={text}
          onChange={(change) => {
            setText(change.target.value);
            setCaret(change.target.selectionStart);
            setChosen(-1);
          }}
          onFocus={(focus) => setCaret(focus.target.selectionStart)}
          onBlur={() => setCaret(null)}
          onKeyDown={onKey}
        />
      </label>
      {choices.length > 0 && (
        <ul id={listId} role="listbox" aria-label={t("list.filter_offers")} className="offers">
          {choices.map((choice, at) => (
            <li
              key={choice}
              id={`${listId}-${at}`}
              role="option"
              aria-selected={at === chosen}
              // The field keeps the focus.
              onMouseDown={(event) => {
                event.preventDefault();
                accept(choice);
              }}
            >
              {choice}
            </li>
          ))}
        </ul>
      )}
      {error && <FilterError text={text} error={error} />}
      {!error && unknown.length > 0 && (
        <p className="filter-note warn">
          {unknown
            .map(({ key, nearest }) =>
              nearest ? t("list.unknown_near", { key, nearest }) : t("list.unknown", { key }),
            )
            .join(" ")}
        </p>
      )}
      {terms.length > 0 && (
        <div className="filter-terms">
          {terms.map((term, at) => (
            <button
              key={`${at} ${term}`}
              type="button"
              className="chip"
              title={t("list.drop_term")}
              onClick={() => onChange(withoutTerm(value, at) || null)}
            >
              <code>{term}</code> <Icon name="close" />
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** What the server says of the text, below the very characters. */
function FilterError({ text, error }: { text: string; error: ApiError }) {
  const { start, end } = error.problem ?? {};
  const from = start ?? text.length;
  const to = Math.max(end ?? from, from + 1);
  return (
    <div className="filter-error" role="alert">
      <code>
        {text.slice(0, from)}
        <mark>{text.slice(from, to) || "␣"}</mark>
        {text.slice(to)}
      </code>
      <p>{error.message}</p>
    </div>
  );
}
