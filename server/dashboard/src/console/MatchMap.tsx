import { useCallback, type MouseEvent } from "react";
import { useTranslation } from "react-i18next";

import { useOverlay, type Paint } from "../media/useOverlay";
import { indexOf } from "./matches";

interface MatchMapProps {
  /** Of the lines with a match, ascending. */
  numbers: readonly number[];
  total: number;
  onShow: (number: number) => void;
}

const STROKE_PX = 2;

/** Where in all of a console the matches are; a click goes to the nearest one. */
export function MatchMap({ numbers, total, onShow }: MatchMapProps) {
  const { t } = useTranslation();
  const paint = useCallback<Paint>(
    (context, width, height, ink) => {
      context.fillStyle = ink("--warn");
      let free = -1; // many matches share a stroke
      for (const number of numbers) {
        const y = Math.round((number / total) * (height - STROKE_PX));
        if (y < free) continue;
        context.fillRect(1, y, width - 2, STROKE_PX);
        free = y + STROKE_PX;
      }
    },
    [numbers, total],
  );
  const go = (click: MouseEvent<HTMLCanvasElement>) => {
    const { top, height } = click.currentTarget.getBoundingClientRect();
    const wanted = Math.round(((click.clientY - top) / height) * total);
    const before = indexOf(numbers, wanted);
    const nearest = [numbers[before]!, numbers[before + 1] ?? Infinity].reduce((a, b) =>
      Math.abs(a - wanted) <= Math.abs(b - wanted) ? a : b,
    );
    onShow(nearest);
  };
  return (
    <canvas
      ref={useOverlay(paint)}
      className="match-map"
      role="img"
      aria-label={t("console.map", {
        count: numbers.length,
        number: numbers.length.toLocaleString("en-US"),
      })}
      title={t("console.map_hint")}
      onClick={go}
    />
  );
}
