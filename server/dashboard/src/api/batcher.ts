// Joins the requests of charts that come into view together into one request.

import { fetchMeans, fetchTracks } from "./client";
import type { Track } from "./columns";
import type { Means } from "./means";
import type { MeanQuery, SeriesQuery } from "./types";

type Tracked = Omit<SeriesQuery, "names">;
type Averaged = Omit<MeanQuery, "names">;
export type TracksRequest = Tracked & { name: string };

interface Waiting<Answer> {
  name: string;
  resolve: (answer: Answer) => void;
  reject: (reason: unknown) => void;
}

interface Group<Query, Answer> {
  query: Query;
  waiting: Waiting<Answer>[];
}

/** The API's bounds: on names, on runs × names of series, and on those of means of 10,000 runs. */
const NAMES_MAX = 200;
const SERIES_MAX = 400;
const MEANS_MAX = 4;

/** Return the tracks of one metric. Requests that differ only in the metric share one answer. */
export const requestTracks = joined<Tracked, Track[]>(
  (query) => fetchTracks(query),
  (tracks, name) => tracks.filter((track) => track.name === name),
  (query) => Math.min(NAMES_MAX, SERIES_MAX / query.runs.length),
);

/** Return the means of one metric, null where they are those that are known; as above. */
export const requestMeans = joined<Averaged, Means | null>(
  (query) => fetchMeans(query),
  (means, name) =>
    means && { ...means, tracks: means.tracks.filter((track) => track.name === name) },
  () => MEANS_MAX,
);

/**
 * Return what asks for one metric.
 *
 * Given are what asks for several of them, what takes one of them out of the answer, and how many
 * may be asked for at a time.
 */
function joined<Query, Answer>(
  fetch: (query: Query & { names: string[] }) => Promise<Answer>,
  part: (answer: Answer, name: string) => Answer,
  most: (query: Query) => number,
): (request: Query & { name: string }) => Promise<Answer> {
  const groups = new Map<string, Group<Query, Answer>>();
  const send = (key: string) => {
    const group = groups.get(key);
    if (!group) return;
    groups.delete(key);
    const names = [...new Set(group.waiting.map((one) => one.name))];
    fetch({ ...group.query, names }).then(
      (answer) => {
        for (const one of group.waiting) one.resolve(part(answer, one.name));
      },
      (reason: unknown) => {
        for (const one of group.waiting) one.reject(reason);
      },
    );
  };
  return (request) => {
    const { name, ...rest } = request;
    const query = rest as unknown as Query; // without the name that is beside it
    const key = JSON.stringify(query);
    const group: Group<Query, Answer> = groups.get(key) ?? { query, waiting: [] };
    if (!groups.has(key)) {
      groups.set(key, group);
      queueMicrotask(() => send(key)); // what is rendered together asks together
    }
    const { waiting } = group;
    const answer = new Promise<Answer>((resolve, reject) =>
      waiting.push({ name, resolve, reject }),
    );
    if (waiting.length >= most(query)) send(key);
    return answer;
  };
}
