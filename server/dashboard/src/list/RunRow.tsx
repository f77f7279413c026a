import { useQueryClient } from "@tanstack/react-query";
import { memo, type CSSProperties } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import type { RunSummary } from "../api/types";
import type { LineStyle } from "../charts/colours";
import { Swatch } from "../charts/Swatch";
import { highlight } from "../charts/highlight";
import { Icon } from "../shell/Icon";
import { runQuery } from "../run/runQuery";
import { RunDuration, StateLabel } from "../shell/RunState";
import { Tool } from "../shell/Tool";
import { CellEditor } from "./CellEditor";
import type { Best, Column } from "./columns";
import { EDIT_FIELDS, type EditField } from "./edits";
import { HeadlineCell, type BarRange } from "./HeadlineCell";
import type { Sparks } from "./sparks";
import { nameOf } from "./names";
import type { RowActions } from "./RunTable";
import { pinOf } from "./widths";

/** The row's: asking for it takes longer than a cell does, and a table has a thousand of them. */
type Translate = ReturnType<typeof useTranslation>["t"];

interface RunRowProps {
  run: RunSummary;
  index: number;
  style: CSSProperties;
  columns: readonly Column[];
  pinnedCount: number;
  best: Best;
  /** Id of the column that tells how runs went. */
  headline: string | null;
  range: BarRange | null;
  sparks: Sparks | null;
  lineStyle: LineStyle | undefined;
  isDrawn: boolean;
  isSelected: boolean;
  isPinned: boolean;
  isOnly: boolean;
  actions: RowActions;
  /** What of it is edited in place. */
  editing: EditField | null;
  onEditCell: (id: string, field: EditField, step: "begin" | "end" | "next") => void;
}

export const RunRow = memo(
  function RunRow(props: RunRowProps) {
    const { run, index, style, columns, isDrawn, isSelected, actions } = props;
    const { t } = useTranslation();
    const classes = ["run-row"];
    if (!isDrawn) classes.push("is-hidden");
    if (isSelected) classes.push("is-selected");
    if (props.editing) classes.push("is-edited");
    return (
      <div
        role="row"
        aria-rowindex={index + 2}
        data-index={index}
        data-run={run.id}
        className={classes.join(" ")}
        style={style}
        onMouseEnter={() => highlight.set(run.id)}
      >
        <span role="cell">
          <input
            type="checkbox"
            aria-label={t("list.select", { name: run.name })}
            checked={isSelected}
            onChange={(change) =>
              actions.onSelect(run.id, (change.nativeEvent as MouseEvent).shiftKey)
            }
          />
        </span>
        <span role="cell">
          <button
            type="button"
            className="swatch"
            aria-pressed={isDrawn}
            aria-label={t("list.draw", { name: run.name })}
            title={isDrawn ? t("list.hide_hint") : t("list.show_hint")}
            onClick={() => actions.onToggle(run.id, isDrawn)}
          >
            <Swatch line={isDrawn ? props.lineStyle : undefined} />
          </button>
        </span>
        {columns.map((column, at) =>
          EDIT_FIELDS.includes(column.id) ? (
            <EditableCell key={column.id} {...props} t={t} column={column} at={at} />
          ) : (
            <Cell
              key={column.id}
              t={t}
              column={column}
              pin={pinOf(at, props.pinnedCount)}
              run={run}
              best={props.best}
              range={column.id === props.headline ? props.range : null}
              sparks={column.id === props.headline ? props.sparks : null}
            />
          ),
        )}
      </div>
    );
  },
  // The style is rebuilt at every render; what is in it rarely changes.
  (a, b) =>
    a.style.transform === b.style.transform &&
    (Object.keys(a) as (keyof RunRowProps)[]).every((key) => key === "style" || a[key] === b[key]),
);

/** The name, tags, notes or group: a double click edits it here. */
function EditableCell(props: RunRowProps & { t: Translate; column: Column; at: number }) {
  const { t, run, column, editing, onEditCell } = props;
  const field = column.id as EditField;
  const pin = pinOf(props.at, props.pinnedCount);
  const text = column.text(run);
  const isName = field === "name";
  const isEditing = editing === field;
  return (
    <span
      role="cell"
      className={`${isName ? "name" : column.kind} ${pin.className} ${isEditing ? "is-editing" : ""}`}
      style={pin.style}
      data-edit={field}
      // The name has a link that takes the focus.
      tabIndex={isName || isEditing ? undefined : -1}
      title={isName || text === "" ? undefined : `${text} – ${t("edit.hint")}`}
      onDoubleClick={(click) => {
        if (!(click.target as Element).closest("a, button")) onEditCell(run.id, field, "begin");
      }}
    >
      {isEditing ? (
        <CellEditor
          run={run}
          field={field}
          onClose={(isNext) => onEditCell(run.id, field, isNext ? "next" : "end")}
        />
      ) : isName ? (
        <Name {...props} />
      ) : (
        text
      )}
    </span>
  );
}

function Name({ t, run, isPinned, isOnly, actions }: RunRowProps & { t: Translate }) {
  const client = useQueryClient();
  return (
    <>
      <Link
        href={`/r/${run.id}`}
        title={nameOf(run)}
        onPointerEnter={() => void client.prefetchQuery(runQuery(run.id))}
      >
        {nameOf(run)}
      </Link>
      {run.dropped > 0 && <Icon name="alert" className="warn" />}
      {run.tags.map((tag) => (
        <span key={tag} className="tag">
          {tag}
        </span>
      ))}
      <span className="row-tools">
        <Tool
          icon="edit"
          label={t("list.edit", { name: run.name })}
          hint={t("list.edit_hint")}
          isOn={false}
          onClick={() => actions.onEdit(run)}
        />
        <Tool
          icon="only"
          label={t("list.solo", { name: run.name })}
          hint={t("list.solo_hint")}
          isOn={isOnly}
          onClick={() => actions.onSolo(run.id)}
        />
        <Tool
          icon="pin"
          label={t("list.pin", { name: run.name })}
          hint={t("list.pin_hint")}
          isOn={isPinned}
          onClick={() => actions.onPin(run.id)}
        />
      </span>
    </>
  );
}

interface CellProps {
  t: Translate;
  column: Column;
  pin: ReturnType<typeof pinOf>;
  run: RunSummary;
  best: Best;
  range: BarRange | null;
  sparks: Sparks | null;
}

function Cell({ t, column, pin, run, best, range, sparks }: CellProps) {
  const text = column.text(run);
  const metric = column.kind === "metric" ? run.metrics[column.name] : undefined;
  const bad = metric?.nonfinite ?? 0;
  const hint = column.kind === "state" ? undefined : text || undefined; // the label has its own
  const classes = [column.kind, pin.className];
  if (column.isNumber) classes.push("number");
  if (bad > 0) classes.push("bad");
  // Only metrics have a best value.
  if (best.has(column.id) && best.get(column.id) === column.sortBy(run)) classes.push("best");
  return (
    <span
      role="cell"
      className={classes.join(" ")}
      style={pin.style}
      title={bad > 0 ? t("chart.not_finite", { count: bad }) : hint}
    >
      {column.kind === "state" ? (
        <StateLabel run={run} isCompact />
      ) : column.kind === "duration" ? (
        <RunDuration run={run} />
      ) : (
        <>
          {bad > 0 && "× "}
          {range || sparks ? (
            <HeadlineCell
              run={run.id}
              text={text}
              value={numberIn(column, run)}
              range={range}
              sparks={sparks}
            />
          ) : (
            text
          )}
        </>
      )}
    </span>
  );
}

function numberIn(column: Column, run: RunSummary): number | null {
  const value = column.sortBy(run);
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
