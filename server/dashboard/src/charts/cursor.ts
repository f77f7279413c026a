// Where in the runs someone looks: one place for charts, lanes, histograms and the console.

import { useEffect } from "react";

import type { ChartX } from "./axis";

/** A place on each axis on which it is known. */
export type Place = Partial<Record<ChartX, number>>;

/** *from* is what the place was given with by who follows the pointer, else null. */
type Listener = (place: Place | null, from: string | null) => void;

let hovered: Place | null = null;
let hoveredFrom: string | null = null;
let resting: Place | null = null;
let translate = (place: Place): Place => place;
let frame = 0;
const listeners = new Set<Listener>();

function tell(): void {
  // A pointer moves more often than a screen shows it, and a chart that is left tells its
  // neighbours so itself, before they hear of the resting place from here.
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    for (const listener of listeners) listener(cursor.get(), hoveredFrom);
  });
}

export const cursor = {
  /** Where the pointer is, else where a cursor is pinned, else null. */
  get: (): Place | null => hovered ?? resting,

  /** Follow the pointer. */
  hover(place: Place, from: string): void {
    hovered = translate(place);
    hoveredFrom = from;
    tell();
  },

  /** The pointer has left; where it is followed from elsewhere by now, nothing happens. */
  leave(from: string): void {
    if (hoveredFrom !== from) return;
    hovered = hoveredFrom = null;
    tell();
  },

  /** Rest there while no pointer is anywhere; null is nowhere. */
  rest(place: Place | null): void {
    resting = place;
    tell();
  },

  onChange(listener: Listener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

/**
 * While the page is open, let every place be known on the axes that *fill* adds to it, and rest at
 * *place*; forget all places when it is left.
 */
export function useCursor(fill: (place: Place) => Place, place: Place | null): void {
  useEffect(() => {
    translate = fill;
    hovered &&= fill(hovered);
    tell();
    return () => {
      translate = (place) => place;
    };
  }, [fill]);
  useEffect(() => cursor.rest(place), [place]);
  useEffect(
    () => () => {
      hovered = hoveredFrom = resting = null;
      tell();
    },
    [],
  );
}
