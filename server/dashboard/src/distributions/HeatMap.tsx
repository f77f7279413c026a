import {
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  type CSSProperties,
  type RefObject,
} from "react";
import { useTranslation } from "react-i18next";

import { formatNumber } from "../api/number";
import type { HistogramColumn, HistogramRow } from "../api/types";
import { formatX } from "../charts/axis";
import { cursor } from "../charts/cursor";
import { Icon } from "../shell/Icon";
import { ink } from "../shell/theme";
import {
  cellOf,
  colourOf,
  groupTitle,
  rangeOf,
  rampCss,
  SEQUENTIAL,
  valuesOf,
  type Measure,
  type Ramp,
} from "./grid";
import { Figure } from "../pictures/Figure";
import type { Draw } from "../pictures/pen";
import { useCanvas } from "../pictures/useCanvas";

const ROW_PX = 20;
const HERE = "heatmap";

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
  /** Colours that mean more than "more", such as those around a middle. */
  ramp?: Ramp;
  /** What is to be said of rows, beside their names. */
  flags?: ReadonlyMap<string, string>;
  /** The step that a click chose. */
  step?: number | null;
  selected: string | null;
  /** Told of the row, and of the column's last step where a cell was clicked. */
  onSelect: (name: string, step?: number) => void;
}

/** Layers by steps. A row is a button, so the keyboard reaches what the pointer does. */
export function HeatMap(props: HeatMapProps) {
  const { columns, rows, measure, group, selected, onSelect } = props;
  const { t } = useTranslation();
  const label = props.label ?? t(`distributions.${measure}`);
  const [cell, setCell] = useState<[row: number, column: number] | null>(null);
  const own = useMemo(() => rangeOf(rows, measure), [rows, measure]);
  const range = props.range ?? own;
  const ramp = props.ramp ?? SEQUENTIAL;
  const draw = useCallback<Draw>(
    (context, width) => {
      const step = width / columns.length;
      rows.forEach((row, index) => {
        for (let column = 0; column < columns.length; column += 1) {
          const value = cellOf(row, column, measure);
          const isBroken = (row.nonfinite[column] ?? 0) > 0;
          if (value === null && !isBroken) continue;
          // What is no number stands out whatever is shown.
          context.fillStyle = isBroken ? ink("--bad") : colourOf(value!, range, ramp);
          const [from, to] = [Math.floor(column * step), Math.floor((column + 1) * step)];
          context.fillRect(from, index * ROW_PX, Math.max(1, to - from), ROW_PX - 1);
        }
      });
    },
    [columns, rows, measure, range, ramp],
  );
  const canvas = useCanvas(draw, rows.length * ROW_PX);
  const find = (event: React.MouseEvent<HTMLCanvasElement>): [number, number] => {
    const box = event.currentTarget.getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top) / ROW_PX);
    const column = Math.floor(((event.clientX - box.left) / box.width) * columns.length);
    return [Math.min(rows.length - 1, row), Math.min(columns.length - 1, Math.max(0, column))];
  };
  const line = useCursorLine(columns, setCell);
  const first = columns[0];
  const last = columns[columns.length - 1];
  return (
    <Figure
      title={groupTitle(group) ? `${groupTitle(group)}: ${label}` : label}
      className="heatmap"
      rows={() => [
        ["", ...columns.map((column) => column.last_step)],
        ...rows.map((row) => [row.name, ...valuesOf(row, measure)]),
      ]}
    >
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
            {props.flags?.has(row.name) && (
              <span className="heatmap-flag">
                <Icon name="alert" /> {props.flags.get(row.name)}
              </span>
            )}
          </li>
        ))}
      </ul>
      <div
        className="heatmap-cells"
        style={{ "--rows": `${rows.length * ROW_PX}px` } as CSSProperties}
      >
        <div ref={line} className="heatmap-cursor" hidden />
        {props.step != null && <Chosen columns={columns} step={props.step} />}
        <canvas
          ref={canvas}
          style={{ height: rows.length * ROW_PX }}
          role="img"
          aria-label={t("distributions.heatmap_label", {
            measure: label,
            rows: rows.length,
            columns: columns.length,
          })}
          onPointerMove={(event) => {
            const found = find(event);
            setCell(found);
            const column = columns[found[1]]!;
            cursor.hover({ step: (column.first_step + column.last_step) / 2 }, HERE);
          }}
          onPointerLeave={() => {
            setCell(null);
            cursor.leave(HERE);
          }}
          onClick={(event) => {
            const [row, column] = find(event);
            onSelect(rows[row]!.name, columns[column]!.last_step);
          }}
        />
        <div className="heatmap-axis">
          <span>{first && formatX(first.first_step, "step", true)}</span>
          <span>{last && formatX(last.last_step, "step", true)}</span>
        </div>
      </div>
      <div className="heatmap-key">
        <span>{scaleText(range[0], measure)}</span>
        <span className="heatmap-ramp" style={{ background: rampCss(ramp) }} />
        <span>{scaleText(range[1], measure)}</span>
        <span className="heatmap-broken">
          <i aria-hidden="true" />
          {t("distributions.broken")}
        </span>
        <output>
          {cell && rows[cell[0]] && columns[cell[1]] && (
            <Readout row={rows[cell[0]]!} at={cell[1]} columns={columns} label={props.label} />
          )}
        </output>
      </div>
      <details className="heatmap-table">
        <summary>{t("distributions.rows_as_table")}</summary>
        <div className="heatmap-rows" tabIndex={0} role="region" aria-label={label}>
          <RowTable {...{ rows, measure, label }} nameOf={(name) => props.nameOf?.(name) ?? name} />
        </div>
      </details>
    </Figure>
  );
}

/** What the colours say, row by row, for who cannot tell them apart. */
function RowTable(props: {
  rows: readonly HistogramRow[];
  measure: Measure;
  label: string;
  nameOf: (name: string) => string;
}) {
  const { measure } = props;
  const { t } = useTranslation();
  const text = (value: number | null | undefined) =>
    value == null
      ? "–"
      : measure === "zeros"
        ? `${Number((100 * value).toFixed(1))} %`
        : formatNumber(value);
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{t("distributions.layer")}</th>
          <th scope="col">{`${props.label}: ${t("overview.last")}`}</th>
          <th scope="col">{t("chart.min")}</th>
          <th scope="col">{t("chart.max")}</th>
          <th scope="col">{t("distributions.nonfinite")}</th>
        </tr>
      </thead>
      <tbody>
        {props.rows.map((row) => {
          const values = valuesOf(row, measure).filter((value) => value !== null);
          return (
            <tr key={row.name}>
              <th scope="row">{props.nameOf(row.name)}</th>
              <td>{text(values.at(-1))}</td>
              <td>{text(values.length > 0 ? Math.min(...values) : null)}</td>
              <td>{text(values.length > 0 ? Math.max(...values) : null)}</td>
              <td>{formatNumber(row.nonfinite.reduce((sum, count) => sum + count, 0))}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Show where the page's cursor is, as long as this is not what moves it. */
function useCursorLine(
  columns: readonly HistogramColumn[],
  setCell: (cell: null) => void,
): RefObject<HTMLDivElement | null> {
  const line = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const paint = (_: unknown, from: string | null) => {
      const share = shareOf(columns, cursor.get()?.step);
      line.current!.hidden = share === null;
      if (share !== null) line.current!.style.left = `${share * 100}%`;
      if (from !== HERE) setCell(null);
    };
    paint(null, HERE);
    return cursor.onChange(paint);
  }, [columns, setCell]);
  return line;
}

/** Return where a step lies, from 0 at the left to 1; null where it is outside. */
function shareOf(columns: readonly HistogramColumn[], step: number | undefined): number | null {
  const at = columns.findIndex(({ last_step }) => step !== undefined && step <= last_step);
  const column = columns[at];
  if (!column || step! < columns[0]!.first_step) return null;
  const width = column.last_step - column.first_step;
  // Between two columns it is at their border.
  const part = width > 0 ? Math.max(0, (step! - column.first_step) / width) : 0.5;
  return (at + part) / columns.length;
}

function Chosen({ columns, step }: { columns: readonly HistogramColumn[]; step: number }) {
  const at = columns.findIndex(({ last_step }) => step <= last_step);
  if (at < 0) return null;
  const width = 100 / columns.length;
  return <div className="heatmap-chosen" style={{ left: `${at * width}%`, width: `${width}%` }} />;
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
