// How all charts of a page are drawn, as the address has it.

import { useCallback, useMemo } from "react";

import type { XAxis } from "../api/types";
import { NOT_SMOOTHED, parseSmoothing, writeSmoothing, type Smoothing } from "../series/smoothing";
import type { Window } from "../series/useTracks";
import { useUrl } from "../shell/useUrl";
import type { ChartX } from "./axis";
import type { Place } from "./cursor";
import { SPREADS, type Spread } from "./groups";
import { axisOf, writePins } from "./pins";
import { usePins } from "./usePins";
import { parseWindow, useWindow } from "./useWindow";

export interface ChartView {
  /** The x axis that the server is asked for. */
  x: XAxis;
  /** The metric whose values are the x axis; null where it is `x`. */
  by: string | null;
  window: Window | null;
  isLog: boolean;
  /** Extremes are on the scale, however far they flatten the rest. */
  isFull: boolean;
  smoothing: Smoothing;
  /** Where cursors were pinned, in units of x. */
  pins: readonly number[];
  /** What the band around a group's mean is. */
  spread: Spread;
  /** What training and validation both have is one chart. */
  isMerged: boolean;
}

export const PLAIN_VIEW: ChartView = {
  x: "step",
  by: null,
  window: null,
  isLog: false,
  isFull: false,
  smoothing: NOT_SMOOTHED,
  pins: [],
  spread: "range",
  isMerged: false,
};

export const AXES: readonly XAxis[] = ["step", "relative", "time"];
const METRIC = "m:";

/** Return the metric that counts epochs, or null. */
export function epochMetric(metrics: readonly string[]): string | null {
  return (
    metrics.find((name) => name === "epoch") ??
    metrics.find((name) => name.endsWith("/epoch")) ??
    null
  );
}

/** Metrics that count how much was learned from, by the end of their names. */
const COUNTS = [/(^|\/|_)samples?(_seen)?$/, /(^|\/|_)tokens?(_seen)?$/] as const;

/** Return the metrics that people expect as an x axis: those that count samples and tokens. */
export function countMetrics(metrics: readonly string[]): string[] {
  return COUNTS.flatMap((count) => metrics.find((name) => count.test(name)) ?? []);
}

/** Return what the address' *text* makes the x axis; what cannot be had is steps. */
export function parseX(text: string, metrics: readonly string[]): Pick<ChartView, "x" | "by"> {
  const by = text === "epoch" ? epochMetric(metrics) : text.startsWith(METRIC) ? text.slice(2) : "";
  if (by && metrics.includes(by)) return { x: "step", by };
  return { x: AXES.find((x) => x === text) ?? "step", by: null };
}

/** Return what the charts' x axis counts. */
export function chartX(view: ChartView): ChartX {
  return view.by === null ? view.x : "metric";
}

export function useView(metrics: readonly string[]) {
  const [xText, setXText] = useUrl("x");
  const [logText, setLogText] = useUrl("y");
  const [outlierText, setOutlierText] = useUrl("o");
  const [smoothingText, setSmoothingText] = useUrl("sm");
  const [spreadText, setSpreadText] = useUrl("b");
  const [mergeText, setMergeText] = useUrl("tv");
  const [footText, setFootText] = useUrl("fl");
  const [, setPinText] = useUrl("at");
  const { pins, places, toggle } = usePins();
  const [search, setSearch] = useUrl("m");
  const [windowText, setWindow] = useWindow();
  const unpinned = useMemo<ChartView>(
    () => ({
      ...parseX(xText, metrics),
      window: parseWindow(windowText),
      isLog: logText === "log" || logText === "symlog",
      isFull: outlierText === "full",
      smoothing: parseSmoothing(smoothingText),
      pins: [],
      spread: SPREADS.find((spread) => spread === spreadText) ?? "range",
      isMerged: mergeText === "1",
    }),
    [xText, metrics, windowText, logText, outlierText, smoothingText, spreadText, mergeText],
  );
  const x = chartX(unpinned);
  const view = useMemo(() => ({ ...unpinned, pins: pinsOn(places, x) }), [unpinned, places, x]);
  const setX = useCallback(
    (text: string) => {
      setWindow(null); // a window of steps means nothing in seconds
      // Another metric has other values where these are.
      const kept = pins.filter((pin) => pin.x !== "metric");
      setPinText(writePins(kept, axisOf(text)));
      setXText(text === "step" ? null : text);
    },
    [setWindow, setXText, setPinText, pins],
  );
  const togglePin = useCallback((at: number) => toggle({ x, at }), [toggle, x]);
  return {
    view,
    xText: view.by === null ? view.x : xText,
    search,
    /** What happened on the way stands at the foot of the charts. */
    hasFoot: footText !== "0",
    setX,
    setWindow,
    setSearch,
    togglePin,
    setLog: (isLog: boolean) => setLogText(isLog ? "log" : null),
    setFull: (isFull: boolean) => setOutlierText(isFull ? "full" : null),
    setSmoothing: (smoothing: Smoothing) => setSmoothingText(writeSmoothing(smoothing)),
    setFoot: (hasFoot: boolean) => setFootText(hasFoot ? null : "0"),
    setMerged: (isMerged: boolean) => setMergeText(isMerged ? "1" : null),
    setSpread: (spread: Spread) => setSpreadText(spread === "range" ? null : spread),
  };
}

/** A plain view for charts of a page that has no bar for them, with the page's window and pins. */
export function usePlainView({ x = "step" as XAxis, isLog = false } = {}) {
  const [windowText, setWindow] = useWindow();
  const { places, toggle } = usePins();
  const view = useMemo<ChartView>(
    () => ({
      ...PLAIN_VIEW,
      x,
      isLog,
      window: parseWindow(windowText),
      pins: pinsOn(places, x),
    }),
    [x, isLog, windowText, places],
  );
  const togglePin = useCallback((at: number) => toggle({ x, at }), [toggle, x]);
  return { view, setWindow, togglePin };
}

function pinsOn(places: readonly Place[], x: ChartX): number[] {
  return places.map((place) => place[x]).filter((at) => at !== undefined);
}

export type ViewState = ReturnType<typeof useView>;

/** Return the metrics that *search* finds: all its words, or, between slashes, an expression. */
export function findMetrics(metrics: readonly string[], search: string): string[] {
  const expression = /^\/(.+)\/$/.exec(search.trim())?.[1];
  if (expression !== undefined) {
    try {
      const pattern = new RegExp(expression, "i");
      return metrics.filter((name) => pattern.test(name));
    } catch {
      return []; // half typed
    }
  }
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return metrics.filter((name) => words.every((word) => name.toLowerCase().includes(word)));
}
