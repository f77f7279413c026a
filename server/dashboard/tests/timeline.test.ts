import { describe, expect, it } from "vitest";

import type { Run, Stream } from "../src/api/types";
import { explanationOf, timelineOf } from "../src/run/timeline";
import { runOf } from "./build";

const stream = (over: Partial<Stream>): Stream => ({
  id: "0".repeat(32),
  role: "trainer",
  attempt: 1,
  rank: 0,
  host: "box",
  pid: 1,
  started_ns: 0,
  ended_ns: null,
  state: null,
  reason: "",
  next_seq: 1,
  is_sealed: false,
  ...over,
});

const run = (over: Partial<Run>, summary = {}): Run =>
  ({
    summary: runOf(summary),
    streams: [],
    alerts: [],
    notes: [],
    annotations: [],
    traceback: "",
    ...over,
  }) as unknown as Run;

describe("timelineOf", () => {
  it("puts what was written at a step where the run was at it, else where it was written", () => {
    const annotation = { id: "a", step: 5, time_ns: null, text: "x", author: "", version: 1 };
    const written = run({ annotations: [{ ...annotation, saved_ns: 90 }] });

    expect(timelineOf(written).map(({ timeNs }) => timeNs)).toEqual([90]);
    const complete = (place: object) => ({ ...place, time: 2 });
    expect(timelineOf(written, complete).map(({ timeNs }) => timeNs)).toEqual([2e9]);
  });

  it("puts attempts, their ends, alerts and remarks into the order of time", () => {
    const moments = timelineOf(
      run({
        streams: [
          stream({ attempt: 2, started_ns: 50 }),
          stream({ started_ns: 0, ended_ns: 40, state: "killed", reason: "killed by SIGKILL" }),
          stream({ role: "agent", started_ns: 1, ended_ns: 2, state: "finished" }),
        ],
        alerts: [{ time_ns: 45, level: "error", title: "gone", text: "", step: 3, kind: "" }],
        notes: [{ time_ns: 20, text: "warm", step: null }],
      }),
    );

    expect(moments.map((moment) => [moment.timeNs, moment.kind])).toEqual([
      [0, "began"],
      [20, "remark"],
      [40, "ended"],
      [45, "alert"],
      [50, "began"],
    ]);
  });

  it("says once what happened to many processes", () => {
    const streams = Array.from({ length: 256 }, (_, rank) =>
      stream({
        rank,
        host: `box-${rank % 32}`,
        started_ns: 10 + rank,
        ended_ns: 1000 + rank,
        state: rank === 7 ? "failed" : "killed",
        reason: rank === 7 ? "ValueError" : "killed by SIGTERM",
      }),
    );

    const [began, ...ended] = timelineOf(run({ streams }));

    expect(began).toMatchObject({ timeNs: 10, processes: 256 });
    expect(began?.kind === "began" && began.hosts.length).toBe(32);
    expect(ended).toMatchObject([
      { timeNs: 1000, state: "killed", processes: 256 },
      { timeNs: 1007, state: "failed", ranks: [7] },
    ]);
  });
});

describe("explanationOf", () => {
  it.each([
    ["killed", 9, "killed by SIGKILL", "", "ending.signal_9"],
    ["killed", 9, "out of memory: the kernel killed it (SIGKILL)", "", null],
    ["killed", 15, "killed by SIGTERM", "", "ending.signal_15"],
    ["killed", 31, "killed by SIGSYS", "", null],
    ["failed", null, "ValueError: x", "Traceback", "ending.exception"],
    ["failed", null, "exit code 3", "", null],
    ["finished", null, "", "", null],
  ] as const)("of %s, %s, %s", (state, signal, reason, traceback, expected) => {
    expect(explanationOf(run({ traceback }, { state, signal, reason }))).toBe(expected);
  });
});
