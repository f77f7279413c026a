// A dense table of runs that is also the legend of the charts beside it.

import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import type { RunSummary } from "../api/types";
import type { LineStyle } from "../charts/colours";
import { highlight } from "../charts/highlight";
import { useDensity } from "../shell/density";
import { isTyping } from "../shell/shortcuts";
import { ColumnHeads } from "./ColumnHeads";
import type { Best, Column, Sort } from "./columns";
import { EDIT_FIELDS, type EditField } from "./edits";
import type { Headline } from "../series/metrics";
import { rangeOf, type BarRange } from "./HeadlineCell";
import { useSparks } from "./useSparks";
import { GroupRow } from "./GroupRow";
import { clampWidth, countPinned, moved, resized, type Layout } from "./layout";
import type { TableRow } from "./rows";
import { RunRow } from "./RunRow";
import { gridOf, widthsOf } from "./widths";

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
  layout: Layout;
  onLayout: (layout: Layout) => void;
  best: Best;
  /** What the project names for how its runs went. */
  own: Headline | null;
  /** Id of the column that tells how runs went. */
  headline: string | null;
  /** Whether that column has a line for the course of each run. */
  hasSparks: boolean;
  sorts: readonly Sort[];
  onSort: (sorts: Sort[]) => void;
  styles: ReadonlyMap<string, LineStyle>;
  drawn: ReadonlySet<string>;
  selected: ReadonlySet<string>;
  onSelectAll: (isOn: boolean) => void;
  pinned: ReadonlySet<string>; // ids
  only: string | null; // id
  actions: RowActions;
  onToggleGroup: (id: string) => void;
  onEnd: () => void;
}

const ROW_PX = { normal: 30, compact: 24 };

export function RunTable(props: RunTableProps) {
  const { label, rows, runs, columns, layout, onLayout, onEnd, actions, drawn, headline } = props;
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
  const [resizing, setResizing] = useState<Record<string, number> | null>(null);
  const chosen = useMemo(() => ({ ...layout.widths, ...resizing }), [layout.widths, resizing]);
  const isGrouped = rows[0]?.kind === "group";
  const widths = useMemo(
    () => widthsOf(columns, runs, chosen, { isGrouped, sparks: props.hasSparks ? headline : null }),
    [columns, runs, chosen, isGrouped, props.hasSparks, headline],
  );
  const column = columns.find(({ id }) => id === headline);
  const range = useBarRange(column, runs);
  const seen = items.flatMap(({ index }) => {
    const row = rows[index];
    return row?.kind === "run" ? [row.run] : [];
  });
  const sparks = useSparks((props.hasSparks && column?.name) || null, seen);
  const ids = columns.map((column) => column.id);
  const pinnedCount = countPinned(ids, layout);
  useRowKeys(scroller, rows, drawn, actions, (index) => virtual.scrollToIndex(index));
  const { editing, onEditCell } = useCellEdit(scroller, columns);
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
      style={gridOf(columns, widths, chosen, pinnedCount)}
      onMouseLeave={() => highlight.set(null)}
    >
      <ColumnHeads
        columns={columns}
        widths={widths}
        pinnedCount={pinnedCount}
        selectedShare={shareOf(runs, props.selected)}
        onSelectAll={props.onSelectAll}
        sorts={props.sorts}
        onSort={props.onSort}
        onMove={(from, to) => onLayout(moved(layout, ids, from, to))}
        onResize={(id, width, isDone) => {
          setResizing(isDone || width === null ? null : { [id]: clampWidth(width) });
          if (isDone) onLayout(resized(layout, id, width));
        }}
      />
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {items.map((item) => {
          const row = rows[item.index]!;
          const style = { transform: `translateY(${item.start}px)` };
          return row.kind === "group" ? (
            <GroupRow
              key={item.key}
              row={row}
              index={item.index}
              style={style}
              columns={columns}
              own={props.own}
              pinnedCount={pinnedCount}
              lineStyle={props.styles.get(row.group.id)}
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
              pinnedCount={pinnedCount}
              best={props.best}
              headline={headline}
              range={range}
              sparks={sparks}
              lineStyle={props.styles.get(row.run.id)}
              isDrawn={drawn.has(row.run.id)}
              isSelected={props.selected.has(row.run.id)}
              isPinned={props.pinned.has(row.run.id)}
              isOnly={props.only === row.run.id}
              actions={actions}
              editing={editing?.id === row.run.id ? editing.field : null}
              onEditCell={onEditCell}
            />
          );
        })}
      </div>
    </div>
  );
}

/** Between which values the bars of the column stand; the same one while these are the same. */
function useBarRange(column: Column | undefined, runs: readonly RunSummary[]): BarRange | null {
  const found = useMemo(() => {
    const values = column ? runs.map((run) => column.sortBy(run)) : [];
    return rangeOf(values.filter((value) => typeof value === "number"));
  }, [column, runs]);
  const { low, high } = found ?? {};
  return useMemo(
    () => (low === undefined || high === undefined ? null : { low, high }),
    [low, high],
  );
}

function shareOf(
  runs: readonly RunSummary[],
  selected: ReadonlySet<string>,
): "none" | "some" | "all" {
  if (selected.size === 0) return "none";
  return runs.every((run) => selected.has(run.id)) ? "all" : "some";
}

function idOf(row: TableRow): string {
  return row.kind === "run" ? row.run.id : row.group.id;
}

/**
 * What is edited in place. F2 begins with the name of the run that has the focus, or with its cell
 * that has it, where Enter does too; a double click with the cell under the pointer.
 */
function useCellEdit(scroller: React.RefObject<HTMLElement | null>, columns: readonly Column[]) {
  const [editing, setEditing] = useState<{ id: string; field: EditField } | null>(null);
  const fields = columns.map(({ id }) => id).filter((id) => EDIT_FIELDS.includes(id));
  const latest = useRef(fields);
  latest.current = fields;
  const onEditCell = useCallback(
    (id: string, field: EditField, step: "begin" | "end" | "next") => {
      const next = latest.current[latest.current.indexOf(field) + 1];
      if (step === "begin") return setEditing({ id, field });
      if (step === "next" && next) return setEditing({ id, field: next as EditField });
      setEditing(null);
      // Back to where the keyboard was before; what is clicked elsewhere has the focus already.
      requestAnimationFrame(() => {
        if (document.activeElement !== document.body) return;
        const row = scroller.current?.querySelector(`[data-run="${id}"]`);
        const cell = row?.querySelector<HTMLElement>(`[data-edit="${field}"]`);
        (field === "name" ? cell?.querySelector("a") : cell)?.focus({ preventScroll: true });
      });
    },
    [scroller],
  );
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const focused = document.activeElement;
      const id = focused?.closest<HTMLElement>("[data-run]")?.dataset["run"];
      if (!id || isTyping(event)) return;
      const cell = focused?.closest<HTMLElement>("[data-edit]");
      if (event.key !== "F2" && !(event.key === "Enter" && cell === focused)) return;
      event.preventDefault();
      setEditing({ id, field: (cell?.dataset["edit"] ?? "name") as EditField });
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  return { editing, onEditCell };
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
