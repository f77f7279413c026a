// How lanes look.

import type { Track } from "../api/columns";
import { placeOf, type Span } from "../charts/span";
import { ink } from "../shell/theme";
import type { Attempt, Epoch, Mark, Phase, ProcessRow } from "./phases";
import { piecesOf } from "./trace";
import type { Pen } from "../pictures/pen";

const BAD_PX = 3;
const GAP_ALPHA = 0.5;

/** Draw an area of the means with a band from the least to the greatest value; gaps stay empty. */
export function drawTrace(
  context: Pen,
  span: Span,
  height: number,
  track: Track,
  high: number,
  colour: string,
): void {
  const x = (at: number) => placeOf(span, track.x[at]!);
  const y = (value: number) => height - 1 - (Math.min(value, high) / high) * (height - 4);
  context.fillStyle = context.strokeStyle = ink(colour);
  context.lineWidth = 1.2;
  for (const [first, last] of finite(track)) {
    const outline = (values: Float64Array): Corner[] =>
      first === last // a single sample is to be seen too
        ? [-1, 1].map((side) => [x(first) + side, y(values[first]!)])
        : Array.from({ length: last - first + 1 }, (_, at) => [
            x(first + at),
            y(values[first + at]!),
          ]);
    const line = outline(track.mean);
    const [left, right] = [line[0]![0], line.at(-1)![0]];
    context.globalAlpha = 0.28;
    trace(context, [[left, height], ...line, [right, height]]);
    context.fill();
    trace(context, [...outline(track.max), ...outline(track.min).reverse()]);
    context.fill();
    context.globalAlpha = 1;
    trace(context, line);
    context.stroke();
  }
  context.fillStyle = ink("--bad");
  track.bads.forEach((bads, at) => {
    if (bads > 0) context.fillRect(x(at) - 1, 0, 2, BAD_PX * 2);
  });
}

type Corner = [x: number, y: number];

function trace(context: Pen, corners: readonly Corner[]): void {
  context.beginPath();
  for (const corner of corners) context.lineTo(...corner);
}

/** Return the pieces without a gap, and without values that are no numbers. */
function finite(track: Track): [number, number][] {
  return piecesOf(track.x).flatMap(([first, last]) => {
    const pieces: [number, number][] = [];
    for (let at = first; at <= last; at += 1) {
      if (!Number.isFinite(track.mean[at]!)) continue;
      const piece = pieces.at(-1);
      if (piece?.[1] === at - 1) piece[1] = at;
      else pieces.push([at, at]);
    }
    return pieces;
  });
}

/** Shade what nobody has measured between the first and the last sample. */
export function drawGaps(context: Pen, span: Span, height: number, track: Track): void {
  const pieces = piecesOf(track.x);
  context.strokeStyle = ink("--line");
  context.globalAlpha = GAP_ALPHA;
  context.lineWidth = 1;
  for (let at = 1; at < pieces.length; at += 1) {
    const from = placeOf(span, track.x[pieces[at - 1]![1]]!);
    const to = placeOf(span, track.x[pieces[at]![0]]!);
    context.save();
    context.beginPath();
    context.rect(from, 0, to - from, height);
    context.clip();
    context.beginPath();
    for (let x = from - height; x < to; x += 6) {
      context.moveTo(x, height);
      context.lineTo(x + height, 0);
    }
    context.stroke();
    context.restore();
  }
  context.globalAlpha = 1;
}

const TROUBLE_PX = 4;

/** Underline where the device was in trouble. */
export function drawTroubles(
  context: Pen,
  span: Span,
  height: number,
  troubles: readonly Phase[],
): void {
  context.fillStyle = ink("--warn");
  for (const { from, to } of troubles) {
    const left = placeOf(span, from);
    const width = Math.max(2, placeOf(span, to) - left);
    context.globalAlpha = 0.14;
    context.fillRect(left, 0, width, height);
    context.globalAlpha = 1;
    context.fillRect(left, height - TROUBLE_PX, width, TROUBLE_PX);
  }
}

/** Draw stretches in rows below each other, each row in its colour. */
export function drawRows(
  context: Pen,
  span: Span,
  height: number,
  rows: readonly (readonly Phase[])[],
  colours: readonly string[],
): void {
  const row = height / rows.length;
  rows.forEach((phases, at) => {
    context.fillStyle = ink(colours[at]!);
    for (const { from, to } of phases) {
      const left = placeOf(span, from);
      context.fillRect(left, at * row + 1, Math.max(2, placeOf(span, to) - left), row - 2);
    }
  });
}

const LABEL_PX = 8;

function label(context: Pen, text: string, left: number, right: number, y: number) {
  const [from, to] = [Math.max(0, left), right];
  const width = context.measureText(text).width;
  if (to - from < width + LABEL_PX) return;
  context.fillText(text, from + 4, y);
}

export function drawEpochs(
  context: Pen,
  span: Span,
  height: number,
  epochs: readonly Epoch[],
): void {
  context.textBaseline = "middle";
  context.font = "10px system-ui, sans-serif";
  epochs.forEach(({ epoch, from }, at) => {
    const [left, right] = [from, epochs[at + 1]?.from ?? epochs[at]!.to].map((x) =>
      placeOf(span, x),
    );
    if (right! < 0 || left! > span.width) return;
    context.fillStyle = ink("--accent");
    context.globalAlpha = epoch % 2 ? 0.22 : 0.1;
    context.fillRect(left!, 1, Math.max(1, right! - left!), height - 2);
    context.globalAlpha = 1;
    context.fillStyle = ink("--ink-2");
    label(context, String(epoch), left!, Math.min(span.width, right!), height / 2);
  });
}

const MARK_INKS: Record<Mark["kind"], string> = {
  validation: "--hue-2",
  checkpoint: "--hue-3",
  best: "--accent",
  alert: "--warn",
};

/** Draw validations as strokes, checkpoints as diamonds, the best one filled, alerts as triangles. */
export function drawMarks(context: Pen, span: Span, height: number, marks: readonly Mark[]): void {
  const middle = height / 2;
  context.lineWidth = 1.4;
  // The rare ones are drawn last, over the frequent ones.
  for (const kind of ["validation", "checkpoint", "alert", "best"] as const) {
    context.fillStyle = context.strokeStyle = ink(MARK_INKS[kind]);
    for (const mark of marks) {
      if (mark.kind !== kind) continue;
      const x = placeOf(span, mark.at);
      if (x < -6 || x > span.width + 6) continue;
      context.beginPath();
      if (kind === "validation") {
        context.moveTo(x, height - 1);
        context.lineTo(x, height - 6);
      } else if (kind === "alert") {
        context.moveTo(x, middle - 5);
        context.lineTo(x + 5, middle + 4);
        context.lineTo(x - 5, middle + 4);
        context.closePath();
        context.fill();
      } else {
        const size = kind === "best" ? 6 : 4;
        context.moveTo(x, middle - size);
        context.lineTo(x + size, middle);
        context.lineTo(x, middle + size);
        context.lineTo(x - size, middle);
        context.closePath();
        if (kind === "best") context.fill();
      }
      context.stroke();
    }
  }
}

const STATE_INKS: Record<string, string> = {
  finished: "--good",
  failed: "--bad",
  killed: "--killed",
  interrupted: "--warn",
};

/** Draw one bar for each attempt of a process, and where it ended. */
export function drawAttempts(
  context: Pen,
  span: Span,
  height: number,
  { attempts }: ProcessRow,
  text: (attempt: Attempt) => string,
): void {
  context.textBaseline = "middle";
  context.font = "10px system-ui, sans-serif";
  for (const attempt of attempts) {
    const [left, right] = [placeOf(span, attempt.from), placeOf(span, attempt.to)];
    const colour = ink(STATE_INKS[attempt.state ?? ""] ?? "--live");
    context.fillStyle = colour;
    context.globalAlpha = 0.2;
    context.fillRect(left, 2, Math.max(2, right - left), height - 4);
    context.globalAlpha = 1;
    if (attempt.state) context.fillRect(Math.max(left, right - 3), 2, 3, height - 4);
    context.fillStyle = ink("--ink");
    label(context, text(attempt), left, Math.min(span.width, right), height / 2);
  }
}
