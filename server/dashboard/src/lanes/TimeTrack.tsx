import { useCallback, useEffect, useRef, type KeyboardEvent, type PointerEvent } from "react";

import { cursor } from "../charts/cursor";
import { useCanvas } from "../distributions/useCanvas";
import type { Window } from "../series/useTracks";
import { placeOf, type Span } from "./draw";

export interface TimeView {
  /** Seconds since the run began, from the left to the right border. */
  from: number;
  to: number;
  onWindow: (window: Window | null) => void;
}

interface TimeTrackProps {
  view: TimeView;
  height: number;
  label: string;
  draw: (context: CanvasRenderingContext2D, span: Span) => void;
  /** The arrow keys move the cursor; one track of a page is enough for that. */
  hasKeys?: boolean;
}

const LANES = "lanes";

/** A drag shorter than this is a click, which leaves a mark. */
const DRAG_PX_MIN = 5;
const KEY_SHARE = 0.01;

/** A strip of time: the pointer is the cursor of the whole page, a drag zooms all of them. */
export function TimeTrack({ view, height, label, draw, hasKeys }: TimeTrackProps) {
  const { from, to, onWindow } = view;
  const host = useRef<HTMLDivElement>(null);
  const line = useRef<HTMLDivElement>(null);
  const selection = useRef<HTMLDivElement>(null);
  const dragFrom = useRef<number | null>(null);
  const canvas = useCanvas(
    useCallback(
      (context: CanvasRenderingContext2D, width: number) => draw(context, { from, to, width }),
      [draw, from, to],
    ),
    height,
  );

  useEffect(() => {
    const paint = () => {
      const at = cursor.get()?.relative;
      const width = host.current!.clientWidth;
      const left = at === undefined ? -1 : placeOf({ from, to, width }, at);
      line.current!.hidden = left < 0 || left > width;
      line.current!.style.transform = `translateX(${left}px)`;
    };
    paint();
    return cursor.onChange(paint);
  }, [from, to]);

  const shareOf = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const timeOf = (share: number) => from + share * (to - from);
  const onMove = (event: PointerEvent<HTMLDivElement>) => {
    const share = shareOf(event);
    cursor.hover({ relative: timeOf(share) }, LANES);
    if (dragFrom.current === null) return;
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
    if ((right! - left!) * event.currentTarget.clientWidth < DRAG_PX_MIN)
      cursor.pin({ relative: timeOf(left!) });
    else onWindow([timeOf(left!), timeOf(right!)]);
  };
  const onKey = (event: KeyboardEvent) => {
    const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") cursor.pin(null);
    if (side === undefined) return;
    event.preventDefault();
    const step = side * KEY_SHARE * (event.shiftKey ? 10 : 1) * (to - from);
    const at = (cursor.get()?.relative ?? from) + step;
    cursor.pin({ relative: Math.min(to, Math.max(from, at)) });
  };

  return (
    <div
      ref={host}
      className="time-track"
      style={{ height }}
      onPointerMove={onMove}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        dragFrom.current = shareOf(event);
      }}
      onPointerUp={onUp}
      onPointerCancel={() => (dragFrom.current = null)}
      onPointerLeave={() => cursor.leave(LANES)}
      onDoubleClick={() => onWindow(null)}
      {...(hasKeys && { "tabIndex": 0, "onKeyDown": onKey, "role": "group", "aria-label": label })}
    >
      <canvas ref={canvas} style={{ height }} role="img" aria-label={label} />
      <div ref={selection} className="time-selection" hidden />
      <div ref={line} className="time-cursor" hidden />
    </div>
  );
}
