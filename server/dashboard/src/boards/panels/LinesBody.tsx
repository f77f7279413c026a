import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { ChartCard } from "../../charts/ChartCard";
import { parseX, PLAIN_VIEW, type ChartView } from "../../charts/useView";
import type { Window } from "../../series/useTracks";
import type { PanelOf } from "../document";
import { useScope, type Scope } from "../scope";

/** A card's head, foot and border. */
const CARD_PX = 60;

export interface LinesProps {
  panel: PanelOf<"lines">;
  height: number;
  /** The part of the x axis that all charts of the tab show. */
  window: Window | null;
  onWindow: (window: Window | null) => void;
}

/** One metric of the runs. */
export function LinesBody({ panel, height, window, onWindow }: LinesProps) {
  const { t } = useTranslation();
  const scope = useScope();
  const metric = metricOf(panel, scope);
  const view = useLinesView(panel, scope.metrics, window);
  const points = scope.drawnRuns.reduce((sum, run) => sum + (run.metrics[metric]?.count ?? 0), 0);
  if (metric === "") return <p className="panel-hint">{t("board.no_metric")}</p>;
  return (
    <ChartCard
      name={metric}
      {...(panel.title ? { title: panel.title } : {})}
      runs={scope.drawn}
      points={points}
      view={view}
      onWindow={onWindow}
      height={Math.max(80, height - CARD_PX)}
      project={scope.project}
    />
  );
}

/** Return the metric that the panel shows: its own, or the one that tells most. */
export function metricOf(panel: PanelOf<"lines">, { headlines }: Scope): string {
  return panel.metric || (headlines[0] ?? "");
}

export function useLinesView(
  panel: PanelOf<"lines">,
  metrics: readonly string[],
  window: Window | null,
): ChartView {
  const { axis, smoothing, is_log, is_full } = panel;
  return useMemo<ChartView>(
    () => ({
      ...PLAIN_VIEW,
      ...parseX(axis, metrics),
      window,
      smoothing,
      isLog: is_log,
      isFull: is_full,
    }),
    [axis, metrics, smoothing, is_log, is_full, window],
  );
}
