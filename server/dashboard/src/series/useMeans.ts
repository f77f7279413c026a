// The means of groups of runs, made by the server of all of their runs and kept up to date.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";

import { requestMeans } from "../api/batcher";
import { feed } from "../api/feed";
import type { Means } from "../api/means";
import type { XAxis } from "../api/types";
import type { Window } from "./useTracks";

export interface MeansWanted {
  project: string;
  /** Which runs, as a filter. */
  q: string;
  /** By which keys they are grouped, a comma between two; "": they are one group. */
  by: string;
  names: readonly string[];
  x: XAxis;
  /** The metric whose values the x axis is; null where it is `x`. */
  over: string | null;
  window: Window | null;
  buckets: number;
  /** How the server is to smooth each run; see smoothing.ts. */
  smooth: string | null;
}

/** The least time between two answers, and in how many times the last one's: others want some too. */
const INTERVAL_MS = 2000;
const SHARE = 10;

/** Fetch the means once the chart is visible, and again while runs of the project go on. */
export function useMeans(wanted: MeansWanted | null, isVisible: boolean) {
  const client = useQueryClient();
  const text = JSON.stringify(wanted);
  const key = useMemo(() => ["means", text], [text]);
  const query = useQuery({
    queryKey: key,
    queryFn: async () => {
      const { names, window, over, x, ...rest } = wanted!;
      const before = client.getQueryData<Means & { tookMs: number }>(key);
      const began = performance.now();
      const ask = (known: string | null) =>
        Promise.all(
          names.map((name) =>
            requestMeans({
              ...rest,
              name,
              x: over === null ? x : "metric",
              over: over ?? "",
              start: window?.[0] ?? null,
              end: window?.[1] ?? null,
              known,
            }),
          ),
        );
      let parts = await ask(before?.tag ?? null);
      if (before && parts.every((part) => part === null)) return { ...before, tookMs: 0 };
      // Something changed between two of them.
      if (parts.includes(null)) parts = await ask(null);
      const found = parts.filter((part) => part !== null);
      const { tag, groups } = found[0]!;
      const tookMs = performance.now() - began;
      return { tag, groups, tracks: found.flatMap((part) => part.tracks), tookMs };
    },
    enabled: isVisible && wanted !== null,
    // While a zoom or another smoothing is on its way the present picture stays.
    placeholderData: (previous, previousQuery) => {
      const last = JSON.parse(String(previousQuery?.queryKey[1] ?? "null")) as MeansWanted | null;
      return last && wanted && shapeOf(last) === shapeOf(wanted) ? previous : undefined;
    },
    staleTime: Infinity,
    gcTime: 60_000,
  });
  const { refetch, dataUpdatedAt } = query;
  const project = wanted?.project;
  const isLoaded = query.isSuccess && !query.isPlaceholderData;
  const tookMs = query.data?.tookMs ?? 0;
  /** Something has changed since the answer. */
  const isStale = useRef(false);
  const mountedAt = useRef(Date.now());
  useEffect(() => {
    if (!isLoaded) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = () => {
      timer = undefined;
      if (!isStale.current || document.hidden) return;
      isStale.current = false;
      void refetch();
    };
    const soon = () => {
      if (isVisible) timer ??= setTimeout(again, Math.max(INTERVAL_MS, SHARE * tookMs));
    };
    const stop = feed.onChanges((changes, isReset) => {
      if (!isReset && !changes.some((change) => change.project === project)) return;
      isStale.current = true;
      soon();
    });
    // Answers of an earlier visit have missed what the feed said since.
    if (dataUpdatedAt < mountedAt.current) isStale.current = true;
    if (isStale.current) soon();
    document.addEventListener("visibilitychange", soon);
    return () => {
      stop();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", soon);
    };
  }, [isVisible, isLoaded, project, refetch, tookMs, dataUpdatedAt]);
  return query;
}

function shapeOf({ project, by, names, x, over }: MeansWanted): string {
  return JSON.stringify([project, by, names, x, over]);
}
