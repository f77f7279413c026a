// ROC and precision-recall curves: from counts to lines.

import { toNumber } from "../api/number";
import type { Curve } from "../api/types";
import type { LineStyle } from "../charts/colours";

export type CurveKind = "roc" | "pr";

/** One point of a curve; both axes reach from 0 to 1. */
export interface CurvePoint {
  x: number;
  y: number;
  threshold: number;
}

export interface DrawnCurve {
  key: string;
  label: string;
  style: LineStyle;
  area: number | null;
  /** The share of samples that are positive, which is the precision of guessing. */
  prevalence: number;
  points: readonly CurvePoint[];
}

/** Return the points of a curve, from the highest threshold on. */
export function pointsOf(kind: CurveKind, curve: Curve): CurvePoint[] {
  const { positives, negatives } = curve;
  const points = curve.thresholds.map((threshold, at) => {
    const [right, wrong] = [curve.true[at]!, curve.false[at]!];
    const recall = right / positives;
    return {
      x: kind === "roc" ? wrong / negatives : recall,
      y: kind === "roc" ? recall : right / (right + wrong),
      threshold: toNumber(threshold),
    };
  });
  const first = points[0];
  if (!first) return [];
  // Where nothing passes a ROC curve begins; a precision there is none, so the first holds.
  const start = kind === "roc" ? { x: 0, y: 0 } : { x: 0, y: first.y };
  return [{ ...start, threshold: Infinity }, ...points];
}

export function drawnOf(
  kind: CurveKind,
  curve: Curve,
  key: string,
  label: string,
  style: LineStyle,
): DrawnCurve {
  return {
    key,
    label,
    style,
    area: curve.area === null ? null : toNumber(curve.area),
    prevalence: curve.positives / Math.max(1, curve.positives + curve.negatives),
    points: pointsOf(kind, curve),
  };
}

/** Return the curves that are shown at first: of many those with the least area. */
export function firstShown(curves: readonly DrawnCurve[], count: number): Set<string> {
  const withArea = curves.filter(({ area }) => area !== null);
  const worst = [...withArea].sort((a, b) => a.area! - b.area!).slice(0, count);
  return new Set(worst.map(({ key }) => key));
}

/** Return the mean area of the classes that have one; null where none has. */
export function meanArea(curves: readonly DrawnCurve[]): number | null {
  const areas = curves.flatMap(({ area }) => area ?? []);
  return areas.length > 0 ? areas.reduce((sum, area) => sum + area, 0) / areas.length : null;
}

export interface Nearest {
  curve: DrawnCurve;
  point: CurvePoint;
}

/** Return the point next to a place, in units of the axes; null where there is none. */
export function nearestPoint(
  curves: readonly DrawnCurve[],
  x: number,
  y: number,
  distanceMax: number,
): Nearest | null {
  let best: Nearest | null = null;
  let least = distanceMax;
  for (const curve of curves) {
    for (const point of curve.points) {
      const distance = Math.hypot(point.x - x, point.y - y);
      if (distance < least) [best, least] = [{ curve, point }, distance];
    }
  }
  return best;
}

/** Return the corners of the line: of precision and recall steps, as their average counts them. */
export function cornersOf(kind: CurveKind, points: readonly CurvePoint[]): [number, number][] {
  if (kind === "roc") return points.map(({ x, y }) => [x, y]);
  return points.flatMap(({ x, y }, at): [number, number][] =>
    at === 0
      ? [[x, y]]
      : [
          [points[at - 1]!.x, y],
          [x, y],
        ],
  );
}
