import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { domainOf } from "../../charts/domain";
import { chartCsv } from "../../charts/exports/csv";
import { chartSvg, WIDTH } from "../../charts/exports/svg";
import { GroupKey } from "../../charts/GroupKey";
import { plain } from "../../charts/unit";
import { useCardLines } from "../../charts/useCardLines";
import { chartX } from "../../charts/useView";
import { Failure } from "../../shell/Failure";
import { ink } from "../../shell/theme";
import { useThemeName } from "../../shell/useThemeName";
import type { PanelOf } from "../document";
import { COLUMNS } from "../grid";
import { useScope } from "../scope";
import { DrawnNote } from "./DrawnNote";
import { ownWindow, useCounted, useGrouping, useLinesView } from "./LinesBody";

const WIDTH_MIN = 400;

/** What makes the numbers behind a picture, for who takes the picture out of the page. */
export const numbersOf = new WeakMap<Element, { name: string; csv: () => string }>();

/** Metrics of the runs as a picture that does not change: sharp on paper, and without a script. */
export function StaticChart({ panel }: { panel: PanelOf<"lines"> }) {
  const scope = useScope();
  const metrics = useCounted(panel, scope);
  const { t } = useTranslation();
  if (metrics.length === 0) return <p className="panel-hint">{t("board.no_metric")}</p>;
  // With another number of metrics it is another chart.
  return <Chart key={metrics.length} panel={panel} metrics={metrics} />;
}

interface ChartProps {
  panel: PanelOf<"lines">;
  metrics: ReturnType<typeof useCounted>;
}

function Chart({ panel, metrics }: ChartProps) {
  const { t } = useTranslation();
  const scope = useScope();
  const theme = useThemeName();
  const { drawn } = scope;
  const grouping = useGrouping(panel, scope);
  const name = metrics.map((metric) => metric.name).join(", ");
  const view = useLinesView(panel, scope.metrics, ownWindow(panel));
  const query = useCardLines({ metrics, runs: drawn, view, grouping, isVisible: true });
  const { lines } = query;
  const picture = useMemo(() => {
    const tracks = lines.map(({ track }) => track);
    const domain = domainOf(tracks, view.isFull, view.isLog);
    if (!domain) return null;
    const { isLog, smoothing, window } = view;
    const x = chartX(view);
    const svg = chartSvg({
      title: panel.title || name,
      lines,
      domain,
      x,
      window,
      isLog,
      smoothing,
      unit: plain,
      ink,
      width: Math.max(WIDTH_MIN, Math.round((panel.width / COLUMNS) * WIDTH)),
    });
    return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
    // The theme changes what `ink` returns.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [lines, view, name, panel.title, panel.width, theme]);
  if (query.error && !query.isLoaded)
    return <Failure error={query.error} onRetry={query.refetch} />;
  if (!query.isLoaded) return <p className="panel-hint">{t("loading")}</p>;
  if (!picture) return <p className="panel-hint">{t("chart.no_points")}</p>;
  return (
    <>
      {grouping ? <GroupKey lines={lines} /> : <DrawnNote />}
      <img
        className="report-chart"
        src={picture}
        alt={t(grouping ? "chart.summary_groups" : "chart.summary", { name, count: lines.length })}
        ref={(element) => {
          if (element) numbersOf.set(element, { name, csv: () => chartCsv(lines, chartX(view)) });
        }}
      />
    </>
  );
}
