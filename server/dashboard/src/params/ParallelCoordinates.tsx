import { useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { Figure } from "../pictures/Figure";
import type { Draw } from "../pictures/pen";
import { useCanvas } from "../pictures/useCanvas";
import { ink } from "../shell/theme";
import { AxisHead } from "./AxisHead";
import { MISSING, rowsOf, valueLabel, type Axis } from "./axes";
import { brushBetween, withRange, type Brush } from "./brushes";
import { inkOf } from "./colour";
import { axisNear, GAP_MIN, GRIP, HEIGHT, placeOf, runNear, xOf, yOf } from "./geometry";
import { drawAxes, drawBrush, drawLine } from "./parallel";
import { AT_ONCE, opacityOf, paintInSlices, widthOf } from "./painting";

export interface PictureProps {
  ids: readonly string[];
  names: readonly string[];
  /** Each run's step of the ramp, see colour.ts. */
  steps: Uint8Array;
  selected: Uint8Array;
  /** The runs in the order in which they are drawn. */
  order: Uint32Array;
  onOpen: (id: string) => void;
}

interface ParallelProps extends PictureProps {
  axes: readonly Axis[];
  brushes: ReadonlyMap<string, Brush>;
  onBrush: (key: string, brush: Brush | null) => void;
  onMove: (key: string, to: number) => void;
  onToggleScale: (key: string) => void;
  /** Without these an axis has no such choice. */
  onToggleQuantiles?: (key: string) => void;
  onToggleInverted?: (key: string) => void;
  onRemove: (key: string) => void;
}

/** A part of an axis that is being chosen. */
interface Draft {
  axis: number;
  from: number;
  to: number;
}

/** Runs as lines over axes. The head of each axis does by keyboard what the pointer does on it. */
export function ParallelCoordinates(props: ParallelProps) {
  const { axes, ids, names, steps, selected, order, brushes } = props;
  const { t } = useTranslation();
  const none = t("params.none");
  const [width, setWidth] = useState(0);
  const [near, setNear] = useState<number | null>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  const stop = useRef<() => void>(() => undefined);
  useEffect(() => () => stop.current(), []);

  const drawLines = useCallback<Draw>(
    (context, size, _, canvas) => {
      const count = selected.reduce((sum, one) => sum + one, 0);
      const [bright, pale] = [opacityOf(count), opacityOf(selected.length) / 3];
      const xs = axes.map((_, at) => xOf(at, axes.length, size));
      context.lineWidth = widthOf(selected.length);
      const paint = (run: number) => {
        const isIn = selected[run] === 1;
        context.globalAlpha = isIn ? bright : pale;
        context.strokeStyle = ink(isIn ? inkOf(steps[run]!) : "--ink-2");
        drawLine(context, axes, xs, run);
      };
      if (!canvas) return order.forEach(paint);
      stop.current();
      setWidth(size);
      delete canvas.dataset["runs"];
      const done = () => {
        context.globalAlpha = 1;
        canvas.dataset["runs"] = String(count);
      };
      stop.current = paintInSlices(order, paint, done);
    },
    [axes, steps, selected, order],
  );
  const lines = useCanvas(drawLines, HEIGHT, AT_ONCE);

  const drawOver = useCallback<Draw>(
    (context, size) => {
      const xs = axes.map((_, at) => xOf(at, axes.length, size));
      drawAxes(context, axes, xs, none);
      axes.forEach((axis, at) => {
        const brush = brushes.get(axis.key);
        if (draft?.axis === at) drawBrush(context, xs[at]!, [draft.from, draft.to]);
        else if (brush) drawBrush(context, xs[at]!, axis, brush);
      });
      if (near !== null && near < ids.length) {
        context.strokeStyle = ink("--ink");
        context.lineWidth = 2.5;
        drawLine(context, axes, xs, near);
      }
    },
    [axes, brushes, draft, near, none, ids.length],
  );
  const over = useCanvas(drawOver, HEIGHT);

  const point = (event: React.PointerEvent<HTMLCanvasElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const axis = axisNear(x, axes.length, box.width);
    const isOnAxis = Math.abs(xOf(axis, axes.length, box.width) - x) <= GRIP;
    return { x, y, axis, isOnAxis, width: box.width };
  };
  const onDown = (event: React.PointerEvent<HTMLCanvasElement>) => {
    const { y, axis, isOnAxis } = point(event);
    if (!isOnAxis || event.button !== 0 || placeOf(y) === MISSING) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    setDraft({ axis, from: placeOf(y), to: placeOf(y) });
  };
  const onMove = (event: React.PointerEvent<HTMLCanvasElement>) => {
    const at = point(event);
    if (draft) setDraft({ ...draft, to: Math.max(0, placeOf(at.y)) });
    else setNear(at.isOnAxis ? null : runNear(axes, selected, at.width, at.x, at.y));
  };
  const onUp = (event: React.PointerEvent<HTMLCanvasElement>) => {
    const { y, axis: at, isOnAxis } = point(event);
    const axis = axes[draft?.axis ?? at];
    if (!axis) return;
    if (draft) {
      setDraft(null);
      const isClick = Math.abs(yOf(draft.to) - yOf(draft.from)) < 4;
      const part = isClick ? null : brushBetween(axis, draft.from, draft.to);
      const before = brushes.get(axis.key) ?? null;
      // With shift a part is added to those that are chosen.
      const isMore = event.shiftKey && part?.kind === "range";
      props.onBrush(axis.key, isMore ? withRange(before, part) : part);
    } else if (isOnAxis && axis.missing > 0 && placeOf(y) === MISSING) {
      const isChosen = brushes.get(axis.key)?.kind === "missing";
      props.onBrush(axis.key, isChosen ? null : { kind: "missing" });
    } else if (near !== null) props.onOpen(ids[near]!);
  };

  const count = selected.reduce((sum, one) => sum + one, 0);
  return (
    <Figure
      title={axes.map((axis) => axis.label).join(", ")}
      className="parallel"
      rows={() => rowsOf(ids, names, axes)}
    >
      <div className="parallel-scroll">
        <div className="parallel-body" style={{ minWidth: axes.length * GAP_MIN }}>
          <div className="parallel-heads">
            {width > 0 &&
              axes.map((axis, at) => (
                <AxisHead
                  key={axis.key}
                  axis={axis}
                  at={at}
                  count={axes.length}
                  width={width}
                  brush={brushes.get(axis.key) ?? null}
                  onBrush={(brush) => props.onBrush(axis.key, brush)}
                  onMove={(to) => props.onMove(axis.key, to)}
                  onToggleScale={() => props.onToggleScale(axis.key)}
                  onToggleQuantiles={props.onToggleQuantiles}
                  onToggleInverted={props.onToggleInverted}
                  onRemove={() => props.onRemove(axis.key)}
                />
              ))}
          </div>
          <div className="parallel-canvases" style={{ height: HEIGHT }}>
            <canvas ref={lines} style={{ height: HEIGHT }} aria-hidden="true" />
            <canvas
              ref={over}
              style={{ height: HEIGHT, cursor: near === null ? "default" : "pointer" }}
              role="img"
              aria-label={t("params.parallel_label", {
                shown: count,
                total: selected.length,
                axes: axes.map((axis) => axis.label).join(", "),
              })}
              onPointerDown={onDown}
              onPointerMove={onMove}
              onPointerUp={onUp}
              onPointerCancel={() => setDraft(null)}
              onPointerLeave={() => !draft && setNear(null)}
            />
          </div>
        </div>
      </div>
      <output className="params-readout">
        {near === null || near >= ids.length ? (
          <span className="muted">{t("params.brush_hint")}</span>
        ) : (
          <>
            <b>{names[near]}</b>
            {axes.map((axis) => (
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
