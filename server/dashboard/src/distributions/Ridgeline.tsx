import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";

import type { HistogramSeries } from "../api/types";
import { formatX } from "../charts/axis";
import { ink } from "../shell/theme";
import { binsOf, ridgesOf } from "./ridge";
import { Figure } from "../pictures/Figure";
import type { Draw } from "../pictures/pen";
import { useCanvas } from "../pictures/useCanvas";

const RIDGE_PX = 14; // between two ridges …
const PEAK_PX = 64; // … and how high the highest bin may stand over them
const AXIS_PX = 22;
const LABEL_PX = 92;
const LABELS_MAX = 8;

/** One histogram over the steps: the newest in front. */
export function Ridgeline({ series }: { series: HistogramSeries }) {
  const { t } = useTranslation();
  const ridges = useMemo(() => ridgesOf(series), [series]);
  const height = PEAK_PX + RIDGE_PX * series.histograms.length + AXIS_PX;
  const draw = useCallback<Draw>(
    (context, width) => {
      const right = width - LABEL_PX;
      const left = 8;
      const place = (x: number) => left + x * (right - left);
      const every = Math.ceil(ridges.outlines.length / LABELS_MAX);
      context.font = "11px system-ui, sans-serif";
      context.textBaseline = "middle";
      ridges.outlines.forEach((outline, index) => {
        const base = PEAK_PX + RIDGE_PX * (index + 1) - RIDGE_PX / 2;
        const age = 1 - index / Math.max(1, ridges.outlines.length - 1);
        context.beginPath();
        context.moveTo(place(0), base);
        context.lineTo(place(outline[0]?.[0] ?? 0), base);
        for (const [x, density] of outline) {
          context.lineTo(place(x), base - (density / ridges.highest) * PEAK_PX);
        }
        context.lineTo(place(outline[outline.length - 1]?.[0] ?? 1), base);
        context.lineTo(place(1), base);
        context.fillStyle = ink("--surface");
        context.fill();
        context.globalAlpha = 0.35 * (1 - 0.6 * age);
        context.fillStyle = ink("--hue-0");
        context.fill();
        context.globalAlpha = 1 - 0.6 * age;
        context.strokeStyle = ink("--hue-0");
        context.stroke();
        context.globalAlpha = 1;
        const isLabelled = (ridges.outlines.length - 1 - index) % every === 0;
        if (isLabelled) {
          context.fillStyle = ink("--ink-2");
          const step = series.columns[index]!.last_step;
          context.fillText(formatX(step, "step", true), right + 8, base);
        }
      });
      context.fillStyle = ink("--ink-2");
      context.textAlign = "center";
      let free = -Infinity;
      for (const tick of ridges.ticks) {
        const half = context.measureText(tick.label).width / 2;
        const x = Math.max(place(tick.x), half);
        if (x - half < free) continue; // labels that would stand on each other
        context.fillText(tick.label, x, height - AXIS_PX / 2);
        free = x + half + 10;
      }
    },
    [ridges, series, height],
  );
  const canvas = useCanvas(draw, height);
  return (
    <Figure title={series.name} rows={() => binsOf(series)}>
      <canvas
        ref={canvas}
        className="ridgeline"
        style={{ height }}
        role="img"
        aria-label={t("distributions.ridgeline_label", {
          name: series.name,
          count: series.histograms.length,
        })}
      />
    </Figure>
  );
}
