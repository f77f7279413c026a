// What a pointer does with a chart beside uPlot's own drag: wheel, fingers, held keys, and the marks
// of values off the scale.

import type uPlot from "uplot";

import type { Window } from "../series/useTracks";
import type { Line } from "./model";

export interface Gestured {
  lines: readonly Line[];
  onWindow: (window: Window | null) => void;
  /** Told of a mark ▲ or ▼ that was clicked: where, and the x of its neighbours. */
  onExtreme?: ((at: number, around: Window) => void) | undefined;
}

/** Windows follow each other no faster than this: each is a question to the server. */
const WINDOW_INTERVAL_MS = 60;
/** For so long a chart may not have heard of the window that it was given. */
const SETTLE_MS = 400;
const WHEEL_FACTOR = 1.25;
/** What leaves so much room at both ends, in parts of the window, is everything there is. */
const ROOM = 0.02;
const MARK_PX = 9;
const CLICK_PX = 4;

/** Return the window in which *at* stays where it is and all else is *factor* times as far from it. */
export function scaled([from, to]: Window, at: number, factor: number): Window {
  return [at - (at - from) * factor, at + (to - at) * factor];
}

/** Return the window, or null where the data that it shows, from *first* to *last*, has room in it. */
export function orAll(window: Window, first: number, last: number): Window | null {
  const room = ROOM * (window[1] - window[0]);
  return first > window[0] + room && last < window[1] - room ? null : window;
}

export interface Extreme {
  at: number;
  around: Window;
}

/** Return the bucket whose mark ▲ or ▼ is at a place of the chart, in pixels of it; null for none. */
export function extremeAt(
  plot: uPlot,
  lines: readonly Line[],
  left: number,
  top: number,
): Extreme | null {
  const height = plot.over.clientHeight;
  const isAbove = top <= 2 * MARK_PX;
  if (!isAbove && top < height - 2 * MARK_PX) return null;
  const low = plot.scales["y"]?.min ?? -Infinity;
  const high = plot.scales["y"]?.max ?? Infinity;
  let best: Extreme | null = null;
  let distance = MARK_PX;
  for (const { track } of lines) {
    for (let index = 0; index < track.x.length; index += 1) {
      const isOff = isAbove ? track.max[index]! > high : track.min[index]! < low;
      if (!isOff) continue;
      const at = track.x[index]!;
      const away = Math.abs(plot.valToPos(at, "x") - left);
      if (away > distance) continue;
      distance = away;
      best = { at, around: [track.x[index - 1] ?? at - 1, track.x[index + 1] ?? at + 1] };
    }
  }
  return best;
}

/** Listen on the chart until the function that is returned is called. */
export function attachGestures(plot: uPlot, latest: () => Gestured): () => void {
  watchSpace();
  const { over } = plot;
  const stop = new AbortController();
  const { signal } = stop;
  let wanted: Window | null = null;
  let wantedAt = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const shown = (): Window => {
    const { min, max } = plot.scales["x"]!;
    const isSettled = performance.now() - wantedAt > SETTLE_MS;
    return wanted && !isSettled ? wanted : [min ?? 0, max ?? 1];
  };
  const send = () => {
    if (wanted === null) return;
    const xs = plot.data[0];
    latest().onWindow(orAll(wanted, xs[0] ?? -Infinity, xs[xs.length - 1] ?? Infinity));
  };
  const show = (window: Window) => {
    if (!(window[1] - window[0] > Math.abs(window[1]) * 1e-12)) return;
    wanted = window;
    wantedAt = performance.now();
    if (timer !== undefined) return;
    send();
    const sent = window;
    timer = setTimeout(() => {
      timer = undefined;
      if (wanted !== sent) send();
    }, WINDOW_INTERVAL_MS);
  };
  const leftOf = (clientX: number) => clientX - over.getBoundingClientRect().left;
  const valueAt = ([from, to]: Window, left: number) =>
    from + (left / over.clientWidth) * (to - from);

  over.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
      event.preventDefault();
      const window = shown();
      const factor = WHEEL_FACTOR ** Math.sign(event.deltaY);
      show(scaled(window, valueAt(window, leftOf(event.clientX)), factor));
    },
    { signal, passive: false },
  );

  let down = { x: NaN, y: NaN };
  over.addEventListener(
    "mousedown",
    (event) => {
      down = { x: event.clientX, y: event.clientY };
      plot.cursor.drag!.y = event.shiftKey;
      if (event.button !== 1 && !(event.button === 0 && isSpaceDown)) return;
      // Before uPlot takes it for the beginning of a selection.
      event.stopImmediatePropagation();
      event.preventDefault();
      const from = shown();
      const moving = new AbortController();
      const move = (moved: MouseEvent) => {
        const by = valueAt(from, 0) - valueAt(from, moved.clientX - down.x);
        show([from[0] + by, from[1] + by]);
      };
      addEventListener("mousemove", move, { signal: moving.signal });
      addEventListener("mouseup", () => moving.abort(), { signal: moving.signal });
    },
    { signal, capture: true },
  );

  let pinch: { window: Window; values: Window } | null = null;
  const places = ({ touches }: TouchEvent): Window => {
    const [a, b] = [leftOf(touches[0]!.clientX), leftOf(touches[1]!.clientX)];
    return a < b ? [a, b] : [b, a];
  };
  over.addEventListener(
    "touchstart",
    (event) => {
      pinch = null;
      if (event.touches.length !== 2) return;
      event.preventDefault();
      const window = shown();
      const [a, b] = places(event);
      pinch = { window, values: [valueAt(window, a), valueAt(window, b)] };
    },
    { signal, passive: false },
  );
  over.addEventListener(
    "touchmove",
    (event) => {
      if (!pinch || event.touches.length !== 2) return;
      event.preventDefault();
      const [a, b] = places(event);
      if (b - a < CLICK_PX) return;
      // What was under each finger stays under it.
      const perPixel = (pinch.values[1] - pinch.values[0]) / (b - a);
      const start = pinch.values[0] - a * perPixel;
      show([start, start + over.clientWidth * perPixel]);
    },
    { signal, passive: false },
  );

  const markAt = (event: MouseEvent) => {
    const box = over.getBoundingClientRect();
    return extremeAt(plot, latest().lines, event.clientX - box.left, event.clientY - box.top);
  };
  over.addEventListener(
    "mousemove",
    (event) => {
      const isMark = latest().onExtreme !== undefined && markAt(event) !== null;
      over.classList.toggle("is-on-mark", isMark);
    },
    { signal },
  );
  over.addEventListener(
    "click",
    (event) => {
      const moved = Math.hypot(event.clientX - down.x, event.clientY - down.y);
      const mark = event.altKey || moved > CLICK_PX ? null : markAt(event);
      if (mark) latest().onExtreme?.(mark.at, mark.around);
    },
    { signal },
  );
  return () => {
    clearTimeout(timer);
    stop.abort();
  };
}

let isSpaceDown = false;
let isWatching = false;

/** Learn whether the space bar is down while the pointer is on a chart; there it does nothing else. */
function watchSpace(): void {
  if (isWatching) return; // one for all charts
  isWatching = true;
  addEventListener(
    "keydown",
    (event) => {
      if (event.key !== " " || !document.querySelector(".chart .u-over:hover")) return;
      const target = event.target as HTMLElement;
      if (target.closest("button, input, textarea, select, a, summary")) return; // its own key
      event.preventDefault();
      event.stopImmediatePropagation();
      isSpaceDown = true;
    },
    { capture: true },
  );
  addEventListener("keyup", (event) => {
    if (event.key === " ") isSpaceDown = false;
  });
  addEventListener("blur", () => {
    isSpaceDown = false;
  });
}
