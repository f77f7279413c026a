import { describe, expect, it } from "vitest";

import type { TracksRequest } from "../src/api/batcher";
import type { Track } from "../src/api/columns";
import { grown, tailGroups } from "../src/series/growing";
import { trackOf } from "./build";

const LOSS = { name: "loss", x: "step", buckets: 100 } as const;

/** Return the first *length* points of a run, or those from *start* on: at step n the value n. */
function part(run: string, length: number, start = 0): Track {
  const steps = Array.from({ length }, (_, step) => step).filter((step) => step >= start);
  return trackOf(steps, {
    run,
    x: Float64Array.from(steps),
    last: steps.at(-1) ?? null,
  });
}

/** A server on which each run is so long; it says what it was asked. */
function server(lengths: Record<string, number>, over: Partial<Track> = {}) {
  const asked: TracksRequest[] = [];
  const request = (query: TracksRequest) => {
    asked.push(query);
    const tails = query.runs.map((run) => part(run, lengths[run]!, query.start ?? 0));
    return Promise.resolve(
      tails.filter((tail) => tail.count > 0).map((tail) => ({ ...tail, ...over })),
    );
  };
  return { asked, request };
}

const stepsOf = (tracks: Track[] | null) =>
  Object.fromEntries((tracks ?? []).map((track) => [track.run, [...track.x]]));
const upTo = (length: number) => Array.from({ length }, (_, step) => step);

describe("grown", () => {
  it("asks once for all runs that are about equally far, and adds no point twice", async () => {
    const { asked, request } = server({ a: 12, b: 14, c: 11, d: 9 });
    const tracks = [part("a", 10), part("b", 13), part("c", 11), part("d", 5)];

    const next = await grown(tracks, ["a", "b", "c"], LOSS, request);

    expect(asked).toHaveLength(1);
    expect(stepsOf(next)).toEqual({ a: upTo(12), b: upTo(14), c: upTo(11), d: upTo(5) });
    expect(next!.map((track) => track.count)).toEqual([12, 14, 11, 5]);
  });

  it("asks apart for runs that are far apart", async () => {
    const { asked, request } = server({ a: 12, b: 5002 });

    const next = await grown([part("a", 10), part("b", 5000)], ["a", "b"], LOSS, request);

    expect(asked.map(({ start }) => start)).toEqual([9.5, 4999 + 0.5]);
    expect(next!.map((track) => track.count)).toEqual([12, 5002]);
  });

  it("takes no joined points from an answer that begins before a track's end", async () => {
    const { asked, request } = server({ a: 12, b: 14 }, { isExact: false });

    const next = await grown([part("a", 10), part("b", 13)], ["a", "b"], LOSS, request);

    expect(asked.map(({ runs, start }) => [runs, start])).toEqual([
      [["a", "b"], 9.5],
      [["b"], 12.5],
    ]);
    expect(stepsOf(next)).toEqual({ a: upTo(12), b: upTo(14) });
  });

  it("fetches only the runs that were empty, and not the whole chart", async () => {
    const { asked, request } = server({ a: 12, b: 3, c: 0 });

    const next = await grown([part("a", 10)], ["a", "b", "c"], LOSS, request);

    expect(asked.map(({ runs, start }) => [runs, start])).toEqual([
      [["b", "c"], null],
      [["a"], 9.5],
    ]);
    expect(stepsOf(next)).toEqual({ a: upTo(12), b: upTo(3) });
  });

  it("says where a run went back", async () => {
    const { request } = server({ a: 12 }, { isSuperseded: true });

    expect(await grown([part("a", 10)], ["a"], LOSS, request)).toBeNull();
  });
});

describe("tailGroups", () => {
  it("leaves a run that was rewound alone: its old points would look new", () => {
    const tracks = [part("a", 10), part("b", 11), part("c", 12)];

    const groups = tailGroups(tracks, "step", 100, new Set(["b"]));

    expect(groups.map(({ tracks: some }) => some.map((one) => one.run))).toEqual([
      ["a", "c"],
      ["b"],
    ]);
  });

  it("adds up what runs have had on an axis of time, where no two share a place", () => {
    const tracks = upTo(12).map((at) => part(String(at), 10 + at));

    expect(tailGroups(tracks, "step", 100, new Set())).toHaveLength(1);
    expect(tailGroups(tracks, "relative", 100, new Set()).length).toBeGreaterThan(1);
  });
});
