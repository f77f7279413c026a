// From tracks to the lines of a chart: which run or metric each is, and how it is drawn.

import type { Track } from "../api/columns";
import { dashOf, styleOf, type LineStyle } from "./colours";
import type { Line } from "./model";

/** A run as charts draw it. */
export interface ChartRun {
  id: string;
  label: string;
  style: LineStyle;
}

/** Return the lines of *runs*, one for each of their tracks that has points. */
export function linesOf(tracks: readonly Track[], runs: readonly ChartRun[]): Line[] {
  const byId = new Map(runs.map((run) => [run.id, run]));
  return tracks.flatMap((track) => {
    const run = byId.get(track.run);
    return run && track.x.length > 0 ? [lineOf(track, run, [run.id])] : [];
  });
}

/**
 * Return the lines of several *metrics* in one picture: of one run a colour each, of several runs
 * a dash each beside the runs' colours. More metrics than dashes share them.
 */
export function metricLines(
  tracks: readonly Track[],
  runs: readonly ChartRun[],
  metrics: readonly string[],
): Line[] {
  const lines = linesOf(tracks, runs);
  if (metrics.length < 2) return lines;
  return lines.map((line) => {
    const { name } = line.track;
    return runs.length === 1
      ? { ...line, label: name, style: styleOf(metrics.indexOf(name)) }
      : ofMetric(line, metrics);
  });
}

/** Return a line as that of its metric, where the picture has several: with a dash for it. */
export function ofMetric(line: Line, metrics: readonly string[]): Line {
  if (metrics.length < 2) return line;
  const { name } = line.track;
  return {
    ...line,
    label: `${name} · ${line.label}`,
    style: { colour: line.style.colour, dash: dashOf(metrics.indexOf(name)) },
  };
}

export function lineOf(
  track: Track,
  { label, style }: Pick<ChartRun, "label" | "style">,
  members: readonly string[],
): Line {
  return { track, label, style, members };
}
