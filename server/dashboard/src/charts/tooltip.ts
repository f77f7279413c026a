// The readout beside the cursor. Plain DOM: a cursor that moves must not render React.

import type uPlot from "uplot";

import { formatNumber } from "../api/number";
import { ink } from "../shell/theme";
import { nearest } from "./align";
import type { Line } from "./model";

const LINES_MAX = 12;

export interface Reading {
  line: Line;
  index: number; // of the bucket
  value: number;
}

/** Return what each line that passes *x* says nearest to it, the highest value first. */
export function readAt(lines: readonly Line[], x: number): Reading[] {
  return lines
    .flatMap((line) => {
      const index = nearest(line.track.x, x);
      return reaches(line.track.x, x) ? [{ line, index, value: line.track.mean[index]! }] : [];
    })
    .sort((a, b) => (Number.isNaN(a.value) ? 1 : Number.isNaN(b.value) ? -1 : b.value - a.value));
}

/** Tell whether *x* lies between a line's ends, give or take the distance of two points. */
function reaches(places: Float64Array, x: number): boolean {
  const [first, last] = [places[0], places[places.length - 1]];
  if (first === undefined || last === undefined) return false;
  const spacing = places.length > 1 ? (last - first) / (places.length - 1) : Infinity;
  return x >= first - spacing && x <= last + spacing;
}

/** Return the place, of those that were read, nearest to *x*. */
export function placeOf(readings: readonly Reading[], x: number): number {
  const places = readings.map(({ line, index }) => line.track.x[index]!);
  return places.reduce(
    (best, place) => (Math.abs(place - x) < Math.abs(best - x) ? place : best),
    Infinity,
  );
}

/** Return the run whose line is nearest to *value*; null where that is a line of several. */
export function nearestRun(readings: readonly Reading[], value: number): string | null {
  let best: Reading | null = null;
  for (const one of readings)
    if (!best || Math.abs(one.value - value) < Math.abs(best.value - value)) best = one;
  return best === null || best.line.track.group ? null : best.line.members[0]!;
}

export class Tooltip {
  readonly element = document.createElement("div");

  constructor() {
    this.element.className = "tooltip";
    this.element.hidden = true;
  }

  hide(): void {
    this.element.hidden = true;
  }

  show(
    chart: uPlot,
    readings: readonly Reading[],
    title: string,
    format: (value: number) => string,
    notFinite: (count: number) => string,
  ): void {
    const { left = 0, top = 0 } = chart.cursor;
    const heading = document.createElement("div");
    heading.className = "tooltip-title";
    heading.textContent = title;
    this.element.replaceChildren(
      heading,
      ...nearestRows(chart, readings, top).map((one) => row(one, format, notFinite)),
    );
    this.element.hidden = false;
    const isRight = left > chart.over.clientWidth / 2;
    const width = this.element.offsetWidth;
    const beside = isRight ? left - 12 - width : left + 12;
    // What reaches beyond the chart would be cut off there.
    const [least, most] = [-chart.over.offsetLeft, chart.root.clientWidth - chart.over.offsetLeft];
    const place = Math.max(least, Math.min(beside, most - width));
    this.element.style.transform = `translate(${place}px, 4px)`;
  }
}

/** With too many lines for a readout, keep those that the pointer is at. */
function nearestRows(chart: uPlot, readings: readonly Reading[], top: number): readonly Reading[] {
  if (readings.length <= LINES_MAX) return readings;
  const pointer = chart.posToVal(top, "y");
  const kept = new Set(
    [...readings]
      .sort((a, b) => Math.abs(a.value - pointer) - Math.abs(b.value - pointer))
      .slice(0, LINES_MAX),
  );
  return readings.filter((one) => kept.has(one));
}

function row(
  { line, index, value }: Reading,
  format: (value: number) => string,
  notFinite: (count: number) => string,
): HTMLElement {
  const { track } = line;
  const element = document.createElement("div");
  element.className = track.isSuperseded ? "tooltip-row muted" : "tooltip-row";
  const swatch = document.createElement("i");
  swatch.style.background = ink(line.style.colour);
  const label = document.createElement("span");
  label.className = "tooltip-label";
  label.textContent = line.label;
  const number = document.createElement("b");
  const bad = track.bads[index]!;
  number.textContent = bad > 0 && Number.isNaN(value) ? notFinite(bad) : format(value);
  element.append(swatch, label, number);
  const { group } = track;
  const counted = group ? group.counted[index]! : track.counts[index]!;
  const said = line.note ? [line.note] : [];
  if (group && counted < group.having) said.push(`n = ${counted}`);
  if (counted > 1 && Number.isFinite(track.min[index]!))
    said.push(`${formatNumber(track.min[index]!)} … ${formatNumber(track.max[index]!)}`);
  if (said.length > 0) {
    const band = document.createElement("small");
    band.textContent = said.join(" · ");
    element.append(band);
  }
  if (bad > 0 && !Number.isNaN(value)) {
    const badText = document.createElement("small");
    badText.className = "bad";
    badText.textContent = notFinite(bad);
    element.append(badText);
  }
  return element;
}
