import { useEffect, useRef, useState } from "react";

/** The pointer has not dragged before it has gone so far. */
const DRAG_MIN = 6;

interface Drag {
  from: number;
  to: number;
}

/** Return where an item from *from* comes to when it is dropped at *point*, given where all are. */
export function dropPlace(
  spans: readonly (readonly [start: number, end: number])[],
  from: number,
  point: number,
): number {
  const slot = spans.filter(([start, end]) => (start + end) / 2 < point).length;
  return slot > from ? slot - 1 : slot;
}

/**
 * Items of a `[data-order]` that the pointer puts in another order; each has a `[data-place]`. The
 * keyboard's way is the caller's.
 */
export function useDragOrder(axis: "x" | "y", onMove: (from: number, to: number) => void) {
  const [drag, setDrag] = useState<Drag | null>(null);
  const wasDragged = useRef(false);
  const stop = useRef(() => {});
  useEffect(() => () => stop.current(), []);
  const pointOf = (event: PointerEvent) => (axis === "x" ? event.clientX : event.clientY);

  const begin = (from: number, item: HTMLElement, down: PointerEvent) => {
    let current: Drag | null = null;
    wasDragged.current = false;
    const follow = (event: PointerEvent) => {
      const point = pointOf(event);
      if (!current && Math.abs(point - pointOf(down)) < DRAG_MIN) return;
      wasDragged.current = true;
      const places = item.closest("[data-order]")?.querySelectorAll("[data-place]") ?? [];
      const spans = [...places].map((place) => {
        const box = place.getBoundingClientRect();
        return axis === "x" ? ([box.left, box.right] as const) : ([box.top, box.bottom] as const);
      });
      current = { from, to: dropPlace(spans, from, point) };
      setDrag(current);
    };
    const drop = () => {
      if (current && current.to !== current.from) onMove(current.from, current.to);
      stop.current();
    };
    // The pointer leaves the item on its way, and to capture it would take the item's clicks.
    const cancel = () => stop.current();
    const listeners = { pointermove: follow, pointerup: drop, pointercancel: cancel } as const;
    const each = Object.entries(listeners) as [keyof typeof listeners, typeof follow][];
    for (const [type, listener] of each) window.addEventListener(type, listener);
    stop.current = () => {
      for (const [type, listener] of each) window.removeEventListener(type, listener);
      stop.current = () => {};
      setDrag(null);
    };
  };
  const handlersOf = (from: number) => ({
    onPointerDown: (event: React.PointerEvent<HTMLElement>) => {
      if (event.button === 0) begin(from, event.currentTarget, event.nativeEvent);
    },
    // What was dragged is not clicked; a key's click has no detail.
    onClickCapture: (click: React.MouseEvent) => {
      if (wasDragged.current && click.detail > 0) click.stopPropagation();
      wasDragged.current = false;
    },
  });
  /** Return the class of the item at *at*: dragged, or the one beside the place of the drop. */
  const markOf = (at: number): string => {
    if (!drag) return "";
    if (at === drag.from) return "is-dragged";
    if (at === drag.to) return drag.to < drag.from ? "drops-before" : "drops-after";
    return "";
  };
  return { handlersOf, markOf };
}
