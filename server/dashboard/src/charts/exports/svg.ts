// A chart as a picture of its own: the same lines, bands and marks, with title and legend.

import { formatX, type ChartX } from "../axis";
import { decades, decadesAround } from "../decades";
import type { Domain } from "../domain";
import { fullLabel, modelOf, type Layer, type Line } from "../model";
import type { Smoothing } from "../../series/smoothing";
import type { Window } from "../../series/useTracks";
import type { Unit } from "../unit";
import { escaped } from "../../pictures/xml";

export interface Picture {
  title: string;
  lines: readonly Line[];
  domain: Domain;
  x: ChartX;
  window: Window | null;
  isLog: boolean;
  smoothing: Smoothing;
  unit: Unit;
  /** Return the colour of a CSS variable. */
  ink: (variable: string) => string;
  /** In pixels, for a place that is narrower than usual. */
  width?: number;
}

export const WIDTH = 960;
const PLOT_PX = 380;
const LEFT = 70;
const RIGHT = 20;
const TOP = 40;
const LEGEND_TOP = 46;
const LEGEND_ROW_PX = 18;
const LEGEND_COLUMN_PX = 190; // at least
const LEGEND_COLUMNS_MAX = 3;
const CHAR_PX = 6.4; // about
const FONT = 'font-family="system-ui, sans-serif"';

/** Return the height of the picture of so many lines. */
export function heightOf(lines: number, width = WIDTH): number {
  const rows = Math.ceil(lines / legendColumns(width));
  return TOP + PLOT_PX + LEGEND_TOP + rows * LEGEND_ROW_PX + 10;
}

function legendColumns(width: number): number {
  const fitting = Math.floor((width - LEFT - RIGHT) / LEGEND_COLUMN_PX);
  return Math.min(LEGEND_COLUMNS_MAX, Math.max(1, fitting));
}

/** Return *picture* as an SVG document. */
export function chartSvg(picture: Picture): string {
  const { title, lines, ink, width = WIDTH } = picture;
  const model = modelOf(lines, picture.smoothing);
  const named = lines.filter(({ track }) => !track.isSuperseded);
  const height = heightOf(named.length, width);
  const place = placesOf(picture, model.data[0] as ArrayLike<number>);
  const cells = model.data.slice(1) as unknown as ArrayLike<number | null | undefined>[];
  const x = model.data[0] as ArrayLike<number>;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" fill="${ink("--surface")}"/>`,
    `<text x="${LEFT}" y="24" ${FONT} font-size="15" font-weight="600" fill="${ink("--ink")}">${escaped(title)}</text>`,
    ...axes(picture, place),
    `<clipPath id="plot"><rect x="${LEFT}" y="${TOP}" width="${width - LEFT - RIGHT}" height="${PLOT_PX}"/></clipPath>`,
    `<g clip-path="url(#plot)">`,
    ...model.layers.flatMap((layer, at) => shapeOf(layer, at, x, cells, place, ink)),
    `</g>`,
    ...lines.flatMap((line) => marks(line, picture, place)),
    ...named.map((line, at) => legend(line, at, ink, width)),
    `</svg>`,
  ].join("\n");
}

interface Places {
  from: number;
  to: number;
  left: (x: number) => number;
  top: (y: number) => number;
}

function placesOf({ domain, isLog, window, width = WIDTH }: Picture, x: ArrayLike<number>): Places {
  let [from, to] = window ?? [x[0] ?? 0, x[x.length - 1] ?? 1];
  if (from === to) [from, to] = [from - 1, to + 1];
  const { linear } = domain;
  const isPositive = isLog && linear === null;
  const scale = (value: number) =>
    linear !== null ? Math.asinh(value / linear) : isLog ? Math.log10(value) : value;
  const [low, high] = [scale(domain.low), scale(domain.high)];
  return {
    from,
    to,
    left: (value) => round(LEFT + ((value - from) / (to - from)) * (width - LEFT - RIGHT)),
    // A value that a logarithmic axis cannot have lies below it.
    top: (value) =>
      isPositive && value <= 0
        ? TOP + PLOT_PX + 10
        : round(TOP + PLOT_PX * (1 - (scale(value) - low) / (high - low))),
  };
}

function axes(
  { domain, x, isLog, unit, ink, width = WIDTH }: Picture,
  { from, to, left, top }: Places,
): string[] {
  const text = `${FONT} font-size="11" fill="${ink("--ink-2")}"`;
  const grid = `stroke="${ink("--grid")}"`;
  const ys =
    domain.linear !== null
      ? decadesAround(domain.low, domain.high, domain.linear)
      : isLog
        ? decades(domain.low, domain.high)
        : ticks(domain.low, domain.high, 6);
  return [
    ...ys.flatMap((value) => [
      `<path d="M${LEFT} ${top(value)}H${width - RIGHT}" ${grid}/>`,
      `<text x="${LEFT - 8}" y="${top(value) + 4}" text-anchor="end" ${text}>${escaped(unit.format(value))}</text>`,
    ]),
    ...ticks(from, to, Math.ceil((x === "time" ? 3 : 8) * (width / WIDTH))).flatMap((value) => [
      `<path d="M${left(value)} ${TOP}V${TOP + PLOT_PX}" ${grid}/>`,
      `<text x="${left(value)}" y="${TOP + PLOT_PX + 18}" text-anchor="middle" ${text}>${escaped(formatX(value, x))}</text>`,
    ]),
  ];
}

/** Return round numbers from *low* to *high*, about *count* of them. */
export function ticks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((digit) => digit * power >= rough) ?? 10);
  const found: number[] = [];
  // Counted, not added up, so that the tenth tick of 0.1 is 1.
  for (let at = Math.ceil(low / step); at * step <= high; at += 1)
    found.push(Number((at * step).toPrecision(12)));
  return found;
}

function shapeOf(
  { line, role }: Layer,
  at: number,
  x: ArrayLike<number>,
  cells: readonly ArrayLike<number | null | undefined>[],
  place: Places,
  ink: Picture["ink"],
): string[] {
  if (role === "low") return []; // drawn with its "high"
  const colour = ink(line.style.colour);
  const stage = line.track.isSuperseded ? 0.35 : 1;
  if (role === "high")
    return runsOf(x, cells[at]!).map((upper) => {
      const lower = upper.map(([index]) => [index, cells[at - 1]![index]!] as const).reverse();
      const path = pathOf([...upper, ...lower], x, place);
      return `<path d="${path}Z" fill="${colour}" opacity="${0.22 * stage}"/>`;
    });
  const opacity = (role === "raw" ? 0.28 : 1) * stage;
  const dash = line.style.dash.length > 0 ? ` stroke-dasharray="${line.style.dash.join(" ")}"` : "";
  return runsOf(x, cells[at]!).map((points) =>
    points.length === 1
      ? `<circle cx="${place.left(x[points[0]![0]]!)}" cy="${place.top(points[0]![1])}" r="2" fill="${colour}" opacity="${opacity}"/>`
      : `<path d="${pathOf(points, x, place)}" fill="none" stroke="${colour}" stroke-width="1.5"${dash} opacity="${opacity}"/>`,
  );
}

type Point = readonly [index: number, value: number];

/** Return the points in the pieces between which the line breaks: there a value is not finite. */
function runsOf(x: ArrayLike<number>, column: ArrayLike<number | null | undefined>): Point[][] {
  const pieces: Point[][] = [[]];
  for (let index = 0; index < x.length; index += 1) {
    const value = column[index];
    if (value === null) pieces.push([]);
    else if (value !== undefined) pieces[pieces.length - 1]!.push([index, value]);
  }
  return pieces.filter((piece) => piece.length > 0);
}

function pathOf(points: readonly Point[], x: ArrayLike<number>, { left, top }: Places): string {
  return points.map(([at, value], n) => `${n ? "L" : "M"}${left(x[at]!)} ${top(value)}`).join("");
}

/** What the scale leaves out is told here too: ▲ ▼ where a line leaves it, × where it is no number. */
function marks({ track, style }: Line, { domain, ink }: Picture, place: Places): string[] {
  const bottom = TOP + PLOT_PX;
  return Array.from(track.x).flatMap((value, index) => {
    if (value < place.from || value > place.to) return [];
    const left = place.left(value);
    const found: string[] = [];
    if (track.bads[index]! > 0 && !(track.bads[index - 1]! > 0))
      found.push(
        `<path d="M${left - 3} ${bottom - 6}l6 6m0 -6l-6 6" stroke="${ink("--bad")}" stroke-width="1.6"/>`,
      );
    const colour = ink(style.colour);
    if (track.max[index]! > domain.high)
      found.push(`<path d="M${left} ${TOP}l-3 6h6Z" fill="${colour}"/>`);
    if (track.min[index]! < domain.low)
      found.push(`<path d="M${left} ${bottom}l-3 -6h6Z" fill="${colour}"/>`);
    return found;
  });
}

function legend(line: Line, at: number, ink: Picture["ink"], width: number): string {
  const { style } = line;
  const label = fullLabel(line);
  const columns = legendColumns(width);
  const column = (width - LEFT - RIGHT) / columns;
  const left = LEFT + (at % columns) * column;
  const top = TOP + PLOT_PX + LEGEND_TOP + Math.floor(at / columns) * LEGEND_ROW_PX;
  const chars = Math.floor((column - 22) / CHAR_PX);
  const text = label.length > chars ? `${label.slice(0, chars - 1)}…` : label;
  return [
    `<path d="M${left} ${top - 4}h16" stroke="${ink(style.colour)}" stroke-width="3" stroke-dasharray="${style.dash.join(" ") || "none"}"/>`,
    `<text x="${left + 22}" y="${top}" ${FONT} font-size="12" fill="${ink("--ink")}">${escaped(text)}</text>`,
  ].join("");
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
