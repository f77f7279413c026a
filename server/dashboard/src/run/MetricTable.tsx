import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { fetchMetrics } from "../api/client";
import { formatNumber, toNumber } from "../api/number";
import type { MetricSummary, Run } from "../api/types";
import { findMetrics } from "../charts/useView";
import { SearchField } from "../shell/SearchField";
import { Box } from "./Box";

/** Fewer metrics than this are found by looking. */
const SEARCHED_MIN = 20;

/** What each metric of the run amounts to; of very many a page, and those that are searched for. */
export function MetricTable({ run }: { run: Run }) {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const { id, metrics, has_more_metrics } = run.summary;
  const query = useInfiniteQuery({
    queryKey: ["run", id, "metrics", search],
    queryFn: ({ pageParam, signal }) => fetchMetrics(id, search, pageParam, signal),
    initialPageParam: 0,
    getNextPageParam: (page) => page.next ?? undefined,
    enabled: has_more_metrics,
    placeholderData: keepPreviousData,
  });
  if (run.metrics === 0) return null;
  const pages = query.data?.pages ?? [];
  const rows: [string, MetricSummary][] = has_more_metrics
    ? pages.flatMap((page) => Object.entries(page.metrics))
    : findMetrics(Object.keys(metrics), search).map((name) => [name, metrics[name]!]);
  const total = has_more_metrics ? (pages[0]?.total ?? 0) : rows.length;
  return (
    <Box
      title={t("overview.summary")}
      tools={
        run.metrics >= SEARCHED_MIN && (
          <SearchField label={t("overview.search_metric")} value={search} onChange={setSearch} />
        )
      }
    >
      <div className="scroll-x" tabIndex={0} role="region" aria-label={t("overview.summary")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("overview.metric")}</th>
              <th scope="col">{t("overview.last")}</th>
              <th scope="col">{t("chart.min")}</th>
              <th scope="col">{t("chart.max")}</th>
              <th scope="col">{t("chart.points")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, metric]) => (
              <MetricRow key={name} name={name} metric={metric} />
            ))}
          </tbody>
        </table>
      </div>
      {query.hasNextPage && (
        <p className="more">
          <button type="button" className="chip" onClick={() => void query.fetchNextPage()}>
            {t("overview.more_metrics", { shown: rows.length, total })}
          </button>
        </p>
      )}
    </Box>
  );
}

function MetricRow({ name, metric }: { name: string; metric: MetricSummary }) {
  const { t } = useTranslation();
  const isBad = metric.nonfinite > 0;
  return (
    <tr className={isBad ? "bad" : ""}>
      <th scope="row">{name}</th>
      <td>{numberText(metric.last)}</td>
      <td>{numberText(metric.min)}</td>
      <td>{numberText(metric.max)}</td>
      <td title={isBad ? t("chart.not_finite", { count: metric.nonfinite }) : undefined}>
        {isBad && `× ${metric.nonfinite} / `}
        {metric.count.toLocaleString("en-US")}
      </td>
    </tr>
  );
}

function numberText(value: Parameters<typeof toNumber>[0] | null): string {
  return value === null ? "–" : formatNumber(toNumber(value));
}
