// Carrying a card or a section to another place among its siblings. React hears only of the drop:
// a wall of hundreds of charts is not rendered again with every move of the pointer.

import type { Spot } from "./layout";

/** The pointer has not dragged before it has gone so far. */
const DRAG_MIN = 6;
/** So near to an edge of the page a drag scrolls it, by so much in a frame. */
const EDGE_PX = 48;
const SCROLL_PX = 14;

export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/**
 * Return before which of *boxes* a point lies in the order in which they are read; their number
 * where it lies behind them all. A box that is *across* takes a whole row.
 */
export function placeAt(boxes: readonly Box[], x: number, y: number): number {
  const far = ({ left, right, top, bottom }: Box) =>
    Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom));
  let nearest = -1;
  boxes.forEach((box, at) => {
    if (nearest < 0 || far(box) < far(boxes[nearest]!)) nearest = at;
  });
  if (nearest < 0) return 0;
  const box = boxes[nearest]!;
  const isAlone = !boxes.some((one) => one !== box && one.top < box.bottom && box.top < one.bottom);
  const isBehind = isAlone ? y > (box.top + box.bottom) / 2 : x > (box.left + box.right) / 2;
  return nearest + Number(isBehind);
}

/**
 * Follow the pointer that is *down* on a handle of *item* until it lets go.
 *
 * Siblings are the item's, those that have a `data-arranged` name; each is where its
 * `data-arranged-at` part is, or itself. *onDrop* is told where among them the item was dropped; it
 * is not called where that is its own place, for a click, and for what Escape has given up.
 */
export function carry(down: PointerEvent, item: HTMLElement, onDrop: (to: Spot) => void): void {
  const siblings = [...item.parentElement!.children].filter(
    (one): one is HTMLElement =>
      one instanceof HTMLElement && one !== item && one.dataset["arranged"] !== undefined,
  );
  const isBefore = (one: Element) =>
    (one.compareDocumentPosition(item) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
  const own = siblings.filter(isBefore).length;
  const page = scrollerOf(item);
  let isDragged = false;
  let marked: HTMLElement | null = null;
  let place = own;
  let frame = 0;
  let [x, y] = [down.clientX, down.clientY];

  const mark = () => {
    const boxes = siblings.map((one) =>
      (one.querySelector(":scope > [data-arranged-at]") ?? one).getBoundingClientRect(),
    );
    place = placeAt(boxes, x, y);
    unmark();
    const isLast = place === siblings.length;
    marked = siblings[isLast ? place - 1 : place] ?? null;
    marked?.classList.add(isLast ? "drops-after" : "drops-before");
  };
  const unmark = () => marked?.classList.remove("drops-before", "drops-after");
  const follow = () => {
    frame = 0;
    const { top, bottom } = page.getBoundingClientRect();
    const by = y > bottom - EDGE_PX ? SCROLL_PX : y < top + EDGE_PX ? -SCROLL_PX : 0;
    const from = page.scrollTop;
    if (by) page.scrollBy(0, by);
    mark();
    if (page.scrollTop !== from) frame = requestAnimationFrame(follow);
  };
  const onMove = (event: PointerEvent) => {
    [x, y] = [event.clientX, event.clientY];
    if (!isDragged && Math.hypot(x - down.clientX, y - down.clientY) < DRAG_MIN) return;
    if (!isDragged) item.classList.add("is-dragged");
    isDragged = true;
    frame ||= requestAnimationFrame(follow);
  };
  const stop = () => {
    cancelAnimationFrame(frame);
    unmark();
    item.classList.remove("is-dragged");
    for (const [type, listener] of listeners) window.removeEventListener(type, listener, true);
  };
  const onUp = (event: PointerEvent) => {
    [x, y] = [event.clientX, event.clientY];
    if (isDragged) {
      mark();
      // What was dragged is not clicked. The click, where there is one, comes next.
      const swallow = (click: Event) => click.stopPropagation();
      window.addEventListener("click", swallow, { capture: true, once: true });
      setTimeout(() => window.removeEventListener("click", swallow, true));
    }
    stop();
    if (!isDragged || place === own) return;
    const isBehind = place === siblings.length;
    onDrop({ of: siblings[isBehind ? place - 1 : place]!.dataset["arranged"]!, isBehind });
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !isDragged) return;
    event.stopPropagation();
    stop();
  };
  const listeners: [string, EventListener][] = [
    ["pointermove", onMove as EventListener],
    ["pointerup", onUp as EventListener],
    ["pointercancel", stop],
    ["keydown", onKey as EventListener],
  ];
  for (const [type, listener] of listeners) window.addEventListener(type, listener, true);
}

/** Return what scrolls when *item* is to come into sight. */
function scrollerOf(item: Element): Element {
  for (let at = item.parentElement; at; at = at.parentElement)
    if (at.scrollHeight > at.clientHeight && /auto|scroll/.test(getComputedStyle(at).overflowY))
      return at;
  return document.scrollingElement ?? document.documentElement;
}
