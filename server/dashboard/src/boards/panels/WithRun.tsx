import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { fetchConsole, fetchRun } from "../../api/client";
import type { Run } from "../../api/types";
import { FLOWS, hasFlow } from "../../run/flow";
import { Failure } from "../../shell/Failure";
import { useScope } from "../scope";

/** So many of the newest runs are looked at for one that has something to show. */
const LOOKS_MAX = 10;

/** Whether a run has what a panel shows. */
const HAS = {
  histograms: (run: Run) => run.histograms > 0,
  media: (run: Run) => run.media > 0,
  checkpoints: (run: Run) => run.checkpoints > 0,
  devices: (run: Run) => Object.keys(run.devices).length > 0,
  flow: ({ summary: { metrics, has_more_metrics } }: Run) =>
    // Of very many metrics not all came along: that they are no layers' nobody knows yet.
    has_more_metrics || FLOWS.some((flow) => hasFlow(Object.keys(metrics), flow)),
  console: async (run: Run) => (await fetchConsole(run.summary.id, null, 1)).total > 0,
} as const;

interface WithRunProps {
  chosen: string;
  what: keyof typeof HAS;
  children: (run: Run) => ReactNode;
}

/** Show *children* of the run *chosen*, or of the newest that has any of *what*. */
export function WithRun({ chosen, what, children }: WithRunProps) {
  const { t } = useTranslation();
  const { runs } = useScope();
  const ids = chosen ? [chosen] : runs.slice(0, LOOKS_MAX).map((run) => run.id);
  const query = useQuery({
    // A run that goes on may get what it has not, and more of what it has.
    queryKey: ["run-with", what, ...ids, chosen ? 0 : runs[0]?.rev],
    queryFn: async ({ signal }) => {
      for (const id of ids) {
        const run = await fetchRun(id, signal);
        if (await HAS[what](run)) return run;
      }
      return null;
    },
    placeholderData: keepPreviousData,
  });
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (query.isPending) return <p className="panel-hint">{t("loading")}</p>;
  if (!query.data) return <p className="panel-hint">{t(`board.no_${what}`)}</p>;
  return (
    <>
      <p className="panel-run">
        <Link href={`/r/${query.data.summary.id}`}>{query.data.summary.name}</Link>
      </p>
      {children(query.data)}
    </>
  );
}
