// Many lines on a canvas, some in each frame, so that the page stays awake.

/** A frame draws no longer than this. */
const SLICE_MS = 12;
const CHECKED_EVERY = 32;

/**
 * For a canvas that is drawn by the processor, at once: elsewhere lines are only noted, and a frame
 * would draw all of them at its end, however long that takes.
 */
export const AT_ONCE: CanvasRenderingContext2DSettings = { willReadFrequently: true };

/** Call *paint* for each of *order*, now and in the frames that follow; return what stops it. */
export function paintInSlices(
  order: Uint32Array,
  paint: (run: number) => void,
  done: () => void,
): () => void {
  let frame = 0;
  let at = 0;
  const slice = () => {
    const until = performance.now() + SLICE_MS;
    while (at < order.length) {
      paint(order[at]!);
      at += 1;
      if (at % CHECKED_EVERY === 0 && performance.now() > until) {
        frame = requestAnimationFrame(slice);
        return;
      }
    }
    done();
  };
  slice();
  return () => cancelAnimationFrame(frame);
}

/** Return how opaque each of *count* lines is, so that many of them show where they are dense. */
export function opacityOf(count: number): number {
  return Math.max(0.06, Math.min(0.9, 6 / Math.sqrt(Math.max(1, count))));
}

/** Return how wide each of *count* lines is: many are drawn as hairlines, which cost far less. */
export function widthOf(count: number): number {
  return count > 1000 ? 1 : 1.4;
}
