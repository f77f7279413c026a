// Which of very many lines are on screen. Browsers have no elements as high as a million lines.

export const LINE_PX = 18;
/** A little less than the highest element of any browser (Firefox's: 17.8 million). */
export const HEIGHT_MAX_PX = 16_000_000;

export interface Viewport {
  total: number;
  /** How high the part on screen is. */
  height: number;
}

/** Return how high the element is that is scrolled. */
export function contentHeight(total: number): number {
  return Math.min(total * LINE_PX, HEIGHT_MAX_PX);
}

/** Return how many pixels of lines one pixel of scrolling is. */
function ratio({ total, height }: Viewport): number {
  const real = total * LINE_PX;
  return real > HEIGHT_MAX_PX ? (real - height) / (HEIGHT_MAX_PX - height) : 1;
}

/** Return the line, perhaps between two, at the upper border. */
export function lineAt(scrollTop: number, viewport: Viewport): number {
  return (scrollTop * ratio(viewport)) / LINE_PX;
}

/** Return how far to scroll so that *line* is in the middle. */
export function scrollTopOf(line: number, viewport: Viewport): number {
  const top = (line + 0.5) * LINE_PX - viewport.height / 2;
  const most = Math.max(0, contentHeight(viewport.total) - viewport.height);
  return Math.min(most, Math.max(0, top / ratio(viewport)));
}

export interface Row {
  number: number;
  /** Where it is in the element that is scrolled. */
  top: number;
}

/** Return the lines on screen, and *more* before and behind them. */
export function rowsOf(scrollTop: number, viewport: Viewport, more: number): Row[] {
  const top = lineAt(scrollTop, viewport);
  const first = Math.max(0, Math.floor(top) - more);
  const end = Math.min(viewport.total, Math.ceil(top + viewport.height / LINE_PX) + more);
  return Array.from({ length: Math.max(0, end - first) }, (_, index) => ({
    number: first + index,
    top: scrollTop + (first + index - top) * LINE_PX,
  }));
}
