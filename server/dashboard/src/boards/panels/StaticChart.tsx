import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { linesOf } from "../../charts/ChartCard";
import { domainOf } from "../../charts/domain";
import { chartCsv } from "../../charts/exports/csv";
import { chartSvg, WIDTH } from "../../charts/exports/svg";
import { plain } from "../../charts/unit";
import { chartX } from "../../charts/useView";
import { useMappedTracks } from "../../series/useMappedTracks";
import { Failure } from "../../shell/Failure";
import { ink } from "../../shell/theme";
import { useThemeName } from "../../shell/useThemeName";
import type { PanelOf } from "../document";
import { COLUMNS } from "../grid";
import { useScope } from "../scope";
import { metricOf, useLinesView } from "./LinesBody";

/** As many as a card of many lines draws, see ChartCard.tsx. */
const BUCKETS = 240;
const WIDTH_MIN = 400;

/** What makes the numbers behind a picture, for who takes the picture out of the page. */
export const numbersOf = new WeakMap<Element, { name: string; csv: () => string }>();

/** One metric of the runs as a picture that does not change: sharp on paper, and without a script. */
export function StaticChart({ panel }: { panel: PanelOf<"lines"> }) {
  const { t } = useTranslation();
  const scope = useScope();
  const theme = useThemeName();
  const metric = metricOf(panel, scope);
  const view = useLinesView(panel, scope.metrics, null);
  const points = scope.drawnRuns.reduce((sum, run) => sum + (run.metrics[metric]?.count ?? 0), 0);
  const runs = useMemo(() => scope.drawn.map(({ id }) => id), [scope.drawn]);
  const wanted = { runs, name: metric, x: view.x, window: null, buckets: BUCKETS, points };
  const query = useMappedTracks(wanted, view.by, metric !== "");
  const lines = useMemo(() => linesOf(query.data ?? [], scope.drawn), [query.data, scope.drawn]);
  const picture = useMemo(() => {
    const tracks = lines.map(({ track }) => track);
    const domain = domainOf(tracks, view.isFull, view.isLog);
    if (!domain) return null;
    const { isLog, smoothing } = view;
    const x = chartX(view);
    const svg = chartSvg({
      title: panel.title || metric,
      lines,
      domain,
      x,
      window: null,
      isLog,
      smoothing,
      unit: plain,
      ink,
      width: Math.max(WIDTH_MIN, Math.round((panel.width / COLUMNS) * WIDTH)),
    });
    return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
    // The theme changes what `ink` returns.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [lines, view, metric, panel.title, panel.width, theme]);
  if (metric === "") return <p className="panel-hint">{t("board.no_metric")}</p>;
  if (query.error && !query.data)
    return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <p className="panel-hint">{t("loading")}</p>;
  if (!picture) return <p className="panel-hint">{t("chart.no_points")}</p>;
  return (
    <img
      className="report-chart"
      src={picture}
      alt={t("chart.summary", { name: metric, count: lines.length })}
      ref={(element) => {
        if (element)
          numbersOf.set(element, {
            name: metric,
            csv: () => chartCsv(metric, lines, chartX(view)),
          });
      }}
    />
  );
}
