import { useCallback, useEffect, useRef, type KeyboardEvent, type PointerEvent } from "react";

import type { Pen } from "../pictures/pen";
import { useCanvas } from "../pictures/useCanvas";
import type { Window } from "../series/useTracks";
import { cursor } from "./cursor";
import { PIN_NAMES } from "./pins";
import { placeOf, type Span } from "./span";
import { usePins } from "./usePins";

export interface StripView {
  /** Seconds since the run began, or steps, from the left to the right border. */
  from: number;
  to: number;
  /** What a drag does; without it nothing. */
  onWindow?: (window: Window | null) => void;
}

/** Of strips that a drag zooms. */
export type ZoomView = Required<StripView>;

interface CursorStripProps {
  view: StripView;
  height: number;
  label: string;
  draw: (context: Pen, span: Span) => void;
  axis?: "relative" | "step";
  /** Told of a click, which pins a cursor too. */
  onPick?: (at: number) => void;
  /** The arrow keys move the cursor; one track of a page is enough for that. */
  hasKeys?: boolean;
}

const STRIP = "strip";

/** A drag shorter than this is a click, which pins a cursor. */
const DRAG_PX_MIN = 5;
const KEY_SHARE = 0.01;

/** A strip of time or steps: the pointer is the cursor of the whole page, a drag zooms. */
export function CursorStrip(props: CursorStripProps) {
  const { view, height, label, draw, axis = "relative", onPick, hasKeys } = props;
  const { from, to, onWindow } = view;
  const host = useRef<HTMLDivElement>(null);
  const line = useRef<HTMLDivElement>(null);
  const selection = useRef<HTMLDivElement>(null);
  const dragFrom = useRef<number | null>(null);
  const { places, toggle, put } = usePins();
  const canvas = useCanvas(
    useCallback(
      (context: Pen, width: number) => draw(context, { from, to, width }),
      [draw, from, to],
    ),
    height,
  );

  useEffect(() => {
    const paint = () => {
      const at = cursor.get()?.[axis];
      const width = host.current!.clientWidth;
      const left = at === undefined ? -1 : placeOf({ from, to, width }, at);
      line.current!.hidden = left < 0 || left > width;
      line.current!.style.transform = `translateX(${left}px)`;
    };
    paint();
    return cursor.onChange(paint);
  }, [from, to, axis]);

  const shareOf = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const placeAt = (share: number) => from + share * (to - from);
  const onMove = (event: PointerEvent<HTMLDivElement>) => {
    const share = shareOf(event);
    cursor.hover({ [axis]: placeAt(share) }, STRIP);
    if (dragFrom.current === null || !onWindow) return;
    const [left, right] = [dragFrom.current, share].sort((a, b) => a - b);
    const style = selection.current!.style;
    selection.current!.hidden = false;
    style.left = `${left! * 100}%`;
    style.width = `${(right! - left!) * 100}%`;
  };
  const onUp = (event: PointerEvent<HTMLDivElement>) => {
    const start = dragFrom.current;
    if (start === null) return;
    dragFrom.current = null;
    selection.current!.hidden = true;
    const [left, right] = [start, shareOf(event)].sort((a, b) => a - b);
    if ((right! - left!) * event.currentTarget.clientWidth >= DRAG_PX_MIN)
      return onWindow?.([placeAt(left!), placeAt(right!)]);
    (event.altKey ? toggle : put)({ x: axis, at: short(placeAt(left!)) });
    onPick?.(placeAt(left!));
  };
  const onKey = (event: KeyboardEvent) => {
    const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") put(null);
    if (side === undefined) return;
    event.preventDefault();
    const step = side * KEY_SHARE * (event.shiftKey ? 10 : 1) * (to - from);
    const at = (cursor.get()?.[axis] ?? from) + step;
    put({ x: axis, at: short(Math.min(to, Math.max(from, at))) });
  };

  return (
    <div
      ref={host}
      className="cursor-strip"
      style={{ height }}
      onPointerMove={onMove}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        dragFrom.current = shareOf(event);
      }}
      onPointerUp={onUp}
      onPointerCancel={() => (dragFrom.current = null)}
      onPointerLeave={() => cursor.leave(STRIP)}
      onDoubleClick={() => onWindow?.(null)}
      {...(hasKeys && { "tabIndex": 0, "onKeyDown": onKey, "role": "group", "aria-label": label })}
    >
      <canvas ref={canvas} style={{ height }} role="img" aria-label={label} />
      <div ref={selection} className="strip-selection" hidden />
      {places.map((place, at) => {
        const share = ((place[axis] ?? NaN) - from) / (to - from);
        return share >= 0 && share <= 1 ? (
          <div key={PIN_NAMES[at]} className="strip-pin" style={{ left: `${share * 100}%` }} />
        ) : null;
      })}
      <div ref={line} className="strip-cursor" hidden />
    </div>
  );
}

/** Nobody points more exactly, and it stands in the address. */
function short(place: number): number {
  return Number(place.toPrecision(13));
}
