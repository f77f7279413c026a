import { useCallback, useMemo, useRef, useState, type PointerEvent } from "react";
import { useTranslation } from "react-i18next";

import { colourOf, rampCss, type Ramp } from "../distributions/grid";
import { Figure } from "../pictures/Figure";
import type { Draw, Pen } from "../pictures/pen";
import { useCanvas } from "../pictures/useCanvas";
import { ink } from "../shell/theme";
import { cellAt, layoutOf, type Cell, type Layout } from "./confusion";

const FONT = "11px system-ui, sans-serif";
/** A narrower cell has no room for its number. */
const NUMBER_PX_MIN = 26;
const HEIGHT_PX_MIN = 40;

interface ConfusionMapProps {
  labels: readonly string[];
  cells: readonly Cell[];
  ramp: Ramp;
  /** Which values have the colours at the ends. */
  range: readonly [low: number, high: number];
  /** And which the one in their middle. */
  middle: number;
  /** Where a value lies between the ends, if not evenly. */
  place?: (value: number) => number;
  textOf: (value: number) => string;
  /** What is said of the cell under the pointer. */
  describe: (row: number, column: number) => string;
  label: string;
}

/** True classes by predicted ones, as colours; where there is room, with their numbers. */
export function ConfusionMap(props: ConfusionMapProps) {
  const { labels, cells, ramp, range, textOf } = props;
  const place = props.place ?? same;
  const { t } = useTranslation();
  const [cell, setCell] = useState<[row: number, column: number] | null>(null);
  const [layout, setLayout] = useState<Layout | null>(null);
  const laidOut = useRef("");
  const longest = useMemo(() => widest(labels), [labels]);
  // The least value first: where many cells are one pixel, the greatest is what is seen.
  const ordered = useMemo(
    () => [...cells].sort((a, b) => Math.abs(a.value) - Math.abs(b.value)),
    [cells],
  );
  const height = layout ? Math.max(HEIGHT_PX_MIN, layout.side + layout.bottom) : 320;
  const draw = useCallback<Draw>(
    (context, width) => {
      const found = layoutOf(width, labels.length, longest);
      // The height follows from the width: this draws once more when that has been said.
      if (JSON.stringify(found) !== laidOut.current) {
        laidOut.current = JSON.stringify(found);
        setLayout(found);
      }
      drawCells(context, found, ordered, {
        colour: (value) => colourOf(place(value), [place(range[0]), place(range[1])], ramp),
        textOf,
      });
      drawLabels(context, found, labels);
    },
    [labels, longest, ordered, place, ramp, range, textOf],
  );
  const canvas = useCanvas(draw, height);
  const find = (event: PointerEvent<HTMLCanvasElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    if (layout)
      setCell(cellAt(event.clientX - box.left, event.clientY - box.top, labels.length, layout));
  };
  const known = cell && cell[0] < labels.length && cell[1] < labels.length ? cell : null;
  return (
    <Figure
      title={props.label}
      className="confusion-map"
      rows={() => [
        ["true", "predicted", "value"],
        ...cells.map(({ row, column, value }) => [labels[row]!, labels[column]!, value]),
      ]}
    >
      <div className="confusion-cells">
        {known && layout && (
          <div
            className="confusion-chosen"
            style={{
              left: layout.left + known[1] * layout.size,
              top: known[0] * layout.size,
              width: layout.size,
              height: layout.size,
            }}
          />
        )}
        <canvas
          ref={canvas}
          style={{ height }}
          role="img"
          aria-label={props.label}
          onPointerMove={find}
          onPointerDown={find}
          onPointerLeave={() => setCell(null)}
        />
      </div>
      <div className="heatmap-key">
        <span>{textOf(range[0])}</span>
        <span className="confusion-ramp" style={{ background: rampCss(ramp.slice(0, 3)) }} />
        <span>{textOf(props.middle)}</span>
        <span className="confusion-ramp" style={{ background: rampCss(ramp.slice(2)) }} />
        <span>{textOf(range[1])}</span>
        <span className="muted">{t("evaluation.axes")}</span>
        <output>{known && props.describe(...known)}</output>
      </div>
    </Figure>
  );
}

function same(value: number): number {
  return value;
}

function widest(labels: readonly string[]): number {
  const context = new OffscreenCanvas(1, 1).getContext("2d")!;
  context.font = FONT;
  // The longest of thousands is among those with the most letters.
  const long = [...labels].sort((a, b) => b.length - a.length).slice(0, 50);
  return long.reduce(
    (most, label) => Math.max(most, context.measureText(label.slice(0, 80)).width),
    0,
  );
}

interface Look {
  colour: (value: number) => string;
  textOf: (value: number) => string;
}

function drawCells(
  context: Pen,
  { left, side, size }: Layout,
  cells: readonly Cell[],
  { colour, textOf }: Look,
): void {
  const gap = size > 6 ? 1 : 0;
  context.fillStyle = ink("--sunken");
  context.fillRect(left, 0, side, side);
  context.font = FONT;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const { row, column, value } of cells) {
    const [x, y] = [Math.floor(left + column * size), Math.floor(row * size)];
    const fill = colour(value);
    context.fillStyle = fill;
    const [right, bottom] = [Math.floor(left + (column + 1) * size), Math.floor((row + 1) * size)];
    context.fillRect(x, y, Math.max(1, right - x - gap), Math.max(1, bottom - y - gap));
    if (size < NUMBER_PX_MIN) continue;
    const text = textOf(value);
    if (context.measureText(text).width > size - 4) continue;
    context.fillStyle = isLight(fill) ? "#000" : "#fff";
    context.fillText(text, x + (right - x - gap) / 2, y + (bottom - y - gap) / 2);
  }
}

/** Tell whether black is read better than white on an "rgb(r g b)". */
function isLight(colour: string): boolean {
  const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map(Number);
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140;
}

function drawLabels(
  context: Pen,
  { left, side, size, every, bottom }: Layout,
  labels: readonly string[],
): void {
  context.fillStyle = ink("--ink-2");
  context.font = FONT;
  context.textBaseline = "middle";
  const isUpright = bottom > 20;
  for (let at = 0; at < labels.length; at += every) {
    const middle = (at + 0.5) * size;
    const label = labels[at]!;
    context.textAlign = "right";
    context.fillText(fitted(context, label, left - 8), left - 5, Math.max(middle, 6));
    if (!isUpright) {
      context.textAlign = "center";
      context.fillText(label, left + middle, side + 12);
      continue;
    }
    context.save();
    context.translate(left + middle, side + 5);
    context.rotate(-Math.PI / 2);
    context.fillText(fitted(context, label, bottom - 8), 0, 0);
    context.restore();
  }
}

/** Return as much of *label* as has room. */
function fitted(context: Pen, label: string, room: number): string {
  let text = label.slice(0, 80);
  if (text === label && context.measureText(text).width <= room) return text;
  while (text.length > 1 && context.measureText(`${text}…`).width > room) text = text.slice(0, -1);
  return `${text}…`;
}
