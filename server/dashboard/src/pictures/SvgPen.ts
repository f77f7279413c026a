// Draws as a canvas does, into SVG.

import type { Pen } from "./pen";
import { escaped, round } from "./xml";

/** What only a browser knows: how wide a text is, and a CSS colour as every program reads it. */
export interface Ruler {
  width: (text: string, font: string) => number;
  colour: (css: string) => string;
}

interface State {
  fillStyle: Pen["fillStyle"];
  strokeStyle: Pen["strokeStyle"];
  globalAlpha: number;
  lineWidth: number;
  lineJoin: CanvasLineJoin;
  font: string;
  textAlign: CanvasTextAlign;
  textBaseline: CanvasTextBaseline;
  dash: readonly number[];
  /** Moves and turns so far, as SVG says them. */
  transform: string;
  clip: string;
}

const ANCHORS: Readonly<Record<CanvasTextAlign, string>> = {
  left: "start",
  start: "start",
  center: "middle",
  right: "end",
  end: "end",
};
const BASELINES: Readonly<Record<CanvasTextBaseline, string>> = {
  alphabetic: "alphabetic",
  bottom: "text-after-edge",
  hanging: "hanging",
  ideographic: "ideographic",
  middle: "central",
  top: "text-before-edge",
};

export class SvgPen implements Pen {
  fillStyle: Pen["fillStyle"] = "#000";
  strokeStyle: Pen["strokeStyle"] = "#000";
  globalAlpha = 1;
  lineWidth = 1;
  lineJoin: CanvasLineJoin = "miter";
  font = "10px sans-serif";
  textAlign: CanvasTextAlign = "start";
  textBaseline: CanvasTextBaseline = "alphabetic";

  private dash: readonly number[] = [];
  private transform = "";
  private clipped = "";
  private path = "";
  private readonly states: State[] = [];
  private readonly parts: string[] = [];
  private clips = 0;

  /** *name* stands before the ids of what this picture refers to: several share a document. */
  constructor(
    private readonly ruler: Ruler,
    private readonly name: string,
  ) {}

  /** Everything drawn so far, as elements of an SVG document. */
  get elements(): string {
    return this.parts.join("\n");
  }

  save(): void {
    const { fillStyle, strokeStyle, globalAlpha, lineWidth, lineJoin, font } = this;
    const { textAlign, textBaseline, dash, transform, clipped: clip } = this;
    const stroke = { strokeStyle, lineWidth, lineJoin, dash };
    const text = { font, textAlign, textBaseline };
    this.states.push({ fillStyle, globalAlpha, ...stroke, ...text, transform, clip });
  }

  restore(): void {
    const state = this.states.pop();
    if (!state) return;
    const { clip, dash, transform, ...rest } = state;
    Object.assign(this, rest);
    [this.clipped, this.dash, this.transform] = [clip, dash, transform];
  }

  translate(x: number, y: number): void {
    this.transform += ` translate(${round(x)} ${round(y)})`;
  }

  rotate(angle: number): void {
    this.transform += ` rotate(${round((angle * 180) / Math.PI)})`;
  }

  setLineDash(dash: number[]): void {
    this.dash = dash;
  }

  beginPath(): void {
    this.path = "";
  }

  closePath(): void {
    this.path += "Z";
  }

  moveTo(x: number, y: number): void {
    this.path += `M${round(x)} ${round(y)}`;
  }

  lineTo(x: number, y: number): void {
    this.path += `${this.path ? "L" : "M"}${round(x)} ${round(y)}`;
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.path += rectangle(x, y, width, height);
  }

  arc(x: number, y: number, radius: number, from: number, to: number): void {
    if (to - from !== 2 * Math.PI) throw new Error("a saved picture has whole circles only");
    const r = round(radius);
    this.path += `M${round(x - radius)} ${round(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
  }

  clip(): void {
    this.clips += 1;
    const id = `${this.name}-clip-${this.clips}`;
    this.parts.push(`<clipPath id="${id}"><path d="${this.path}"/></clipPath>`);
    this.clipped = id;
  }

  fill(): void {
    this.put(`<path d="${this.path}" fill="${this.colour(this.fillStyle)}"`);
  }

  stroke(): void {
    this.outline(this.path);
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    const size = `width="${round(width)}" height="${round(height)}"`;
    const fill = this.colour(this.fillStyle);
    this.put(`<rect x="${round(x)}" y="${round(y)}" ${size} fill="${fill}"`);
  }

  strokeRect(x: number, y: number, width: number, height: number): void {
    this.outline(rectangle(x, y, width, height));
  }

  fillText(text: string, x: number, y: number): void {
    this.write(text, x, y, `fill="${this.colour(this.fillStyle)}"`);
  }

  strokeText(text: string, x: number, y: number): void {
    const colour = this.colour(this.strokeStyle);
    const line = `stroke-width="${this.lineWidth}" stroke-linejoin="${this.lineJoin}"`;
    this.write(text, x, y, `fill="none" stroke="${colour}" ${line}`);
  }

  measureText(text: string): { width: number } {
    return { width: this.ruler.width(text, this.font) };
  }

  private write(text: string, x: number, y: number, look: string): void {
    const place = `x="${round(x)}" y="${round(y)}"`;
    const lie = `text-anchor="${ANCHORS[this.textAlign]}" dominant-baseline="${BASELINES[this.textBaseline]}"`;
    const font = `style="font: ${escaped(this.font)}"`;
    this.put(`<text ${place} ${lie} ${font} ${look}`, `${escaped(text)}</text>`);
  }

  private outline(path: string): void {
    const dash = this.dash.length > 0 ? ` stroke-dasharray="${this.dash.join(" ")}"` : "";
    const line = `stroke-width="${this.lineWidth}" stroke-linejoin="${this.lineJoin}"${dash}`;
    this.put(`<path d="${path}" fill="none" stroke="${this.colour(this.strokeStyle)}" ${line}`);
  }

  /** Add an element: its beginning, and what it holds. */
  private put(begin: string, content?: string): void {
    const alpha = this.globalAlpha < 1 ? ` opacity="${round(this.globalAlpha)}"` : "";
    const moved = this.transform ? ` transform="${this.transform.trim()}"` : "";
    const clip = this.clipped ? ` clip-path="url(#${this.clipped})"` : "";
    this.parts.push(
      `${begin}${alpha}${moved}${clip}${content === undefined ? "/>" : `>${content}`}`,
    );
  }

  private colour(style: Pen["fillStyle"]): string {
    return typeof style === "string" ? this.ruler.colour(style) : "none"; // no picture has others
  }
}

function rectangle(x: number, y: number, width: number, height: number): string {
  return `M${round(x)} ${round(y)}h${round(width)}v${round(height)}h${round(-width)}Z`;
}
