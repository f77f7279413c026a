// From tracks to what uPlot draws.

import type uPlot from "uplot";

import type { Track } from "../api/columns";
import { askedSmoothing, smooth, type Smoothing } from "../series/smoothing";
import { joinX, spread, type Cell } from "./align";
import type { LineStyle } from "./colours";

export interface Line {
  track: Track;
  /** The runs that it stands for: one, or those of a group that the page knows. */
  members: readonly string[];
  label: string;
  /** Whose mean it is, where it is one: said where there is room. */
  note?: string | undefined;
  style: LineStyle;
}

/** Return all that a line is called. */
export function fullLabel({ label, note }: Line): string {
  return note ? `${label} · ${note}` : label;
}

type Role = "low" | "high" | "raw" | "main";

/** One uPlot series: which line it belongs to and what of it it draws. */
export interface Layer {
  line: Line;
  role: Role;
}

export interface Model {
  layers: Layer[];
  data: uPlot.AlignedData;
  /** Equal for two models that differ in their data only. */
  shape: string;
}

/** With more lines than this, bands would hide each other. */
const BAND_LINES_MAX = 6;
/** Groups are drawn for their bands, so more of these are borne. */
const GROUPS_MAX = 12;

/** Return the layers and the aligned data of *lines*. */
export function modelOf(lines: readonly Line[], smoothing: Smoothing): Model {
  const bandsMax = lines.some((line) => line.track.group) ? GROUPS_MAX : BAND_LINES_MAX;
  const x = joinX(lines.map((line) => line.track.x));
  const layers: Layer[] = [];
  const columns: Cell[][] = [];
  for (const line of lines) {
    const { track } = line;
    const add = (role: Role, values: Float64Array) => {
      layers.push({ line, role });
      columns.push(spread(x, track.x, values));
    };
    if (!track.isExact && lines.length <= bandsMax) {
      add("low", track.min);
      add("high", track.max);
    }
    if (smoothing.amount > 0) {
      add("raw", track.mean);
      // Until the server's answer is there, what is smoothed is the buckets.
      const own = track.smoothing === askedSmoothing(smoothing) ? track.smooth : undefined;
      add("main", own ?? smooth(track.x, track.mean, smoothing));
    } else add("main", track.mean);
  }
  const shape = layers
    .map(
      ({ line, role }) =>
        `${role} ${line.track.run} ${line.track.isSuperseded} ${line.style.colour} ${line.style.dash}`,
    )
    .join("\n");
  return { layers, data: [x, ...columns] as unknown as uPlot.AlignedData, shape };
}
