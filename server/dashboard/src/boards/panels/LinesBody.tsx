import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { ChartCard } from "../../charts/ChartCard";
import type { Grouping } from "../../charts/groups";
import { parseX, PLAIN_VIEW, type ChartView } from "../../charts/useView";
import { fieldOfKey } from "../../list/rows";
import type { CountedMetric } from "../../series/useMetricTracks";
import type { Window } from "../../series/useTracks";
import { metricsOf, smoothingOf, type PanelOf } from "../document";
import { useScope, type Scope } from "../scope";
import { DrawnNote } from "./DrawnNote";

/** A card's head, foot and border. */
const CARD_PX = 60;
/** A line of text above the chart. */
const NOTE_PX = 20;

/** A part of an axis; on another axis it means nothing. */
export interface AxisWindow {
  axis: string;
  window: Window;
}

export interface LinesProps {
  panel: PanelOf<"lines">;
  height: number;
  /** What all charts of the tab with this axis show. */
  window: AxisWindow | null;
  onWindow: (window: AxisWindow | null) => void;
}

/** Metrics of the runs, in one picture. */
export function LinesBody({ panel, height, window, onWindow }: LinesProps) {
  const { t } = useTranslation();
  const scope = useScope();
  const { axis } = panel;
  const shared = window?.axis === axis ? window.window : null;
  // The panel's own part of the axis, until somebody looks at another one.
  const [isWhole, setWhole] = useState(false);
  const view = useLinesView(panel, scope.metrics, shared ?? (isWhole ? null : ownWindow(panel)));
  const [first, ...more] = useCounted(panel, scope);
  const grouping = useGrouping(panel, scope);
  if (!first) return <p className="panel-hint">{t("board.no_metric")}</p>;
  const hasNote =
    grouping === null && panel.filter.trim() !== "" && scope.drawn.length < scope.total;
  return (
    <>
      {hasNote && <DrawnNote />}
      <ChartCard
        // With another number of metrics it is another chart.
        key={more.length}
        name={first.name}
        more={more}
        {...(panel.title ? { title: panel.title } : {})}
        runs={scope.drawn}
        points={first.points}
        view={view}
        onWindow={(next) => {
          setWhole(next === null);
          onWindow(next && { axis, window: next });
        }}
        height={Math.max(
          80,
          height - CARD_PX - (hasNote || grouping ? NOTE_PX : 0) - (more.length > 0 ? NOTE_PX : 0),
        )}
        grouping={grouping}
        project={scope.project}
      />
    </>
  );
}

/** Return the part of the axis that the panel itself shows; null for all of it. */
export function ownWindow({ window }: PanelOf<"lines">): Window | null {
  const [from, to] = window ?? [];
  return from !== undefined && to !== undefined && from < to ? [from, to] : null;
}

/** Return the metrics that the panel shows, its own or the one that tells most, with their points. */
export function useCounted(
  panel: PanelOf<"lines">,
  { headlines, drawnRuns }: Scope,
): CountedMetric[] {
  const own = metricsOf(panel);
  const names = own.length > 0 ? own : headlines.slice(0, 1);
  const key = JSON.stringify(
    names.map((name) => ({
      name,
      points: drawnRuns.reduce((sum, run) => sum + (run.metrics[name]?.count ?? 0), 0),
    })),
  );
  // Rebuilt at every notice; charts need to know when there are others, or more points.
  return useMemo(() => JSON.parse(key) as CountedMetric[], [key]);
}

/** Return the means that the panel draws; null where it draws the runs. */
export function useGrouping(panel: PanelOf<"lines">, scope: Scope): Grouping | null {
  const { project, filter } = scope;
  const text = panel.by ? panel.by.join("\n") : null;
  return useMemo(() => {
    if (text === null) return null;
    const fields = text.split("\n").flatMap((key) => fieldOfKey(key) ?? []);
    return { project, filter, fields, groups: null };
  }, [project, filter, text]);
}

export function useLinesView(
  panel: PanelOf<"lines">,
  metrics: readonly string[],
  window: Window | null,
): ChartView {
  const { axis, is_log, is_full, spread = "range" } = panel;
  const { kind, amount } = smoothingOf(panel);
  const [from, to] = window ?? [];
  return useMemo<ChartView>(
    () => ({
      ...PLAIN_VIEW,
      ...parseX(axis, metrics),
      window: from === undefined || to === undefined ? null : [from, to],
      smoothing: { kind, amount },
      spread,
      isLog: is_log,
      isFull: is_full,
    }),
    [axis, metrics, kind, amount, spread, is_log, is_full, from, to],
  );
}
