// Which charts hold a canvas: those on screen or nearly, never more than a page can afford.

import { createContext, useContext, useEffect, useState, type RefObject } from "react";

/** Canvases at once. A screen of charts and one more on either side fit. */
export const LIVE_MAX = 24;

/** How far outside the screen a chart is made ready, in screens. */
const MARGIN = "60%";

/**
 * Return the charts that are live of those that are near, by their distance from the middle of
 * the screen: the nearest, at most *most*.
 */
export function nearestOf<Key>(distances: ReadonlyMap<Key, number>, most: number): Set<Key> {
  if (distances.size <= most) return new Set(distances.keys());
  const byDistance = [...distances].sort(([, a], [, b]) => a - b);
  return new Set(byDistance.slice(0, most).map(([key]) => key));
}

type Listener = (isLive: boolean) => void;

/** One observer for all charts of the page. */
class LiveCharts {
  private readonly listeners = new Map<Element, Listener>();
  private readonly near = new Set<Element>();
  private live = new Set<Element>();
  private frame = 0;
  private readonly observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) this.near.add(target);
        else this.near.delete(target);
      }
      this.choose();
    },
    { rootMargin: `${MARGIN} 0px` },
  );

  watch(element: Element, listener: Listener): () => void {
    if (this.listeners.size === 0)
      // Capture hears the scrolling of every pane, which does not bubble.
      window.addEventListener("scroll", this.onScroll, { capture: true, passive: true });
    this.listeners.set(element, listener);
    this.observer.observe(element);
    return () => {
      this.observer.unobserve(element);
      this.listeners.delete(element);
      this.near.delete(element);
      this.live.delete(element);
      if (this.listeners.size === 0)
        window.removeEventListener("scroll", this.onScroll, { capture: true });
    };
  }

  private readonly onScroll = () => {
    // Below the limit all that are near are live, and the observer alone says which.
    if (this.near.size <= LIVE_MAX || this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.choose();
    });
  };

  private choose(): void {
    const middle = window.innerHeight / 2;
    const distances = new Map(
      [...this.near].map((element) => {
        const { top, bottom } = element.getBoundingClientRect();
        return [element, Math.abs((top + bottom) / 2 - middle)];
      }),
    );
    const next = nearestOf(distances, LIVE_MAX);
    const previous = this.live;
    this.live = next;
    for (const element of previous) if (!next.has(element)) this.listeners.get(element)?.(false);
    for (const element of next) if (!previous.has(element)) this.listeners.get(element)?.(true);
  }
}

let charts: LiveCharts | undefined;

/** Whether all charts below are drawn wherever they are, as on paper. */
export const AllLive = createContext(false);

/** Tell whether the chart in *element* is to fetch and draw; the others are empty places. */
export function useLive(element: RefObject<Element | null>): boolean {
  const areAll = useContext(AllLive);
  const [isLive, setLive] = useState(false);
  useEffect(() => {
    if (!element.current || areAll) return;
    charts ??= new LiveCharts();
    return charts.watch(element.current, setLive);
  }, [element, areAll]);
  return areAll || isLive;
}
