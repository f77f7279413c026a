import { useLayoutEffect, useRef, type RefObject } from "react";

import { ink } from "../shell/theme";
import { useThemeName } from "../shell/useThemeName";

export type Paint = (
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  ink: (colour: string) => string,
) => void;

/** Paint on a canvas that lies over something, whenever that, the theme or *paint* changes. */
export function useOverlay(paint: Paint): RefObject<HTMLCanvasElement | null> {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useThemeName();
  useLayoutEffect(() => {
    const element = canvas.current!;
    const repaint = () => {
      const ratio = window.devicePixelRatio || 1;
      const [width, height] = [element.clientWidth, element.clientHeight];
      element.width = Math.round(width * ratio);
      element.height = Math.round(height * ratio);
      const context = element.getContext("2d")!;
      context.scale(ratio, ratio);
      paint(context, width, height, ink);
    };
    repaint();
    const observer = new ResizeObserver(repaint);
    observer.observe(element);
    return () => observer.disconnect();
  }, [paint, theme]);
  return canvas;
}
