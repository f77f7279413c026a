import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { RunSummary } from "../api/types";
import { findMetrics } from "../charts/useView";
import { Icon } from "../shell/Icon";
import { SearchField } from "../shell/SearchField";
import { Tool } from "../shell/Tool";
import { useDragOrder } from "../shell/useDragOrder";
import { FACT_COLUMNS, namesOf, type Column } from "./columns";
import { moved, NAME, PLAIN_LAYOUT, pinToggled, shownOrHidden, type Layout } from "./layout";

/** As many of a kind are offered; the search finds the others. */
const OFFERED_MAX = 60;

export interface ColumnPickerProps {
  runs: readonly RunSummary[];
  /** Those that are shown, in their order. */
  columns: readonly Column[];
  layout: Layout;
  onLayout: (layout: Layout) => void;
  onClose: () => void;
}

/** Chooses, finds, orders and pins the columns of the run table. */
export function ColumnPicker(props: ColumnPickerProps) {
  const { runs, columns, layout, onLayout } = props;
  const { t } = useTranslation();
  const field = useRef<HTMLInputElement>(null);
  const [search, setSearch] = useState("");
  const names = useMemo(() => namesOf(runs), [runs]);
  const shown = new Set(columns.map((column) => column.id));
  const found = (ids: readonly string[], labelOf: (id: string) => string) => {
    const matching = new Set(findMetrics(ids.map(labelOf), search));
    return ids.filter((id) => matching.has(labelOf(id)));
  };
  const { lists, follow } = useFollowing(layout);
  const toggle = (id: string) => {
    follow(id);
    onLayout(shownOrHidden(layout, id, !shown.has(id)));
  };
  const offersOf = (kind: "metric" | "param", all: readonly string[]) =>
    found(
      all.filter((name) => !shown.has(`${kind}:${name}`) || kind === "metric"),
      (name) => name,
    );
  const facts = found(
    FACT_COLUMNS.filter((fact) => !shown.has(fact)),
    (fact) => t(`list.${fact as (typeof FACT_COLUMNS)[number]}`),
  );
  const metrics = offersOf("metric", names.metrics);
  const params = offersOf("param", names.params);
  return (
    <div className="column-picker" role="dialog" aria-label={t("columns.title")}>
      <h2>{t("columns.title")}</h2>
      <SearchField
        field={field}
        label={t("columns.search")}
        hint={t("columns.search")}
        value={search}
        onChange={setSearch}
      />
      <div ref={lists} className="column-lists" tabIndex={-1}>
        <Shown {...props} search={search} onToggle={toggle} />
        <Offers title={t("columns.metrics")} count={metrics.length}>
          {metrics.slice(0, OFFERED_MAX).map((name) => (
            <li key={name}>
              <Choice
                id={`metric:${name}`}
                label={name}
                isOn={shown.has(`metric:${name}`)}
                onChange={() => toggle(`metric:${name}`)}
              />
              {(["min", "max"] as const).map((statistic) => (
                <button
                  key={statistic}
                  type="button"
                  className="chip"
                  aria-pressed={shown.has(`${statistic}:${name}`)}
                  aria-label={`${name}.${statistic}`}
                  onClick={() => toggle(`${statistic}:${name}`)}
                >
                  {statistic}
                </button>
              ))}
            </li>
          ))}
        </Offers>
        <Offers title={t("columns.params")} count={params.length}>
          {params.slice(0, OFFERED_MAX).map((name) => (
            <li key={name}>
              <Choice
                id={`param:${name}`}
                label={name}
                isOn={false}
                onChange={() => toggle(`param:${name}`)}
              />
            </li>
          ))}
        </Offers>
        <Offers title={t("columns.facts")} count={facts.length}>
          {facts.map((fact) => (
            <li key={fact}>
              <Choice
                id={fact}
                label={t(`list.${fact as "name"}`)}
                isOn={false}
                onChange={() => toggle(fact)}
              />
            </li>
          ))}
        </Offers>
      </div>
      <footer>
        <button
          type="button"
          className="chip"
          title={t("columns.reset_hint")}
          onClick={() => onLayout(PLAIN_LAYOUT)}
        >
          <Icon name="reset" /> {t("columns.reset")}
        </button>
        <button type="button" className="chip" onClick={props.onClose}>
          {t("close")}
        </button>
      </footer>
    </div>
  );
}

/** The columns of the table, to be moved, pinned and taken away. */
function Shown(props: ColumnPickerProps & { search: string; onToggle: (id: string) => void }) {
  const { columns, layout, onLayout, search } = props;
  const { t } = useTranslation();
  const [said, setSaid] = useState("");
  const ids = columns.map((column) => column.id);
  const move = (from: number, to: number) => {
    if (to < 1 || to >= ids.length) return; // the name stays first
    onLayout(moved(layout, ids, from, to));
    const { label } = columns[from]!;
    setSaid(t("columns.moved", { name: label, at: to + 1, count: ids.length }));
  };
  const { handlersOf, markOf } = useDragOrder("y", move);
  const matching = new Set(
    findMetrics(
      columns.map((column) => column.label),
      search,
    ),
  );
  return (
    <>
      <h3>{t("columns.shown")}</h3>
      <ul data-order>
        {columns.map((column, at) => {
          if (!matching.has(column.label)) return null;
          const isName = column.id === NAME;
          const name = column.label;
          return (
            <li key={column.id} data-place className={markOf(at)}>
              <button
                type="button"
                className="tool grip"
                aria-label={t("columns.move", { name })}
                title={t("columns.move_hint")}
                disabled={isName || search !== ""}
                {...handlersOf(at)}
                onKeyDown={(event) => {
                  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
                  if (!step) return;
                  move(at, at + step);
                  event.preventDefault();
                }}
              >
                <Icon name="grip" />
              </button>
              <Choice
                id={column.id}
                label={name}
                isOn
                isFixed={isName}
                onChange={() => props.onToggle(column.id)}
              />
              {!isName && (
                <>
                  <Tool
                    icon="up"
                    label={t("columns.up", { name })}
                    onClick={() => move(at, at - 1)}
                  />
                  <Tool
                    icon="down"
                    label={t("columns.down", { name })}
                    onClick={() => move(at, at + 1)}
                  />
                  <Tool
                    icon="pin"
                    label={t("columns.pin", { name })}
                    hint={t("columns.pin_hint")}
                    isOn={layout.pinned.includes(column.id)}
                    onClick={() => onLayout(pinToggled(layout, column.id))}
                  />
                </>
              )}
            </li>
          );
        })}
      </ul>
      <p className="only-said" role="status">
        {said}
      </p>
    </>
  );
}

/** Lets the focus follow a column from the list that it leaves to the one that has it now. */
function useFollowing(layout: Layout) {
  const lists = useRef<HTMLDivElement>(null);
  const followed = useRef<string | null>(null);
  useLayoutEffect(() => {
    const id = followed.current;
    followed.current = null;
    if (id === null || lists.current?.contains(document.activeElement)) return;
    const box = lists.current?.querySelector<HTMLElement>(`[data-column="${CSS.escape(id)}"]`);
    (box ?? lists.current)?.focus({ preventScroll: true });
  }, [layout]);
  return { lists, follow: (id: string) => void (followed.current = id) };
}

interface ChoiceProps {
  id: string;
  label: string;
  isOn: boolean;
  isFixed?: boolean;
  onChange: () => void;
}

function Choice(props: ChoiceProps) {
  return (
    <label>
      <input
        type="checkbox"
        data-column={props.id}
        checked={props.isOn}
        disabled={props.isFixed}
        onChange={props.onChange}
      />
      <span>{props.label}</span>
    </label>
  );
}

function Offers(props: { title: string; count: number; children: React.ReactNode }) {
  const { t } = useTranslation();
  if (props.count === 0) return null;
  return (
    <>
      <h3>{props.title}</h3>
      <ul>{props.children}</ul>
      {props.count > OFFERED_MAX && (
        <p className="muted">{t("columns.more", { shown: OFFERED_MAX, count: props.count })}</p>
      )}
    </>
  );
}
