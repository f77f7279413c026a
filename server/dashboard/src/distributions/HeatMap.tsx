import { useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { formatNumber } from "../api/number";
import type { HistogramColumn, HistogramRow } from "../api/types";
import { formatX } from "../charts/axis";
import { ink } from "../shell/theme";
import { cellOf, colourOf, rangeOf, RAMP_CSS, type Measure } from "./grid";
import { useCanvas, type Draw } from "./useCanvas";

const ROW_PX = 20;

interface HeatMapProps {
  columns: readonly HistogramColumn[];
  rows: readonly HistogramRow[];
  measure: Measure;
  /** What the colours are; the measure's own name where nothing is said. */
  label?: string;
  /** How a row is called, where that is not its name without the group. */
  nameOf?: (name: string) => string;
  /** What stands before every layer's name. */
  group: string;
  /** What the ends of the colours are, where it is not the least and the greatest of these rows. */
  range?: readonly [low: number, high: number];
  selected: string | null;
  onSelect: (name: string) => void;
}

/** Layers by steps. A row is a button, so the keyboard reaches what the pointer does. */
export function HeatMap(props: HeatMapProps) {
  const { columns, rows, measure, group, selected, onSelect } = props;
  const { t } = useTranslation();
  const label = props.label ?? t(`distributions.${measure}`);
  const [cell, setCell] = useState<[row: number, column: number] | null>(null);
  const own = useMemo(() => rangeOf(rows, measure), [rows, measure]);
  const range = props.range ?? own;
  const draw = useCallback<Draw>(
    (context, width) => {
      const step = width / columns.length;
      rows.forEach((row, index) => {
        for (let column = 0; column < columns.length; column += 1) {
          const value = cellOf(row, column, measure);
          const isBroken = (row.nonfinite[column] ?? 0) > 0;
          if (value === null && !isBroken) continue;
          // What is no number stands out whatever is shown.
          context.fillStyle = isBroken ? ink("--bad") : colourOf(value!, range);
          const [from, to] = [Math.floor(column * step), Math.floor((column + 1) * step)];
          context.fillRect(from, index * ROW_PX, Math.max(1, to - from), ROW_PX - 1);
        }
      });
    },
    [columns, rows, measure, range],
  );
  const canvas = useCanvas(draw, rows.length * ROW_PX);
  const find = (event: React.MouseEvent<HTMLCanvasElement>): [number, number] => {
    const box = event.currentTarget.getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top) / ROW_PX);
    const column = Math.floor(((event.clientX - box.left) / box.width) * columns.length);
    return [Math.min(rows.length - 1, row), Math.min(columns.length - 1, Math.max(0, column))];
  };
  const first = columns[0];
  const last = columns[columns.length - 1];
  return (
    <div className="heatmap">
      <ul className="heatmap-names">
        {rows.map((row, index) => (
          <li key={row.name} style={{ height: ROW_PX }}>
            <button
              type="button"
              aria-pressed={row.name === selected}
              data-hovered={cell?.[0] === index}
              onClick={() => onSelect(row.name)}
              title={row.name}
            >
              {props.nameOf?.(row.name) ?? row.name.slice(group.length)}
            </button>
          </li>
        ))}
      </ul>
      <div className="heatmap-cells">
        <canvas
          ref={canvas}
          style={{ height: rows.length * ROW_PX }}
          role="img"
          aria-label={t("distributions.heatmap_label", {
            measure: label,
            rows: rows.length,
            columns: columns.length,
          })}
          onPointerMove={(event) => setCell(find(event))}
          onPointerLeave={() => setCell(null)}
          onClick={(event) => onSelect(rows[find(event)[0]]!.name)}
        />
        <div className="heatmap-axis">
          <span>{first && formatX(first.first_step, "step", true)}</span>
          <span>{last && formatX(last.last_step, "step", true)}</span>
        </div>
      </div>
      <div className="heatmap-key">
        <span>{scaleText(range[0], measure)}</span>
        <span className="heatmap-ramp" style={{ background: RAMP_CSS }} />
        <span>{scaleText(range[1], measure)}</span>
        <span className="heatmap-broken">{t("distributions.broken")}</span>
        <output>
          {cell && (
            <Readout row={rows[cell[0]]!} at={cell[1]} columns={columns} label={props.label} />
          )}
        </output>
      </div>
    </div>
  );
}

function scaleText(value: number, measure: Measure): string {
  if (measure === "zeros") return `${Math.round(value * 100)} %`;
  return formatNumber(measure === "magnitude" ? Number((10 ** value).toPrecision(2)) : value);
}

interface ReadoutProps {
  row: HistogramRow;
  at: number;
  columns: readonly HistogramColumn[];
  label: string | undefined;
}

function Readout({ row, at, columns, label }: ReadoutProps) {
  const { t } = useTranslation();
  const column = columns[at]!;
  const magnitude = row.magnitude[at];
  const zeros = row.zeros[at];
  const broken = row.nonfinite[at] ?? 0;
  const step =
    column.first_step === column.last_step
      ? formatX(column.first_step, "step", true)
      : `${formatX(column.first_step, "step", true)} – ${column.last_step.toLocaleString("en-US")}`;
  return (
    <>
      <b>{row.name}</b> · {step}
      {magnitude != null &&
        ` · ${label ?? t("distributions.magnitude")} ${formatNumber(magnitude)}`}
      {zeros != null && ` · ${t("distributions.zeros")} ${(zeros * 100).toFixed(1)} %`}
      {broken > 0 && ` · ${t("distributions.nonfinite")} ${formatNumber(broken)}`}
    </>
  );
}
