// The tracks of one chart, kept up to date by tails.

import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";

import { requestTracks } from "../api/batcher";
import type { Track } from "../api/columns";
import { feed } from "../api/feed";
import type { XAxis } from "../api/types";
import { grown } from "./growing";

export type Window = readonly [start: number, end: number];

export interface TracksWanted {
  runs: string[];
  name: string;
  x: XAxis;
  window: Window | null; // null: everything, and growing
  buckets: number;
  /** How many points there are by the runs' summaries, which is how a change of the past is noticed. */
  points: number;
  /** How the server is to smooth them; see smoothing.ts. */
  smooth?: string | null;
}

/** The least time between two tails of one chart, and after one that failed. */
const TAIL_INTERVAL_MS = 500;
const RETRY_INTERVAL_MS = 5000;
/** Tails need less time than this to bring what a summary has counted. */
const BEHIND_MS_MAX = 2000;

/** What asks for tracks, for who knows earlier than a chart that it will. */
export function tracksQuery(wanted: Omit<TracksWanted, "points">) {
  const { runs, name, x, window, buckets, smooth = null } = wanted;
  const [start, end] = window ?? [null, null];
  return queryOptions({
    queryKey: ["tracks", runs.join(" "), name, x, start, end, buckets, smooth],
    queryFn: () => requestTracks({ runs, name, x, start, end, buckets, smooth }),
    staleTime: Infinity,
  });
}

/**
 * Fetch the tracks once the chart is visible; afterwards fetch only what has been added, and only
 * while it is visible.
 */
export function useTracks(wanted: TracksWanted, isVisible: boolean) {
  const { runs, name, x, window, buckets, points, smooth = null } = wanted;
  const client = useQueryClient();
  const runsKey = runs.join(" ");
  const asked = useMemo(
    () => tracksQuery({ runs, name, x, window, buckets, smooth }),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the runs are in their key
    [runsKey, name, x, window, buckets, smooth],
  );
  const key = asked.queryKey;
  const query = useQuery({
    ...asked,
    enabled: isVisible && runs.length > 0,
    // While a zoom or another run is on its way the present picture stays.
    placeholderData: (previous, previousQuery) =>
      previousQuery?.queryKey[2] === name && previousQuery.queryKey[3] === x ? previous : undefined,
    gcTime: 60_000,
  });
  const changed = useRef(new Set<string>());
  const isBusy = useRef(false);
  const mountedAt = useRef(Date.now());
  const isLoaded = query.isSuccess && !query.isPlaceholderData;

  useEffect(() => {
    let isOver = false;
    const pump = async () => {
      if (isBusy.current || isOver || !isVisible || !isLoaded || window || document.hidden) return;
      const ids = [...changed.current].filter((id) => runs.includes(id));
      changed.current.clear();
      if (ids.length === 0) return;
      isBusy.current = true;
      let pause = TAIL_INTERVAL_MS;
      try {
        const tracks = client.getQueryData<Track[]>(key) ?? [];
        const next = await grown(tracks, ids, { name, x, buckets, smooth }, requestTracks);
        if (next) client.setQueryData(key, next);
        else await client.invalidateQueries({ queryKey: key });
      } catch {
        for (const id of ids) changed.current.add(id);
        pause = RETRY_INTERVAL_MS;
      } finally {
        setTimeout(() => {
          isBusy.current = false;
          void pump();
        }, pause);
      }
    };
    // Tracks of an earlier visit have missed what the feed said since.
    if (isVisible && isLoaded && query.dataUpdatedAt < mountedAt.current) {
      void client.invalidateQueries({ queryKey: key });
    }
    const stop = feed.onChanges((changes, isReset) => {
      if (isReset) void client.invalidateQueries({ queryKey: key });
      for (const change of changes) changed.current.add(change.id);
      void pump();
    });
    const onShown = () => void pump();
    document.addEventListener("visibilitychange", onShown);
    void pump();
    return () => {
      isOver = true;
      stop();
      document.removeEventListener("visibilitychange", onShown);
    };
    // What is wanted is in the key.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [client, key, isVisible, isLoaded]);

  // Rewinds and points that come late add to the past, where no tail looks: fetch it once more.
  const isBehind = isVisible && isLoaded && !window && countPoints(query.data) < points;
  useEffect(() => {
    if (!isBehind) return;
    const timer = setTimeout(() => void client.invalidateQueries({ queryKey: key }), BEHIND_MS_MAX);
    return () => clearTimeout(timer);
  }, [client, key, isBehind]);

  return query;
}

function countPoints(tracks: readonly Track[]): number {
  return tracks.reduce((sum, track) => sum + track.count, 0);
}
