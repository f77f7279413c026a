import type { CSSProperties } from "react";
import { useTranslation } from "react-i18next";

import { formatNumber } from "../api/number";
import type { LineStyle } from "../charts/colours";
import { Icon } from "../shell/Icon";
import type { Column } from "./columns";
import { averageOf, type TableRow } from "./rows";
import { Swatch } from "./RunRow";
import { pinOf } from "./widths";

interface GroupRowProps {
  row: Extract<TableRow, { kind: "group" }>;
  index: number;
  style: CSSProperties;
  columns: readonly Column[];
  pinnedCount: number;
  lineStyle: LineStyle | undefined;
  drawn: ReadonlySet<string>;
  onToggle: (id: string, isDrawn: boolean) => void;
  onOpen: () => void;
}

/** What the runs of a group have in common, and what their metrics average to. */
export function GroupRow(props: GroupRowProps) {
  const { row, index, style, columns, drawn } = props;
  const { t } = useTranslation();
  const { group, isOpen } = row;
  const isDrawn = group.runs.some((run) => drawn.has(run.id));
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      data-index={index}
      className="run-row group-row"
      style={style}
    >
      <span role="cell">
        <button
          type="button"
          className="tool"
          aria-expanded={isOpen}
          aria-label={group.label}
          onClick={props.onOpen}
        >
          <Icon name={isOpen ? "down" : "right"} />
        </button>
      </span>
      <span role="cell">
        <button
          type="button"
          className="swatch"
          aria-pressed={isDrawn}
          aria-label={t("list.draw", { name: group.label })}
          onClick={() => {
            for (const run of group.runs)
              if (drawn.has(run.id) === isDrawn) props.onToggle(run.id, isDrawn);
          }}
        >
          <Swatch line={isDrawn ? props.lineStyle : undefined} />
        </button>
      </span>
      {columns.map((column, at) => {
        if (column.kind === "name")
          return (
            <span key={column.id} role="cell" className="name" title={group.label}>
              <b>{group.label}</b> <span className="muted">{group.runs.length}</span>
            </span>
          );
        const pin = pinOf(at, props.pinnedCount);
        const average =
          column.kind === "metric" ? averageOf(group.runs, column.name, column.statistic) : null;
        return (
          <span
            key={column.id}
            role="cell"
            className={`${pin.className} ${column.isNumber ? "number" : ""}`}
            style={pin.style}
          >
            {average && (
              <span
                title={t("list.average", { count: average.count, sd: formatNumber(average.sd) })}
              >
                {formatNumber(Number(average.mean.toPrecision(4)))}
              </span>
            )}
          </span>
        );
      })}
    </div>
  );
}
