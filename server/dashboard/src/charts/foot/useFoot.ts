import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useContext, useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";

import { fetchMoments } from "../../api/client";
import { feed } from "../../api/feed";
import { footOf, type FootMark } from "./marks";
import type { ChartRun } from "../lines";
import { Completion } from "../usePins";

const CHANGES_INTERVAL_MS = 3000;
const NONE: readonly FootMark[] = [];

export interface Foot {
  marks: readonly FootMark[];
  /** Older ones that are not among them. */
  leftOut: number;
}

/** What happened to *runs*, asked for again as the feed says that they change; nothing while off. */
export function useFoot(runs: readonly ChartRun[], isOn: boolean): Foot {
  const client = useQueryClient();
  const complete = useContext(Completion);
  const { i18n } = useTranslation();
  const ids = runs
    .map((run) => run.id)
    .sort()
    .join(",");
  const isAsking = isOn && ids !== "";
  const { data } = useQuery({
    queryKey: ["moments", ids],
    queryFn: ({ signal }) => fetchMoments(ids.split(","), signal),
    enabled: isAsking,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });
  useEffect(() => {
    if (!isAsking) return;
    const mine = new Set(ids.split(","));
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = feed.onChanges((changes, isReset) => {
      if (!isReset && !changes.some((change) => mine.has(change.id))) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        void client.invalidateQueries({ queryKey: ["moments", ids] });
      }, CHANGES_INTERVAL_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [client, ids, isAsking]);
  const marks = useMemo(
    () => (isOn && data ? footOf(data, runs, complete) : NONE),
    // The marks say what they are in a language.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [isOn, data, runs, complete, i18n.language],
  );
  return { marks, leftOut: isOn && data ? data.left_out : 0 };
}
