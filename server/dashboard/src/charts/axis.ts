// How places on the x axis are written.

import i18next from "i18next";

import { formatCount, formatDuration, formatNumber } from "../api/number";
import type { XAxis } from "../api/types";

/** What the x axis counts: as the API does, or by the values of a metric. */
export type ChartX = XAxis | "metric";

/** Distances between ticks that people expect of a duration, in seconds. */
export const timeSteps = [
  0.001, 0.01, 0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800,
  21600, 43200, 86400, 172800, 604800,
];

/** Distances between ticks of steps: there is no half a step. */
export const wholeSteps = Array.from({ length: 19 }, (_, power) =>
  [1, 2, 5].map((digit) => digit * 10 ** power),
).flat();

/** Return a place on the axis as text; *isLong* for a readout, which has the room to be exact. */
export function formatX(value: number, x: ChartX, isLong = false): string {
  switch (x) {
    case "step":
      if (!isLong)
        return Math.abs(value) < 10_000 ? String(Number(value.toFixed(2))) : formatCount(value);
      return i18next.t("run.step", { step: Number(value.toFixed(1)).toLocaleString("en-US") });
    case "metric":
      return formatNumber(Number(value.toPrecision(6)));
    case "relative":
      if (value < 0) return ""; // an axis around a single point begins before the run
      return isLong ? formatDuration(value) : formatDuration(value).replace(/ 0+ \w$/, "");
    case "time":
      return new Date(value * 1000).toLocaleString(undefined, {
        dateStyle: "medium",
        timeStyle: "medium",
      });
  }
}
