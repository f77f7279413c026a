// Lines over steps or time. The only file that knows uPlot's options.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useLocation } from "wouter";

import type { Smoothing } from "../series/smoothing";
import type { Window } from "../series/useTracks";
import { ink } from "../shell/theme";
import { useThemeName } from "../shell/useThemeName";
import { formatX, timeSteps, wholeSteps, type ChartX } from "./axis";
import { cursor } from "./cursor";
import { decadesAround } from "./decades";
import type { Domain } from "./domain";
import type { FootMark } from "./foot/marks";
import { FOOT_PX, FootLayer } from "./foot/FootLayer";
import { FootMenu, type OpenFoot } from "./foot/FootMenu";
import { FlagLayer, type Flag } from "./flags";
import { attachGestures } from "./gestures";
import { highlight } from "./highlight";
import { drawMarks, drawNames, drawPins, roomForNames } from "./marks";
import { modelOf, type Layer, type Line } from "./model";
import { pointed } from "./pointed";
import { nearestRun, placeOf, readAt, Tooltip, type Reading } from "./tooltip";
import type { Unit } from "./unit";
import { outOf } from "./zooms";

export interface LineChartProps {
  lines: readonly Line[];
  domain: Domain;
  x: ChartX;
  window: Window | null;
  onWindow: (window: Window | null) => void;
  /** Told of a part of the y axis that was chosen by a drag with the key Shift. */
  onRange?: ((range: Window) => void) | undefined;
  /** Told of a mark of a value off the scale that was clicked. */
  onExtreme?: ((at: number, around: Window) => void) | undefined;
  pins: readonly number[];
  /** Told a place that was clicked with the key Alt; it is that of the nearest point. */
  onPin?: ((place: number) => void) | undefined;
  isLog: boolean;
  smoothing: Smoothing;
  height: number;
  /** What a screen reader says of the picture. */
  summary: string;
  unit: Unit;
  /** Links over the lines. */
  flags?: readonly Flag[] | undefined;
  /** What happened on the way, below the axis. */
  foot?: readonly FootMark[] | undefined;
  /** Told what the lines say at the cursor, wherever on the page it is; null when it leaves. */
  onReading?: (readings: Reading[] | null) => void;
}

/** A chart of at most a few hundred lines whose cursor moves with those of all others on the page. */
export function LineChart(props: LineChartProps) {
  const { lines, domain, x, window, pins, isLog, smoothing, height, summary } = props;
  const { t } = useTranslation();
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const model = useMemo(() => modelOf(lines, smoothing), [lines, smoothing]);
  const layers = useRef(model.layers);
  layers.current = model.layers;
  const theme = useThemeName();
  const [, navigate] = useLocation();
  const goTo = useRef(navigate);
  goTo.current = navigate;
  const notFinite = (count: number) => t("chart.not_finite", { count });
  // A chart along a metric has no place for what happened at a time.
  const hasFoot = props.foot !== undefined && props.foot.length > 0 && x !== "metric";
  const [open, setOpen] = useState<OpenFoot | null>(null);
  const describe = useRef(notFinite);
  describe.current = notFinite;

  useLayoutEffect(() => {
    const element = host.current!;
    const tooltip = new Tooltip();
    const layer = new FlagLayer((flag) => goTo.current(flag.href));
    const foot = new FootLayer((marks, anchor) => {
      if (marks.length === 1) goTo.current(marks[0]!.href);
      else setOpen({ marks, anchor });
    });
    const plot = new uPlot(
      optionsOf(element, model.layers, latest, { tooltip, flags: layer, foot }, hasFoot, describe),
      model.data,
      element,
    );
    plot.over.append(tooltip.element);
    plot.over.addEventListener("click", (click) => {
      if (click.altKey) pinAt(plot, latest.current);
    });
    const release = attachGestures(plot, () => latest.current);
    // Beside the picture, which is one thing to a screen reader; links are not a part of it.
    element.parentElement!.append(layer.element, foot.element);
    chart.current = plot;
    const observer = new ResizeObserver(() => {
      plot.setSize({ width: element.clientWidth, height: latest.current.height });
    });
    observer.observe(element);
    return () => {
      release();
      observer.disconnect();
      plot.destroy();
      layer.element.remove();
      foot.element.remove();
      chart.current = null;
    };
    // Only these need a new plot; the data and the window are set below.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [model.shape, isLog, domain.linear, x, height, hasFoot]);

  useEffect(() => {
    chart.current?.setData(model.data, true);
    if (chart.current) follow(chart.current, x);
  }, [model, domain, window, x]);

  useEffect(
    () =>
      cursor.onChange((_, from) => {
        // Charts of one axis follow each other by themselves.
        if (chart.current && from !== syncKey(x)) follow(chart.current, x);
      }),
    [x],
  );

  useEffect(() => {
    const paint = () => {
      const plot = chart.current;
      if (!plot) return;
      const focus = focusOf(layers.current);
      layers.current.forEach((layer, index) => {
        plot.series[index + 1]!.alpha = alphaOf(layer, focus);
      });
      plot.redraw(false);
    };
    paint();
    return highlight.onChange(paint);
  }, [theme, model.shape, isLog, domain.linear, x, pins, props.flags, props.foot]);

  return (
    <div className="chart-frame">
      <div ref={host} className="chart" style={{ height }} role="img" aria-label={summary} />
      {open && <FootMenu open={open} onClose={() => setOpen(null)} />}
    </div>
  );
}

function syncKey(x: ChartX): string {
  return `mltrack-${x}`;
}

/** Put the cursor where the page's is, unless the pointer is on the chart itself. */
function follow(plot: uPlot, x: ChartX): void {
  if (plot.over.matches(":hover")) return;
  const at = cursor.get()?.[x];
  const left = at === undefined ? -1 : plot.valToPos(at, "x");
  const isInside = left >= 0 && left <= plot.over.clientWidth;
  plot.setCursor(isInside ? { left, top: 0 } : { left: -10, top: -10 });
}

/** Return the run that stands out, where it is one of these; a chart without it stays as it is. */
function focusOf(layers: readonly Layer[]): string | null {
  const id = highlight.get();
  return id !== null && layers.some(({ line }) => line.members.includes(id)) ? id : null;
}

function alphaOf({ line, role }: Layer, highlighted: string | null): number {
  const own = role === "raw" ? 0.28 : 1;
  const stage = line.track.isSuperseded ? 0.35 : 1;
  const focus = highlighted === null || line.members.includes(highlighted) ? 1 : 0.15;
  return own * stage * focus;
}

/** What lies over and below the canvas. */
interface Layers {
  tooltip: Tooltip;
  flags: FlagLayer;
  foot: FootLayer;
}

function optionsOf(
  element: HTMLElement,
  layers: readonly Layer[],
  latest: React.RefObject<LineChartProps>,
  { tooltip, flags, foot }: Layers,
  hasFoot: boolean,
  notFinite: React.RefObject<(count: number) => string>,
): uPlot.Options {
  const { x, isLog, height, unit, domain } = latest.current;
  return {
    width: Math.max(element.clientWidth, 50),
    height,
    padding: [8, (plot) => Math.max(16, roomForNames(latest.current.lines, plot.width)), 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: syncKey(x), setSeries: false, scales: ["x", null] },
      drag: { x: true, y: false, setScale: false },
      points: { size: 6 },
      y: false,
      bind: {
        dblclick: () => () => {
          latest.current.onWindow(outOf(latest.current.window));
          return null;
        },
      },
    },
    scales: {
      x: { time: x === "time", range: (plot) => xRange(plot, latest.current.window) },
      y: {
        distr: domain.linear !== null ? 4 : isLog ? 3 : 1,
        asinh: domain.linear ?? 1,
        range: () => [latest.current.domain.low, latest.current.domain.high],
      },
    },
    axes: [
      {
        ...axisInk,
        size: (x === "time" ? 40 : 26) + (hasFoot ? FOOT_PX : 0), // a date stands below the time
        gap: 4 + (hasFoot ? FOOT_PX : 0),
        space: x === "time" ? 64 : 46,
        ...(x === "time" ? {} : { values: (_, ticks) => ticks.map((tick) => formatX(tick, x)) }),
        ...(x === "relative" ? { incrs: timeSteps } : {}),
        ...(x === "step" ? { incrs: wholeSteps } : {}),
      },
      {
        ...axisInk,
        size: (_, labels) => widthOf(labels),
        space: 28,
        values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : unit.format(tick))),
        ...(unit.steps ? { incrs: unit.steps } : {}),
        ...(domain.linear === null ? {} : { splits: () => ticksAround(latest.current.domain) }),
      },
    ],
    series: [{}, ...layers.map((layer) => seriesOf(layer, focusOf(layers)))],
    bands: bandsOf(layers),
    hooks: {
      draw: [
        (plot) => drawMarks(plot, latest.current.lines),
        (plot) => drawNames(plot, latest.current.lines),
        (plot) => drawPins(plot, latest.current.pins),
        (plot) => flags.show(plot, latest.current.flags ?? [], x),
        (plot) => foot.show(plot, hasFoot ? (latest.current.foot ?? []) : [], x),
      ],
      setSelect: [(plot) => select(plot, latest.current)],
      setCursor: [(plot) => read(plot, latest.current, tooltip, notFinite.current)],
    },
  };
}

function ticksAround({ low, high, linear }: Domain): number[] {
  return linear === null ? [] : decadesAround(low, high, linear);
}

const axisInk: uPlot.Axis = {
  stroke: () => ink("--ink-2"),
  font: "11px system-ui, sans-serif",
  grid: { stroke: () => ink("--grid"), width: 1 },
  ticks: { show: false },
  gap: 4,
};

/** The y axis is as wide as its labels, but charts below each other should line up where they can. */
function widthOf(labels: readonly string[] | null): number {
  const longest = Math.max(0, ...(labels ?? []).map((label) => label.length));
  return Math.max(46, longest * 6.6 + 12);
}

function xRange(plot: uPlot, window: Window | null): uPlot.Range.MinMax {
  if (window) return [window[0], window[1]];
  const xs = plot.data[0];
  const [first, last] = [xs[0], xs[xs.length - 1]];
  if (first === undefined || last === undefined) return [0, 1];
  return first === last ? [first - 1, last + 1] : [first, last];
}

function seriesOf(layer: Layer, highlighted: string | null): uPlot.Series {
  const { style } = layer.line;
  const isBand = layer.role === "low" || layer.role === "high";
  return {
    scale: "y",
    stroke: isBand ? "transparent" : () => ink(style.colour),
    width: isBand ? 0 : 1.5,
    dash: [...style.dash],
    alpha: alphaOf(layer, highlighted),
    points:
      isBand || layer.role === "raw" ? { show: false } : { size: 4, fill: () => ink(style.colour) },
  };
}

function bandsOf(layers: readonly Layer[]): uPlot.Band[] {
  return layers.flatMap((layer, index) => {
    if (layer.role !== "high") return [];
    const fill = () =>
      `${ink(layer.line.style.colour)}${layer.line.track.isSuperseded ? "14" : "38"}`;
    return [{ series: [index + 1, index], fill }];
  });
}

/** A drag shorter than this is a click. */
const DRAG_PX_MIN = 5;

function select(plot: uPlot, { onWindow, onRange }: LineChartProps): void {
  const { left, top, width, height } = plot.select;
  if (width < DRAG_PX_MIN) return;
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  onWindow([plot.posToVal(left, "x"), plot.posToVal(left + width, "x")]);
  if (height >= DRAG_PX_MIN && height < plot.over.clientHeight)
    onRange?.([plot.posToVal(top + height, "y"), plot.posToVal(top, "y")]);
}

function pinAt(plot: uPlot, { lines, onPin }: LineChartProps): void {
  const place = plot.posToVal(plot.cursor.left ?? -1, "x");
  const readings = readAt(lines, place);
  if (readings.length > 0) onPin?.(placeOf(readings, place));
}

function read(
  plot: uPlot,
  props: LineChartProps,
  tooltip: Tooltip,
  notFinite: (count: number) => string,
): void {
  const { left = -1 } = plot.cursor;
  const isPointed = plot.over.matches(":hover");
  if (left < 0) {
    cursor.leave(syncKey(props.x));
    tooltip.hide();
    props.onReading?.(null);
    return;
  }
  const place = plot.posToVal(left, "x");
  const readings = readAt(props.lines, place);
  props.onReading?.(readings);
  if (isPointed) {
    cursor.hover({ [props.x]: place }, syncKey(props.x));
    pointed.set(nearestRun(readings, plot.posToVal(plot.cursor.top ?? 0, "y")));
  }
  // Of all synchronised charts only the one under the pointer speaks.
  if (readings.length === 0 || !isPointed) return tooltip.hide();
  tooltip.show(
    plot,
    readings,
    formatX(placeOf(readings, place), props.x, true),
    props.unit.format,
    notFinite,
  );
}
