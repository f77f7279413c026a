import type { CSSProperties } from "react";
import { useTranslation } from "react-i18next";

import { formatNumber } from "../api/number";
import type { LineStyle } from "../charts/colours";
import { Icon } from "../shell/Icon";
import { directionOf, type Headline } from "../series/metrics";
import type { Column } from "./columns";
import { averageOf, type Average, type TableRow } from "./rows";
import { Swatch } from "../charts/Swatch";
import { pinOf } from "./widths";

interface GroupRowProps {
  row: Extract<TableRow, { kind: "group" }>;
  index: number;
  style: CSSProperties;
  columns: readonly Column[];
  own: Headline | null;
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
  const isDrawn = drawn.has(group.id);
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
          // Its runs are known to the address once they are loaded.
          disabled={group.runs.length === 0}
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
              <b>{group.label}</b>{" "}
              <span className="muted">{group.whole?.count ?? group.runs.length}</span>
            </span>
          );
        const pin = pinOf(at, props.pinnedCount);
        const average =
          column.kind !== "metric"
            ? null
            : group.whole
              ? group.whole.averages.get(column.id)
              : averageOf(group.runs, column.name, column.statistic);
        return (
          <span
            key={column.id}
            role="cell"
            className={`${pin.className} ${column.isNumber ? "number" : ""}`}
            style={pin.style}
          >
            {average && (
              <Amount average={average} direction={directionOf(column.name, props.own)} />
            )}
          </span>
        );
      })}
    </div>
  );
}

/** Mean and deviation of a group's runs, and the best of them where it is known what is better. */
function Amount(props: { average: Average; direction: "min" | "max" | null }) {
  const { average, direction } = props;
  const { t } = useTranslation();
  const { mean, sd, low, high, count } = average;
  const short = (value: number, digits: number) => formatNumber(Number(value.toPrecision(digits)));
  const best = formatNumber(direction === "min" ? low : high);
  const hint = [t("list.average", { count, sd: formatNumber(sd) })];
  if (direction !== null) hint.push(t("list.average_best", { best }));
  return (
    <span className="amount" title={hint.join(", ")}>
      {short(mean, 4)}
      {count > 1 && <small>±{short(sd, 2)}</small>}
      {count > 1 && direction !== null && (
        <b>
          {direction === "min" ? "↓" : "↑"}
          {short(direction === "min" ? low : high, 4)}
        </b>
      )}
    </span>
  );
}
