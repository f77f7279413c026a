import { useMemo } from "react";

import { mapTracks, stepsWithin } from "../charts/mapped";
import { useTracks, type TracksWanted } from "./useTracks";

/**
 * The tracks of a chart over the server's own x, or, with *by*, over the values of that metric; a
 * window is then one of these values.
 */
export function useMappedTracks(wanted: TracksWanted, by: string | null, isVisible: boolean) {
  const { window } = wanted;
  const isMapped = by !== null;
  const placesWanted = { ...wanted, name: by ?? "", points: 0, smooth: null };
  const all = useTracks({ ...placesWanted, window: null }, isVisible && isMapped);
  const steps = useMemo(
    () => (isMapped && window ? stepsWithin(all.data ?? [], window) : window),
    [isMapped, window, all.data],
  );
  const isReady = !isMapped || all.isSuccess;
  const near = useTracks({ ...placesWanted, window: steps }, isVisible && isMapped && isReady);
  const query = useTracks({ ...wanted, window: steps }, isVisible && isReady);
  const tracks = query.data;
  const places = near.data;
  const data = useMemo(
    () => (isMapped ? tracks && places && mapTracks(tracks, places) : tracks),
    [isMapped, tracks, places],
  );
  return {
    data,
    error: query.error ?? all.error ?? near.error,
    isFetching: query.isFetching || all.isFetching || near.isFetching,
    refetch: () => Promise.all(isMapped ? [all.refetch(), query.refetch()] : [query.refetch()]),
  };
}
