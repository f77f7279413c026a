// What pictures are drawn with: a canvas has it, and a file that is drawn in the same way.

/** The part of a canvas' context that our pictures use; pen.test.ts draws with both. */
export type Pen = Pick<
  CanvasRenderingContext2D,
  | "fillStyle"
  | "strokeStyle"
  | "globalAlpha"
  | "lineWidth"
  | "lineJoin"
  | "font"
  | "textAlign"
  | "textBaseline"
  | "beginPath"
  | "closePath"
  | "moveTo"
  | "lineTo"
  | "arc"
  | "rect"
  | "fill"
  | "stroke"
  | "clip"
  | "fillRect"
  | "strokeRect"
  | "fillText"
  | "strokeText"
  | "setLineDash"
  | "save"
  | "restore"
  | "translate"
  | "rotate"
> & { measureText: (text: string) => { width: number } };

/**
 * Draws a picture of a size in CSS pixels. *canvas* is where it is seen; null for a file, which
 * has to be whole when this returns.
 */
export type Draw = (
  pen: Pen,
  width: number,
  height: number,
  canvas: HTMLCanvasElement | null,
) => void;
