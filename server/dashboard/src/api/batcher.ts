// Joins the series requests of charts that come into view together into one request.

import { fetchTracks } from "./client";
import type { Track } from "./columns";
import type { SeriesQuery } from "./types";

export type TracksRequest = Omit<SeriesQuery, "names"> & { name: string };

interface Waiting {
  name: string;
  resolve: (tracks: Track[]) => void;
  reject: (reason: unknown) => void;
}

interface Group {
  query: Omit<SeriesQuery, "names">;
  waiting: Waiting[];
}

const WAIT_MS = 20;
/** The API's bound on names, and a bound on one answer's size: runs × names. */
const NAMES_MAX = 200;
const SERIES_MAX = 400;

const groups = new Map<string, Group>();

/** Return the tracks of one metric. Requests that differ only in the metric share one answer. */
export function requestTracks({ name, ...query }: TracksRequest): Promise<Track[]> {
  const key = JSON.stringify(query);
  let group = groups.get(key);
  if (!group) {
    group = { query, waiting: [] };
    groups.set(key, group);
    setTimeout(() => send(key), WAIT_MS);
  }
  const { waiting } = group;
  const answer = new Promise<Track[]>((resolve, reject) => waiting.push({ name, resolve, reject }));
  if (waiting.length >= Math.min(NAMES_MAX, SERIES_MAX / query.runs.length)) send(key);
  return answer;
}

function send(key: string): void {
  const group = groups.get(key);
  if (!group) return;
  groups.delete(key);
  const names = [...new Set(group.waiting.map((one) => one.name))];
  fetchTracks({ ...group.query, names }).then(
    (tracks) => {
      for (const one of group.waiting)
        one.resolve(tracks.filter((track) => track.name === one.name));
    },
    (reason: unknown) => {
      for (const one of group.waiting) one.reject(reason);
    },
  );
}
