// A figure of the page as one SVG: its canvases drawn once more, and the words and swatches around
// them where they stand.

import { drawn } from "./useCanvas";
import { SvgPen, type Ruler } from "./SvgPen";
import { escaped, round } from "./xml";

export interface Drawing {
  svg: string;
  width: number;
  height: number;
}

const MARGIN = 12;
const TITLE_PX = 26;
const FONT = "system-ui, sans-serif";
/** What of a figure is no part of its picture. */
const LEFT_OUT = "[data-left-out], details, select, input, label, output, .only-said, [hidden]";

/** Return *figure* as it is seen now, below its *title*. */
export function svgOf(figure: HTMLElement, title: string): Drawing {
  const box = figure.getBoundingClientRect();
  // What scrolls in itself is drawn whole.
  const inner = [...figure.querySelectorAll("canvas")].map(
    (canvas) => canvas.getBoundingClientRect().right - box.left,
  );
  const width = Math.ceil(Math.max(box.width, ...inner));
  const origin = { left: box.left - MARGIN, top: box.top - MARGIN - TITLE_PX };
  const ruler = rulerOf();
  const { content, bottom } = contentOf(figure, origin, ruler);
  const size = { width: width + 2 * MARGIN, height: Math.ceil(bottom) + MARGIN };
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => ruler.colour(style.getPropertyValue(name).trim());
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" fill="${colour("--surface")}"/>`,
    `<text x="${MARGIN}" y="${MARGIN + 12}" style="font: 600 14px ${FONT}" fill="${colour("--ink")}">${escaped(title)}</text>`,
    ...content,
    `</svg>`,
  ].join("\n");
  return { svg, ...size };
}

interface Content {
  content: string[];
  bottom: number;
}

interface Origin {
  left: number;
  top: number;
}

function contentOf(figure: HTMLElement, origin: Origin, ruler: Ruler): Content {
  const content: string[] = [];
  let bottom = 0;
  const walker = document.createTreeWalker(
    figure,
    NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT,
    (node) => {
      if (!(node instanceof Element)) return NodeFilter.FILTER_ACCEPT;
      const isSeen = node.checkVisibility({ visibilityProperty: true });
      return isSeen && !node.matches(LEFT_OUT)
        ? NodeFilter.FILTER_ACCEPT
        : NodeFilter.FILTER_REJECT;
    },
  );
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node instanceof Text) {
      for (const line of linesOf(node)) {
        content.push(wordsOf(line, getComputedStyle(node.parentElement!), origin, ruler));
        bottom = Math.max(bottom, line.box.bottom - origin.top);
      }
      continue;
    }
    const element = node as Element;
    const box = element.getBoundingClientRect();
    if (box.width === 0 || box.height === 0 || element.parentElement?.closest("svg")) continue;
    const [x, y] = [round(box.left - origin.left), round(box.top - origin.top)];
    if (element instanceof HTMLCanvasElement) {
      const draw = drawn.get(element);
      const pen = new SvgPen(ruler, `picture-${content.length}`);
      draw?.(pen, element.clientWidth, element.clientHeight, null);
      content.push(`<g transform="translate(${x} ${y})">`, pen.elements, `</g>`);
    } else if (element instanceof SVGSVGElement) {
      content.push(nested(element, x, y, box));
    } else {
      content.push(...backgroundOf(element, { x, y, box, id: `ramp-${content.length}`, ruler }));
      continue; // how high it is says nothing of what is seen
    }
    bottom = Math.max(bottom, box.bottom - origin.top);
  }
  return { content, bottom };
}

interface Line {
  text: string;
  box: DOMRect;
}

/** Return the words of a text line by line, as the page has broken it. */
function linesOf(node: Text): Line[] {
  const lines: Line[] = [];
  const range = document.createRange();
  for (const word of node.data.matchAll(/\S+/g)) {
    range.setStart(node, word.index);
    range.setEnd(node, word.index + word[0].length);
    const box = range.getBoundingClientRect();
    if (box.width === 0) continue;
    const last = lines.at(-1);
    if (last && Math.abs(last.box.top - box.top) < 2) last.text += ` ${word[0]}`;
    else lines.push({ text: word[0], box });
  }
  return lines;
}

function wordsOf(
  { text, box }: Line,
  style: CSSStyleDeclaration,
  at: Origin,
  ruler: Ruler,
): string {
  const [x, y] = [round(box.left - at.left), round((box.top + box.bottom) / 2 - at.top)];
  const font = `${style.fontWeight} ${style.fontSize} ${FONT}`;
  const fill = ruler.colour(style.color);
  return `<text x="${x}" y="${y}" dominant-baseline="central" style="font: ${font}" fill="${fill}">${escaped(text)}</text>`;
}

/** Return a drawing of the page itself, such as the line of a legend. */
function nested(element: SVGSVGElement, x: number, y: number, box: DOMRect): string {
  const copy = element.cloneNode(true) as SVGSVGElement;
  const given = { x, y, width: box.width, height: box.height };
  for (const [name, value] of Object.entries(given)) copy.setAttribute(name, String(value));
  const { color, stroke, strokeWidth } = getComputedStyle(element);
  copy.setAttribute("style", `color: ${color}; stroke: ${stroke}; stroke-width: ${strokeWidth}`);
  return new XMLSerializer().serializeToString(copy);
}

interface Patch {
  x: number;
  y: number;
  box: DOMRect;
  id: string;
  ruler: Ruler;
}

/** Return what fills an element: one colour, or those from its left to its right. */
function backgroundOf(element: Element, { x, y, box, id, ruler }: Patch): string[] {
  const { backgroundColor, backgroundImage } = getComputedStyle(element);
  const place = `x="${x}" y="${y}" width="${round(box.width)}" height="${round(box.height)}"`;
  const stops = backgroundImage.match(/rgba?\([^)]*\)/g) ?? [];
  if (backgroundImage.startsWith("linear-gradient") && stops.length > 1)
    return [
      `<linearGradient id="${id}">`,
      ...stops.map(
        (stop, at) =>
          `<stop offset="${round(at / (stops.length - 1))}" stop-color="${ruler.colour(stop)}"/>`,
      ),
      `</linearGradient>`,
      `<rect ${place} fill="url(#${id})"/>`,
    ];
  const fill = ruler.colour(backgroundColor);
  return fill.startsWith("rgba(") ? [] : [`<rect ${place} fill="${fill}"/>`];
}

/** Return what a canvas of this browser says of texts and colours. */
function rulerOf(): Ruler {
  const context = new OffscreenCanvas(1, 1).getContext("2d")!;
  return {
    width: (text, font) => {
      context.font = font;
      return context.measureText(text).width;
    },
    colour: (css) => {
      context.fillStyle = css;
      return context.fillStyle;
    },
  };
}
