import { useRef } from "react";
import { useTranslation } from "react-i18next";

import { Icon } from "../shell/Icon";
import { useDragOrder } from "../shell/useDragOrder";
import type { Column, Sort } from "./columns";
import { pinOf } from "./widths";

const WIDTH_STEP = 16;

interface ColumnHeadsProps {
  columns: readonly Column[];
  widths: readonly number[]; // pixels
  pinnedCount: number;
  selectedShare: "none" | "some" | "all";
  onSelectAll: (isOn: boolean) => void;
  sorts: readonly Sort[];
  onSort: (sorts: Sort[]) => void;
  onMove: (from: number, to: number) => void;
  /** *isDone*: the drag has ended; a null width is as wide as the content. */
  onResize: (id: string, width: number | null, isDone: boolean) => void;
}

/** The headings: a click sorts, a drag moves, the right border resizes; the keyboard does all of it. */
export function ColumnHeads(props: ColumnHeadsProps) {
  const { columns, widths, pinnedCount, onMove, onResize } = props;
  const { t } = useTranslation();
  const { handlersOf, markOf } = useDragOrder("x", onMove);
  return (
    <div className="run-row run-head" role="row" data-order>
      <span role="columnheader">
        <input
          type="checkbox"
          aria-label={t("list.select_all")}
          title={t("list.select_all")}
          checked={props.selectedShare === "all"}
          ref={(box) => {
            if (box) box.indeterminate = props.selectedShare === "some";
          }}
          onChange={(change) => props.onSelectAll(change.target.checked)}
        />
      </span>
      <span role="columnheader">
        <span className="only-said">{t("list.drawn_head")}</span>
      </span>
      {columns.map((column, at) => {
        const pin = pinOf(at, pinnedCount);
        const onKeyDown = (event: React.KeyboardEvent) => {
          const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
          const grow = { "+": WIDTH_STEP, "=": WIDTH_STEP, "-": -WIDTH_STEP }[event.key];
          if (step && event.shiftKey) onMove(at, at + step);
          else if (grow) onResize(column.id, widths[at]! + grow, true);
          else return;
          event.preventDefault();
          event.stopPropagation();
        };
        return (
          <span
            key={column.id}
            role="columnheader"
            aria-sort={orderOf(column, props.sorts)}
            className={`${column.kind} ${column.isNumber ? "number" : ""} ${pin.className} ${markOf(at)}`}
            style={pin.style}
            data-place
            {...handlersOf(at)}
            onKeyDown={onKeyDown}
          >
            <SortButton column={column} sorts={props.sorts} onSort={props.onSort} />
            <Border
              width={widths[at]!}
              onResize={(width, isDone) => onResize(column.id, width, isDone)}
            />
          </span>
        );
      })}
    </div>
  );
}

function orderOf(column: Column, sorts: readonly Sort[]) {
  const sort = sorts.find((one) => one.column === column.id);
  return sort ? (sort.isDescending ? "descending" : "ascending") : "none";
}

function SortButton(props: {
  column: Column;
  sorts: readonly Sort[];
  onSort: (sorts: Sort[]) => void;
}) {
  const { column, sorts, onSort } = props;
  const { t } = useTranslation();
  const at = sorts.findIndex((sort) => sort.column === column.id);
  const sort = sorts[at];
  const slash = column.kind === "metric" ? column.name.lastIndexOf("/") + 1 : 0;
  return (
    <button
      type="button"
      title={`${column.label} – ${t("columns.head_hint")}`}
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
  );
}

/** The right border of a heading, for the pointer: the heading has the keys. */
function Border(props: {
  width: number;
  onResize: (width: number | null, isDone: boolean) => void;
}) {
  const { onResize } = props;
  const start = useRef<{ x: number; width: number } | null>(null);
  const width = useRef(props.width);
  const finish = () => {
    if (start.current && width.current !== start.current.width) onResize(width.current, true);
    start.current = null;
  };
  return (
    <span
      className="head-border"
      aria-hidden="true"
      onClick={(click) => click.stopPropagation()}
      onDoubleClick={() => onResize(null, true)}
      onPointerDown={(event) => {
        event.stopPropagation(); // the heading would be dragged
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, width: props.width };
        width.current = props.width;
      }}
      onPointerMove={(event) => {
        event.stopPropagation();
        if (!start.current) return;
        width.current = start.current.width + event.clientX - start.current.x;
        onResize(width.current, false);
      }}
      onPointerUp={finish}
      onPointerCancel={finish}
    />
  );
}
