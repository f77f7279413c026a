// The lines of a card: of its runs, or of means of groups of them.

import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";

import type { GroupShare, Track } from "../api/columns";
import { askedSmoothing } from "../series/smoothing";
import { useMappedTracks } from "../series/useMappedTracks";
import { useMeans } from "../series/useMeans";
import { useMetricTracks, type CountedMetric } from "../series/useMetricTracks";
import { tracksQuery, type Window } from "../series/useTracks";
import { useSettled } from "../shell/useSettled";
import { banded, keysOf, meanLines, type Grouping } from "./groups";
import { metricLines, ofMetric, type ChartRun } from "./lines";
import type { Line } from "./model";
import type { ChartView } from "./useView";
import { shortened } from "./useWindow";

/** Buckets of a line, and of each where there are too many lines for their bands to be seen. */
export const BUCKETS = 400;
export const BUCKETS_OF_MANY = 240;
const MANY = 8;
/** A slider that is being drawn asks the server once it rests. */
const SETTLED_MS = 200;
const TWIN_DASH = [5, 3] as const;

export interface CardWanted {
  metrics: readonly CountedMetric[];
  runs: readonly ChartRun[];
  drawn?: ReadonlySet<string> | undefined;
  view: ChartView;
  twin?: CountedMetric | undefined;
  /** Draw these means instead of the runs. */
  grouping: Grouping | null;
  isVisible: boolean;
}

/** The lines that a card draws, and the tracks whose scale it has: of charts beside it too. */
export function useCardLines(wanted: CardWanted) {
  const { metrics, runs, drawn, view, twin, grouping, isVisible } = wanted;
  const { x, by, window, spread } = view;
  const names = useMemo(() => metrics.map((metric) => metric.name), [metrics]);
  const lineCount = grouping ? (grouping.groups?.length ?? MANY) : runs.length;
  const buckets = lineCount > MANY ? BUCKETS_OF_MANY : BUCKETS;
  const runIds = useMemo(() => runs.map((run) => run.id), [runs]);
  // Over another metric too: what is smoothed over steps is laid over its values.
  const smooth = useSettled(askedSmoothing(view.smoothing), SETTLED_MS);
  const areRuns = isVisible && !grouping;
  const shared = { runs: runIds, x, window, buckets, smooth };
  const own = useMetricTracks(metrics, shared, by, areRuns);
  const twins = useMappedTracks(
    { ...shared, name: twin?.name ?? "", points: twin?.points ?? 0 },
    by,
    areRuns && twin !== undefined,
  );
  const means = useMeans(
    grouping && {
      project: grouping.project,
      q: grouping.filter,
      by: keysOf(grouping),
      names: twin ? [...names, twin.name] : names,
      ...{ x, over: by, window, buckets, smooth },
    },
    isVisible,
  );
  const said = useSaid();
  const twinName = twin?.name;
  const twinTracks = twinName === undefined ? undefined : twins.data;
  const lines = useMemo(() => {
    if (grouping)
      return means.data
        ? meanLines(means.data, grouping, spread, said).map((line) =>
            line.track.name === twinName ? asTwin(line) : ofMetric(line, names),
          )
        : [];
    const shown = drawn ? runs.filter((run) => drawn.has(run.id)) : runs;
    const beside = twinName === undefined ? [] : metricLines(twinTracks ?? [], shown, [twinName]);
    return [...metricLines(own.data ?? [], shown, names), ...beside.map(asTwin)];
  }, [own.data, twinTracks, means.data, runs, drawn, grouping, spread, said, names, twinName]);
  const scaled = useMemo((): readonly Track[] => {
    if (!drawn) return lines.map((line) => line.track);
    if (grouping) return (means.data?.tracks ?? []).map((track) => banded(track, spread));
    return [...(own.data ?? []), ...(twinTracks ?? [])];
  }, [own.data, twinTracks, means.data, drawn, grouping, spread, lines]);
  const query = grouping ? means : own;
  const client = useQueryClient();
  /** Ask for a window before the page knows of it, which takes as long as the answer does. */
  const fetchAhead = (next: Window | null) => {
    if (!next || grouping || by !== null) return;
    for (const name of names)
      void client.prefetchQuery(tracksQuery({ ...shared, name, window: shortened(next) }));
  };
  return {
    fetchAhead,
    lines,
    scaled,
    isLoaded: query.data !== undefined,
    isFetching: query.isFetching,
    error: query.error,
    refetch: () => void query.refetch(),
  };
}

/** What is said of whose mean a line is. */
function useSaid(): (share: GroupShare) => string {
  const { t } = useTranslation();
  return useCallback(
    ({ runs, having }) =>
      having < runs
        ? t("chart.mean_of_some", { count: having, total: runs })
        : t("chart.mean_of", { count: runs }),
    [t],
  );
}

/** Return a line as that of another metric in the chart: dashed, and called so. */
function asTwin(line: Line): Line {
  const { track, label, style } = line;
  return {
    ...line,
    track: { ...track, run: `${track.run} ${track.name}` }, // one of its own, for keys
    label: `${label} · ${track.name}`,
    style: { ...style, dash: TWIN_DASH },
  };
}
