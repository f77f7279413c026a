import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import type { LineStyle } from "../charts/colours";
import { compareValues } from "../list/rows";
import { valueLabel, type Axis } from "./axes";

const ROW_PX = 28;

export interface TableProps {
  ids: readonly string[];
  names: readonly string[];
  axes: readonly Axis[];
  selected: Uint8Array;
  /** How it is sorted until somebody chooses otherwise. */
  initialSort?: Sort | null;
  /** How charts beside it draw the runs; those that they do not are not here. */
  styles?: ReadonlyMap<string, LineStyle>;
}

interface Sort {
  key: string;
  isDescending: boolean;
}

/** What the pictures show, as rows: the chosen runs by the same columns. */
export function ParamsTable(props: TableProps) {
  const { ids, names, axes, selected, initialSort = null, styles } = props;
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const [sort, setSort] = useState<Sort | null>(initialSort);
  const rows = useMemo(() => sortedRows(selected, axes, sort), [selected, axes, sort]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const none = t("params.none");
  const template = `minmax(140px, 1.4fr) repeat(${axes.length}, minmax(96px, 1fr))`;
  const minWidth = 140 + 96 * axes.length;
  return (
    <div
      ref={scroller}
      className="params-table"
      role="table"
      aria-label={t("params.table")}
      aria-rowcount={rows.length + 1}
      tabIndex={0}
    >
      <div
        role="row"
        aria-rowindex={1}
        className="params-row params-head"
        style={{ gridTemplateColumns: template, minWidth }}
      >
        <span role="columnheader">{t("params.run")}</span>
        {axes.map(({ key, label }) => {
          const isBy = sort?.key === key;
          return (
            <span
              key={key}
              role="columnheader"
              aria-sort={!isBy ? "none" : sort.isDescending ? "descending" : "ascending"}
            >
              <button
                type="button"
                title={key}
                onClick={() => setSort({ key, isDescending: isBy && !sort.isDescending })}
              >
                {label}
                {isBy && <i aria-hidden="true">{sort.isDescending ? " ↓" : " ↑"}</i>}
              </button>
            </span>
          );
        })}
      </div>
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {virtual.getVirtualItems().map((item) => {
          const run = rows[item.index]!;
          return (
            <div
              key={item.key}
              role="row"
              aria-rowindex={item.index + 2}
              className="params-row"
              style={{
                gridTemplateColumns: template,
                minWidth,
                height: ROW_PX,
                position: "absolute",
                transform: `translateY(${item.start}px)`,
              }}
            >
              <span role="rowheader" title={names[run]}>
                {styles && <ColourDot style={styles.get(ids[run]!)} />}
                <Link href={`/r/${ids[run]}`}>{names[run]}</Link>
              </span>
              {axes.map((axis) => (
                <span key={axis.key} role="cell">
                  {valueLabel(axis.values[run]!, none)}
                </span>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

export function ColourDot({ style }: { style: LineStyle | undefined }) {
  const background = style ? `var(${style.colour})` : "transparent";
  return <i className="swatch" style={{ background }} aria-hidden="true" />;
}

/** Return the selected runs in order; those without the value come last either way. */
export function sortedRows(
  selected: Uint8Array,
  axes: readonly Axis[],
  sort: { key: string; isDescending: boolean } | null,
): number[] {
  const rows = [...selected.keys()].filter((run) => selected[run] === 1);
  const values = axes.find((axis) => axis.key === sort?.key)?.values;
  if (!sort || !values) return rows;
  const sign = sort.isDescending ? -1 : 1;
  return rows.sort((a, b) => {
    const [left, right] = [values[a]!, values[b]!];
    const isLast = [left, right].map((one) => one === null || Number.isNaN(one));
    if (isLast[0] || isLast[1]) return Number(isLast[0]) - Number(isLast[1]);
    return sign * compareValues(left, right);
  });
}
