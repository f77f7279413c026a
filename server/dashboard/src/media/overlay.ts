// Boxes and masks on a canvas.

import type { MediaBox, MediaMask } from "../api/types";
import { boxKey, keyOfPixel } from "./legend";

export const MASK_ALPHA = 0.45;

/** Return the boxes that are at least so sure; those without a score are facts. */
export function sureBoxes(boxes: readonly MediaBox[], least: number): readonly MediaBox[] {
  if (least <= 0) return boxes;
  return boxes.filter(({ score }) => score === null || Number(score) >= least);
}

/** Draw boxes whose corners are in the image's pixels; *scale* makes them the canvas's. */
export function drawBoxes(
  context: CanvasRenderingContext2D,
  boxes: readonly MediaBox[],
  colours: ReadonlyMap<string, string>,
  scale: number,
  labelInk: string,
): void {
  context.lineWidth = 2;
  context.font = "600 11px system-ui, sans-serif";
  context.textBaseline = "top";
  for (const box of boxes) {
    const colour = colours.get(boxKey(box));
    if (!colour) continue;
    const [left, top] = [box.left * scale, box.top * scale];
    context.strokeStyle = colour;
    context.strokeRect(left, top, (box.right - box.left) * scale, (box.bottom - box.top) * scale);
    const text = textOf(box);
    if (!text) continue;
    const y = Math.max(0, top - 15);
    context.fillStyle = colour;
    context.fillRect(left - 1, y, context.measureText(text).width + 8, 15);
    context.fillStyle = labelInk;
    context.fillText(text, left + 3, y + 2);
  }
}

/** Draw a mask over all of the canvas, as sharp as its own pixels are. */
export function drawMask(
  context: CanvasRenderingContext2D,
  mask: MediaMask,
  pixels: ImageData,
  colours: ReadonlyMap<string, string>,
  width: number,
  height: number,
  alpha: number,
): void {
  const layer = new OffscreenCanvas(pixels.width, pixels.height);
  const layerContext = layer.getContext("2d")!;
  const painted = layerContext.createImageData(pixels.width, pixels.height);
  const byClass = paletteOf(mask, colours);
  for (let at = 0; at < pixels.data.length; at += 4) {
    const colour = byClass[pixels.data[at]!];
    if (colour) painted.data.set(colour, at);
  }
  layerContext.putImageData(painted, 0, 0);
  context.imageSmoothingEnabled = false;
  context.globalAlpha = alpha;
  context.drawImage(layer, 0, 0, width, height);
  context.globalAlpha = 1;
}

/** Return the colour of each class as red, green, blue, alpha; null where nothing is drawn. */
export function paletteOf(
  mask: MediaMask,
  colours: ReadonlyMap<string, string>,
): (readonly number[] | null)[] {
  return Array.from({ length: 256 }, (_, value) => {
    const key = keyOfPixel(mask, value);
    const colour = key === null ? undefined : colours.get(key);
    return colour ? rgbaOf(colour) : null;
  });
}

/** Return a colour written as #rrggbb. */
function rgbaOf(colour: string): readonly number[] {
  const bits = parseInt(colour.trim().slice(1), 16);
  return [bits >> 16, (bits >> 8) & 255, bits & 255, 255];
}

function textOf(box: MediaBox): string {
  const score = typeof box.score === "number" ? box.score.toFixed(2) : "";
  return [box.label, score].filter(Boolean).join(" ");
}
