/** A stretch of an axis, and how many pixels wide it is. */
export interface Span {
  from: number;
  to: number;
  width: number;
}

/** Return where *at* is, in pixels from the left. */
export function placeOf({ from, to, width }: Span, at: number): number {
  return ((at - from) / (to - from)) * width;
}
