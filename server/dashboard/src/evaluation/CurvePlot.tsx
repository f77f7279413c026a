import { useCallback, useState, type PointerEvent } from "react";
import { useTranslation } from "react-i18next";

import { formatNumber } from "../api/number";
import { Swatch } from "../charts/Swatch";
import { Figure } from "../pictures/Figure";
import type { Draw, Pen } from "../pictures/pen";
import { useCanvas } from "../pictures/useCanvas";
import { ink } from "../shell/theme";
import { cornersOf, nearestPoint, type CurveKind, type DrawnCurve, type Nearest } from "./curves";

const HEIGHT_PX = 380;
const [LEFT, RIGHT, TOP, BOTTOM] = [44, 10, 8, 38];
const TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1];
/** The base lines of more curves would be a fence. */
const BASES_MAX = 4;
const REACH = 0.06;

interface CurvePlotProps {
  kind: CurveKind;
  curves: readonly DrawnCurve[];
  hidden: ReadonlySet<string>;
  onToggle: (key: string) => void;
  label: string;
}

/** Curves over each other, and a legend that says their areas and switches them off and on. */
export function CurvePlot({ kind, curves, hidden, onToggle, label }: CurvePlotProps) {
  const { t } = useTranslation();
  const [nearest, setNearest] = useState<Nearest | null>(null);
  const shown = curves.filter(({ key }) => !hidden.has(key));
  const shownKey = shown.map(({ key }) => key).join("\n");
  const [axisX, axisY] = [t(`evaluation.${kind}_x`), t(`evaluation.${kind}_y`)];
  const marked = nearest && shown.some(({ key }) => key === nearest.curve.key) ? nearest : null;
  const draw = useCallback<Draw>(
    (context, width) => {
      const keys = new Set(shownKey.split("\n"));
      const drawn = curves.filter(({ key }) => keys.has(key));
      const place = placer(width);
      drawFrame(context, place, axisX, axisY);
      drawBases(context, place, kind, drawn);
      for (const curve of drawn) {
        const isOther = marked !== null && marked.curve.key !== curve.key;
        drawCurve(context, place, kind, curve, isOther);
      }
      if (!marked) return;
      const [x, y] = place(marked.point.x, marked.point.y);
      context.fillStyle = ink(marked.curve.style.colour);
      context.beginPath();
      context.arc(x, y, 4, 0, 2 * Math.PI);
      context.fill();
    },
    [curves, shownKey, kind, axisX, axisY, marked],
  );
  const canvas = useCanvas(draw, HEIGHT_PX);
  const find = (event: PointerEvent<HTMLCanvasElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const x = (event.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT);
    const y = 1 - (event.clientY - box.top - TOP) / (HEIGHT_PX - TOP - BOTTOM);
    setNearest(nearestPoint(shown, x, y, REACH));
  };
  return (
    <Figure
      title={label}
      className="curve-plot"
      rows={() => [
        ["curve", axisX, axisY, "threshold"],
        ...shown.flatMap((curve) =>
          curve.points.map(({ x, y, threshold }) => [curve.label, x, y, threshold]),
        ),
      ]}
    >
      <canvas
        ref={canvas}
        style={{ height: HEIGHT_PX }}
        role="img"
        aria-label={label}
        onPointerMove={find}
        onPointerDown={find}
        onPointerLeave={() => setNearest(null)}
      />
      <output>
        {marked &&
          t(`evaluation.${kind}_point`, {
            label: marked.curve.label,
            x: shareText(marked.point.x),
            y: shareText(marked.point.y),
            threshold: formatNumber(marked.point.threshold),
          })}
      </output>
      <ul className="curve-legend" aria-label={t("evaluation.curves")}>
        {curves.map(({ key, label: name, style, area }) => (
          <li key={key}>
            <button
              type="button"
              aria-pressed={!hidden.has(key)}
              disabled={area === null}
              onClick={() => onToggle(key)}
            >
              <Swatch line={hidden.has(key) ? undefined : style} />
              <span className="curve-name">{name}</span>
              <span className="curve-area">
                {area === null
                  ? t("evaluation.no_area")
                  : t(`evaluation.${kind}_area`, { area: area.toFixed(4) })}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </Figure>
  );
}

type Place = (x: number, y: number) => [number, number];

function placer(width: number): Place {
  const [across, down] = [width - LEFT - RIGHT, HEIGHT_PX - TOP - BOTTOM];
  return (x, y) => [LEFT + x * across, TOP + (1 - y) * down];
}

function shareText(value: number): string {
  return String(Number(value.toFixed(4)));
}

function drawFrame(context: Pen, place: Place, axisX: string, axisY: string): void {
  context.font = "11px system-ui, sans-serif";
  for (const tick of TICKS) {
    const [[left, y], [right]] = [place(0, tick), place(1, tick)];
    const [[x, bottom], [, top]] = [place(tick, 0), place(tick, 1)];
    context.fillStyle = ink("--grid");
    context.fillRect(left, Math.round(y), right - left, 1);
    context.fillRect(Math.round(x), top, 1, bottom - top);
    context.fillStyle = ink("--ink-2");
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.fillText(String(tick), left - 6, y);
    context.textAlign = "center";
    context.textBaseline = "top";
    context.fillText(String(tick), x, bottom + 5);
  }
  const [middle, bottom] = place(0.5, 0);
  context.fillText(axisX, middle, bottom + 21);
  const [, half] = place(0, 0.5);
  context.save();
  context.translate(2, half);
  context.rotate(-Math.PI / 2);
  context.fillText(axisY, 0, 0);
  context.restore();
}

/** Draw what guessing comes to: the diagonal, or the share that is positive. */
function drawBases(
  context: Pen,
  place: Place,
  kind: CurveKind,
  curves: readonly DrawnCurve[],
): void {
  context.lineWidth = 1;
  context.setLineDash([4, 4]);
  const line = (from: [number, number], to: [number, number], colour: string) => {
    context.strokeStyle = colour;
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
  };
  if (kind === "roc") line(place(0, 0), place(1, 1), ink("--ink-2"));
  else if (curves.length <= BASES_MAX)
    for (const { prevalence, style } of curves)
      line(place(0, prevalence), place(1, prevalence), ink(style.colour));
  context.setLineDash([]);
}

function drawCurve(
  context: Pen,
  place: Place,
  kind: CurveKind,
  { points, style }: DrawnCurve,
  isOther: boolean,
): void {
  context.beginPath();
  cornersOf(kind, points).forEach(([x, y], at) => {
    if (at === 0) context.moveTo(...place(x, y));
    else context.lineTo(...place(x, y));
  });
  context.strokeStyle = ink(style.colour);
  context.globalAlpha = isOther ? 0.3 : 1;
  context.lineWidth = 1.8;
  context.lineJoin = "round";
  context.setLineDash([...style.dash]);
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}
