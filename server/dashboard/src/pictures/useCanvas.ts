// A canvas as wide as its place and as sharp as the screen.

import { useLayoutEffect, useRef, type RefObject } from "react";

import { useThemeName } from "../shell/useThemeName";
import type { Draw } from "./pen";

/** What is drawn on each canvas, for who draws it elsewhere too. */
export const drawn = new WeakMap<HTMLCanvasElement, Draw>();

/** Draw now, and again whenever the size, the theme or what *draw* closes over has changed. */
export function useCanvas(
  draw: Draw,
  height: number,
  settings?: CanvasRenderingContext2DSettings,
): RefObject<HTMLCanvasElement | null> {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useThemeName();
  useLayoutEffect(() => {
    const element = canvas.current!;
    drawn.set(element, draw);
    const paint = () => {
      const ratio = window.devicePixelRatio || 1;
      const width = element.clientWidth;
      element.width = Math.round(width * ratio);
      element.height = Math.round(height * ratio);
      const context = element.getContext("2d", settings)!;
      context.scale(ratio, ratio);
      context.clearRect(0, 0, width, height);
      draw(context, width, height, element);
      element.dataset["drawn"] = "true";
    };
    paint();
    const observer = new ResizeObserver(paint);
    observer.observe(element);
    return () => observer.disconnect();
  }, [draw, height, settings, theme]);
  return canvas;
}
