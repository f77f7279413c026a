// A dense table of runs that is also the legend of the charts beside it.

import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";

import type { RunSummary } from "../api/types";
import type { LineStyle } from "../charts/colours";
import { highlight } from "../charts/highlight";
import { useDensity } from "../shell/density";
import { Icon } from "../shell/Icon";
import { isTyping } from "../shell/shortcuts";
import type { Best, Column, Sort } from "./columns";
import { GroupRow } from "./GroupRow";
import type { TableRow } from "./rows";
import { RunRow } from "./RunRow";

/** What can be done with a run of the table. */
export interface RowActions {
  onToggle: (id: string, isDrawn: boolean) => void;
  onSolo: (id: string) => void;
  onPin: (id: string) => void;
  onEdit: (run: RunSummary) => void;
  /** *isRange*: and all between it and the one before. */
  onSelect: (id: string, isRange: boolean) => void;
}

interface RunTableProps {
  label: string;
  rows: readonly TableRow[];
  runs: readonly RunSummary[];
  columns: readonly Column[];
  best: Best;
  sorts: readonly Sort[];
  onSort: (sorts: Sort[]) => void;
  styles: ReadonlyMap<string, LineStyle>;
  drawn: ReadonlySet<string>;
  selected: ReadonlySet<string>;
  pinned: ReadonlySet<string>; // ids
  only: string | null; // id
  actions: RowActions;
  onToggleGroup: (id: string) => void;
  onEnd: () => void;
}

const ROW_PX = { normal: 30, compact: 24 };
/** As in "12 m 34 s", which ticks. */
const DURATION_CHARS = 10;

export function RunTable(props: RunTableProps) {
  const { label, rows, runs, columns, sorts, onEnd, actions, drawn } = props;
  const { t } = useTranslation();
  const density = useDensity();
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX[density],
    overscan: 12,
    getItemKey: (index) => idOf(rows[index]!),
  });
  useEffect(() => virtual.measure(), [virtual, density]);
  const items = virtual.getVirtualItems();
  const template = useMemo(() => templateOf(columns, runs), [columns, runs]);
  const minWidth = widthOf(template);
  useRowKeys(scroller, rows, drawn, actions, (index) => virtual.scrollToIndex(index));
  const lastIndex = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && lastIndex >= rows.length - 20) onEnd();
  }, [lastIndex, rows.length, onEnd]);

  return (
    <div
      ref={scroller}
      className={`run-table is-${density}`}
      role="table"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      onMouseLeave={() => highlight.set(null)}
    >
      <div
        className="run-row run-head"
        role="row"
        style={{ gridTemplateColumns: template, minWidth }}
      >
        {(["selected_head", "drawn_head"] as const).map((key) => (
          <span key={key} role="columnheader">
            <span className="only-said">{t(`list.${key}`)}</span>
          </span>
        ))}
        {columns.map((column) => (
          <Heading key={column.id} column={column} sorts={sorts} onSort={props.onSort} />
        ))}
      </div>
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {items.map((item) => {
          const row = rows[item.index]!;
          const style = {
            gridTemplateColumns: template,
            minWidth,
            transform: `translateY(${item.start}px)`,
          };
          return row.kind === "group" ? (
            <GroupRow
              key={item.key}
              row={row}
              index={item.index}
              style={style}
              columns={columns}
              lineStyle={props.styles.get(row.group.runs[0]!.id)}
              drawn={drawn}
              onToggle={actions.onToggle}
              onOpen={() => props.onToggleGroup(row.group.id)}
            />
          ) : (
            <RunRow
              key={item.key}
              run={row.run}
              index={item.index}
              style={style}
              columns={columns}
              best={props.best}
              lineStyle={props.styles.get(row.run.id)}
              isDrawn={drawn.has(row.run.id)}
              isSelected={props.selected.has(row.run.id)}
              isPinned={props.pinned.has(row.run.id)}
              isOnly={props.only === row.run.id}
              actions={actions}
            />
          );
        })}
      </div>
    </div>
  );
}

function idOf(row: TableRow): string {
  return row.kind === "run" ? row.run.id : row.group.id;
}

function Heading(props: {
  column: Column;
  sorts: readonly Sort[];
  onSort: (sorts: Sort[]) => void;
}) {
  const { column, sorts, onSort } = props;
  const at = sorts.findIndex((sort) => sort.column === column.id);
  const sort = sorts[at];
  const order = sort ? (sort.isDescending ? "descending" : "ascending") : "none";
  const slash = column.kind === "metric" ? column.label.lastIndexOf("/") + 1 : 0;
  return (
    <span
      role="columnheader"
      aria-sort={order}
      className={`${column.kind} ${column.isNumber ? "number" : ""}`}
    >
      <button
        type="button"
        title={column.label}
        onClick={(click) => {
          const next = { column: column.id, isDescending: sort ? !sort.isDescending : false };
          const others = sorts.filter((one) => one.column !== column.id);
          onSort(click.shiftKey ? [...others, next] : [next]);
        }}
      >
        {column.kind === "state" ? (
          <>
            <Icon name="pulse" />
            <span className="only-said">{column.label}</span>
          </>
        ) : (
          <>
            <span className="muted">{column.label.slice(0, slash)}</span>
            {column.label.slice(slash)}
          </>
        )}
        {sort && (
          <i aria-hidden="true">
            {sort.isDescending ? " ↓" : " ↑"}
            {sorts.length > 1 && at + 1}
          </i>
        )}
      </button>
    </span>
  );
}

/** Return the widths: as wide as a sample of the content, within reason; the name takes what is left. */
function templateOf(columns: readonly Column[], runs: readonly RunSummary[]): string {
  const sample = runs.slice(0, 100);
  const widths = columns.map((column) => {
    if (column.kind === "state") return "30px";
    const longest =
      column.kind === "duration"
        ? DURATION_CHARS
        : sample.reduce((most, run) => Math.max(most, column.text(run).length), 0);
    if (column.kind === "name") return `minmax(${clamp(longest * 7 + 30, 130, 240)}px, 1fr)`;
    const last = column.label.slice(column.label.lastIndexOf("/") + 1);
    const heading = Math.min(column.kind === "metric" ? last.length + 4 : column.label.length, 16);
    return `${clamp(Math.max(longest, heading) * 7 + 22, 56, 220)}px`;
  });
  return ["26px", "30px", ...widths].join(" ");
}

/** Return the least width of a row, in pixels: its content must not say it, or rows would differ. */
function widthOf(template: string): number {
  return [...template.matchAll(/(\d+)px/g)].reduce((sum, match) => sum + Number(match[1]), 0);
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

/**
 * j and k move the focus from run to run; Enter is then the link's own. Space, x and p draw, single
 * out and pin the run that stands out: the one under the pointer, or else the one with the focus.
 */
function useRowKeys(
  scroller: React.RefObject<HTMLElement | null>,
  rows: readonly TableRow[],
  drawn: ReadonlySet<string>,
  actions: RowActions,
  reveal: (index: number) => void,
): void {
  useEffect(() => {
    const step = (event: KeyboardEvent, by: number) => {
      const row = document.activeElement?.closest<HTMLElement>("[data-index]");
      let index = row ? Number(row.dataset["index"]) + by : by > 0 ? 0 : rows.length - 1;
      while (rows[index]?.kind === "group") index += by;
      const next = rows[index];
      if (next?.kind !== "run") return;
      highlight.set(next.run.id);
      reveal(index);
      // A row outside the window is there after the virtualiser has rendered.
      requestAnimationFrame(() => {
        scroller.current
          ?.querySelector<HTMLElement>(`[data-index="${index}"] .name a`)
          ?.focus({ preventScroll: true });
      });
      event.preventDefault();
    };
    const act = (event: KeyboardEvent) => {
      const row = document.activeElement?.closest<HTMLElement>("[data-run]");
      const id = highlight.get() ?? row?.dataset["run"];
      if (!id) return;
      if (event.key === "x") actions.onSolo(id);
      else if (event.key === "p") actions.onPin(id);
      else if (event.key === "e") {
        const row = rows.find((one) => one.kind === "run" && one.run.id === id);
        if (row?.kind === "run") actions.onEdit(row.run);
      } else if (event.key === " ") {
        if (document.activeElement?.matches("button, input, summary")) return; // its own key
        actions.onToggle(id, drawn.has(id));
      } else return;
      event.preventDefault();
    };
    const onKey = (event: KeyboardEvent) => {
      if (isTyping(event) || rows.length === 0) return;
      if (event.key === "j" || event.key === "k") step(event, event.key === "j" ? 1 : -1);
      else act(event);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  });
}
