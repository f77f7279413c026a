import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";

import { fetchCheckpoints } from "../api/client";
import type { CheckpointSummary, Run } from "../api/types";
import type { Flag } from "../charts/flags";
import { chosenBy, flagsOf } from "./checkpointFlags";

const NONE: readonly CheckpointSummary[] = [];

/** Fetch the run's checkpoints, if it has any. */
export function useCheckpoints(run: Run) {
  const { id } = run.summary;
  return useQuery({
    queryKey: ["run", id, "checkpoints"],
    queryFn: ({ signal }) => fetchCheckpoints(id, signal),
    enabled: run.checkpoints > 0,
  });
}

/** Return the metric that chose the run's checkpoints, and what gives the flags of any metric. */
export function useCheckpointFlags(run: Run) {
  const { t } = useTranslation();
  const { data } = useCheckpoints(run);
  const checkpoints = data?.checkpoints ?? NONE;
  const { summary } = run;
  const headline = chosenBy(summary, checkpoints);
  const describe = useCallback(
    ({ step, roles, holds }: CheckpointSummary, score: string) => {
      const names = (holds.length > 0 ? holds : roles).map((role) => t(`checkpoints.role_${role}`));
      const at = t("run.step", { step: step.toLocaleString("en-US") });
      return [t("checkpoints.flag", { step: at }), ...names, score].filter(Boolean).join(" · ");
    },
    [t],
  );
  const { id, started_ns } = summary;
  const flags = useMemo(() => {
    const found = new Map<string, Flag[]>();
    return (metric: string): readonly Flag[] => {
      let mine = found.get(metric);
      if (!mine)
        found.set(metric, (mine = flagsOf(summary, checkpoints, metric, headline, describe)));
      return mine;
    };
    // A run's summary is rebuilt at every notice; of it only these matter.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [id, started_ns, checkpoints, headline, describe]);
  return { headline, flags };
}
