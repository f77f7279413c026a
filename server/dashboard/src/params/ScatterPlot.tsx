import { useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { Figure } from "../pictures/Figure";
import type { Draw, Pen } from "../pictures/pen";
import { useCanvas } from "../pictures/useCanvas";
import { ink } from "../shell/theme";
import { rowsOf, valueLabel, type Axis } from "./axes";
import { inkOf } from "./colour";
import { AT_ONCE, opacityOf, paintInSlices } from "./painting";
import type { PictureProps } from "./ParallelCoordinates";

const HEIGHT = 320;
const LEFT = 64;
const RIGHT = 14;
const TOP = 10;
const BOTTOM = 24;
const INSET = 8; // what is least or greatest stands whole in the picture
const REACH = 9;
const LABELS_APART = 10;

interface ScatterProps extends PictureProps {
  x: Axis;
  y: Axis;
}

/** Runs as points over two of their columns. */
export function ScatterPlot(props: ScatterProps) {
  const { x, y, ids, names, steps, selected, order } = props;
  const { t } = useTranslation();
  const [near, setNear] = useState<number | null>(null);
  const stop = useRef<() => void>(() => undefined);
  useEffect(() => () => stop.current(), []);
  const drawPoints = useCallback<Draw>(
    (context, width, _, canvas) => {
      drawFrame(context, x, y, width);
      const place = placer(x, y, width);
      const count = selected.reduce((sum, one) => sum + one, 0);
      const [bright, pale] = [Math.max(0.35, opacityOf(count)), opacityOf(selected.length) / 3];
      const paint = (run: number) => {
        const at = place(run);
        if (!at) return;
        const isIn = selected[run] === 1;
        context.globalAlpha = isIn ? bright : pale;
        context.fillStyle = ink(isIn ? inkOf(steps[run]!) : "--ink-2");
        context.beginPath();
        context.arc(at[0], at[1], isIn ? 3.5 : 2.5, 0, 2 * Math.PI);
        context.fill();
      };
      if (!canvas) return order.forEach(paint);
      stop.current();
      delete canvas.dataset["runs"];
      const done = () => {
        context.globalAlpha = 1;
        canvas.dataset["runs"] = String(count);
      };
      stop.current = paintInSlices(order, paint, done);
    },
    [x, y, steps, selected, order],
  );
  const points = useCanvas(drawPoints, HEIGHT, AT_ONCE);
  const drawOver = useCallback<Draw>(
    (context, width) => {
      const at = near === null ? null : placer(x, y, width)(near);
      if (!at) return;
      context.strokeStyle = ink("--ink");
      context.lineWidth = 2;
      context.beginPath();
      context.arc(at[0], at[1], 6, 0, 2 * Math.PI);
      context.stroke();
    },
    [x, y, near],
  );
  const over = useCanvas(drawOver, HEIGHT);
  const find = (event: React.PointerEvent<HTMLCanvasElement>): number | null => {
    const box = event.currentTarget.getBoundingClientRect();
    const place = placer(x, y, box.width);
    let [best, distance] = [null as number | null, REACH];
    for (let run = 0; run < selected.length; run += 1) {
      const at = selected[run] ? place(run) : null;
      if (!at) continue;
      const off = Math.hypot(at[0] - (event.clientX - box.left), at[1] - (event.clientY - box.top));
      if (off <= distance) [best, distance] = [run, off];
    }
    return best;
  };
  const hasPlace = (run: number) => x.places[run]! >= 0 && y.places[run]! >= 0;
  const shown = selected.reduce((sum, one, run) => sum + (one && hasPlace(run) ? 1 : 0), 0);
  const chosen = selected.reduce((sum, one) => sum + one, 0);
  const none = t("params.none");
  return (
    <Figure title={`${y.label} / ${x.label}`} rows={() => rowsOf(ids, names, [x, y])}>
      <div className="parallel-canvases" style={{ height: HEIGHT }}>
        <canvas ref={points} style={{ height: HEIGHT }} aria-hidden="true" />
        <canvas
          ref={over}
          style={{ height: HEIGHT, cursor: near === null ? "default" : "pointer" }}
          role="img"
          aria-label={t("params.scatter_label", { x: x.label, y: y.label, count: shown })}
          onPointerMove={(event) => setNear(find(event))}
          onPointerLeave={() => setNear(null)}
          onClick={() => near !== null && ids[near] && props.onOpen(ids[near])}
        />
      </div>
      <output className="params-readout">
        {near === null || near >= ids.length ? (
          <span className="muted">
            {t("params.scatter_hint")}{" "}
            {shown < chosen && t("params.unplaced", { count: chosen - shown })}
          </span>
        ) : (
          <>
            <b>{names[near]}</b>
            {[x, y].map((axis) => (
              <span key={axis.key}>
                <span className="muted">{axis.label}</span> {valueLabel(axis.values[near]!, none)}
              </span>
            ))}
          </>
        )}
      </output>
    </Figure>
  );
}

/** Return where a run stands; null where it lacks one of the values. */
function placer(x: Axis, y: Axis, width: number): (run: number) => [number, number] | null {
  const [across, down] = [width - LEFT - RIGHT - 2 * INSET, HEIGHT - TOP - BOTTOM - 2 * INSET];
  return (run) => {
    const [left, up] = [x.places[run]!, y.places[run]!];
    if (!(left >= 0 && up >= 0)) return null;
    return [LEFT + INSET + left * across, HEIGHT - BOTTOM - INSET - up * down];
  };
}

function drawFrame(context: Pen, x: Axis, y: Axis, width: number): void {
  const bottom = HEIGHT - BOTTOM;
  context.font = "11px system-ui, sans-serif";
  context.fillStyle = ink("--ink-2");
  context.strokeStyle = ink("--grid");
  context.lineWidth = 1;
  context.textBaseline = "middle";
  context.textAlign = "right";
  let free = Infinity;
  for (const tick of y.ticks) {
    const at = bottom - INSET - tick.place * (bottom - TOP - 2 * INSET);
    line(context, LEFT, at, width - RIGHT, at);
    if (at > free) continue;
    free = at - 14;
    context.fillText(short(tick.label, 10), LEFT - 6, at);
  }
  context.textAlign = "center";
  free = 0;
  for (const tick of x.ticks) {
    const at = LEFT + INSET + tick.place * (width - LEFT - RIGHT - 2 * INSET);
    line(context, at, TOP, at, bottom);
    const label = short(tick.label, 14);
    const half = context.measureText(label).width / 2;
    if (at - half < free) continue; // labels that would stand on each other
    free = at + half + LABELS_APART;
    context.fillText(label, Math.min(at, width - half), bottom + 13);
  }
}

function line(context: Pen, ...ends: [number, number, number, number]): void {
  context.beginPath();
  context.moveTo(ends[0], ends[1]);
  context.lineTo(ends[2], ends[3]);
  context.stroke();
}

function short(text: string, chars: number): string {
  return text.length > chars ? `${text.slice(0, chars - 1)}…` : text;
}
