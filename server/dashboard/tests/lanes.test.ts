import { describe, expect, it } from "vitest";

import type { CheckpointSummary, Run, Stream } from "../src/api/types";
import { epochsOf, marksNear, marksOf, phaseAt, processRows } from "../src/lanes/phases";
import { joined, piecesOf, sampleAt } from "../src/lanes/trace";
import { stragglersOf, troubledS, troublesOf } from "../src/lanes/troubles";
import { clockOf, complete, secondsAt, stepAt } from "../src/run/clock";
import { groupDevices, mainOf, totalOf } from "../src/run/devices";
import { runOf, trackOf } from "./build";

const at = (x: number[], values: number[] = x, over = {}) =>
  trackOf(values, { x: Float64Array.from(x), ...over });

describe("a lane", () => {
  it("has a gap where samples are missing, and says nothing there", () => {
    const track = at([0, 5, 10, 15, 300, 305, 310]);

    expect(piecesOf(track.x)).toEqual([
      [0, 3],
      [4, 6],
    ]);
    expect(sampleAt(track, 11)?.mean).toBe(10);
    expect(sampleAt(track, 150)).toBeNull();
    expect(sampleAt(track, -100)).toBeNull();
    expect(sampleAt(at([]), 0)).toBeNull();
  });

  it("shows a device that was sampled once where that was", () => {
    expect(piecesOf(Float64Array.of(7))).toEqual([[0, 0]]);
    expect(sampleAt(at([7]), 7)?.mean).toBe(7);
  });

  it("is one for all attempts, in the order of time", () => {
    const line = joined([at([0, 1], [1, 2]), at([5, 6], [7, NaN], { isSuperseded: true })])!;

    expect([...line.x]).toEqual([0, 1, 5, 6]);
    expect(line.count).toBe(4);
    expect(line.bad).toBe(1);
    expect(joined([])).toBeNull();
  });
});

describe("devices", () => {
  const names = [
    "sys/gpu.0.power_watts",
    "sys/gpu.0.utilization_percent",
    "sys/gpu.0.utilization_percent@node-2",
    "sys/cpu.percent@node-2",
  ];

  it("are those of one host each", () => {
    const groups = groupDevices(names);

    expect(groups.map(({ host, kind }) => `${host}:${kind}`)).toEqual([
      ":gpu",
      "node-2:gpu",
      "node-2:cpu",
    ]);
    expect(mainOf(groups[0]!.names)[0]).toBe("sys/gpu.0.utilization_percent");
    expect(mainOf(groups[2]!.names)).toEqual(["sys/cpu.percent@node-2"]);
  });

  it("know how much memory there is", () => {
    expect(totalOf("sys/gpu.1.memory_used_bytes@b")).toBe("sys/gpu.1.memory_total_bytes@b");
    expect(totalOf("sys/memory.used_bytes")).toBe("");
  });
});

function streamOf(over: Partial<Stream>): Stream {
  return {
    id: "s",
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
  };
}

describe("phases", () => {
  it("are one row for each process, with its attempts", () => {
    const streams = [
      streamOf({ rank: 1, host: "b" }),
      streamOf({ ended_ns: 10e9, state: "killed", reason: "out of memory" }),
      streamOf({ attempt: 2, started_ns: 20e9 }),
      streamOf({ role: "agent" }),
    ];
    const summary = runOf({ ended_ns: 60e9 });

    const rows = processRows({ summary, streams } as Run);

    expect(rows.map(({ host, rank }) => host + rank)).toEqual(["box0", "b1"]);
    expect(rows[0]!.attempts).toMatchObject([
      { attempt: 1, from: 0, to: 10, state: "killed" },
      { attempt: 2, from: 20, to: 60, state: null },
    ]);
    expect(phaseAt(rows[0]!.attempts, 15)).toBeNull();
    expect(phaseAt(rows[0]!.attempts, 30)?.attempt).toBe(2);
  });

  it("are epochs, counted from 1, gone over again where training was", () => {
    const track = at([0, 1, 2, 3, 4, 5], [0, 0.5, 1, 1.5, 0.5, 1]);

    expect(epochsOf([track])).toEqual([
      { epoch: 1, from: 0, to: 2 },
      { epoch: 2, from: 2, to: 4 },
      { epoch: 1, from: 4, to: 5 },
      { epoch: 2, from: 5, to: 5 },
    ]);
    expect(epochsOf([])).toEqual([]);
  });

  it("are marked by validations, checkpoints and alerts", () => {
    const saved = { time_ns: 3e9, step: 30, holds: ["best"] } as unknown as CheckpointSummary;
    const alert = {
      time_ns: 9e9,
      step: null,
      title: "x",
      level: "info",
      text: "",
      kind: "",
    } as const;

    const marks = marksOf(1e9, [at([2.5])], [saved], [alert]);

    expect(marks.map(({ kind, at }) => [kind, at])).toEqual([
      ["best", 2],
      ["validation", 2.5],
      ["alert", 8],
    ]);
    expect(marksNear(marks, 2.1, 1).map(({ kind }) => kind)).toEqual(["best", "validation"]);
    expect(marksNear(marks, 5, 1)).toEqual([]);
  });
});

describe("the clock", () => {
  // Step 20 was reached, then training went back to 10 and on to 30.
  const clock = clockOf(
    {
      step: [0, 10, 20, 12, 30],
      time_ns: [100e9, 110e9, 120e9, 130e9, 148e9],
      is_superseded: [false, false, true, false, false],
    },
    100e9,
  );

  it("knows the step of a time, and nothing beyond what was measured", () => {
    expect(stepAt(clock, 5)).toBe(5);
    expect(stepAt(clock, 25)).toBe(20);
    expect(stepAt(clock, -1)).toBeNull();
    expect(stepAt(clock, 49)).toBeNull();
  });

  it("knows when the run was at a step that counts", () => {
    expect(secondsAt(clock, 10)).toBe(10);
    expect(secondsAt(clock, 21)).toBe(39);
    expect(secondsAt(clock, 31)).toBeNull();
  });

  it("completes a place on any axis", () => {
    expect(complete(clock, { relative: 5 })).toEqual({ relative: 5, time: 105, step: 5 });
    expect(complete(clock, { step: 10 })).toEqual({ step: 10, relative: 10, time: 110 });
    expect(complete(clock, { metric: 3 })).toEqual({ metric: 3 });
    expect(complete(clock, { step: 99 })).toEqual({ step: 99 });
  });
});

describe("troubles", () => {
  const use = "sys/gpu.0.utilization_percent@box";

  it("are long idle stretches; short ones and gaps are none", () => {
    const x = [0, 20, 40, 60, 80, 100, 120, 140, 900, 920, 940];
    const track = at(x, [90, 5, 5, 5, 90, 5, 90, 90, 5, 5, 90]);

    expect(troublesOf(use, track, 100)).toEqual([{ kind: "idle", from: 10, to: 70 }]);
    expect(troubledS(troublesOf(use, track, 100))).toBe(60);
    expect(troublesOf("sys/cpu.percent", track, 100)).toEqual([]);
  });

  it("are full memory where it is known how much there is, and heat", () => {
    const memory = "sys/gpu.0.memory_used_bytes";

    expect(troublesOf(memory, at([0, 10], [90, 96]), 100)).toEqual([
      { kind: "full", from: 5, to: 15 },
    ]);
    expect(troublesOf(memory, at([0, 10], [90, 96]), null)).toEqual([]);
    expect(troublesOf("sys/memory.percent", at([0, 10], [NaN, 96]), 100)).toHaveLength(1);
    expect(troublesOf("sys/gpu.1.temperature_celsius", at([0], [88]), null)).toHaveLength(1);
  });

  it("are what keeps the clocks of a GPU down", () => {
    const slow = "sys/gpu.12.slowed_by_power@box";

    expect(troublesOf(slow, at([0, 10, 20, 30], [0, 0.2, 1, 0]), null)).toEqual([
      { kind: "power", from: 5, to: 25 },
    ]);
    expect(troublesOf("sys/gpu.0.slowed_by_magic", at([0], [1]), null)).toEqual([]);
  });

  it("are processes far behind the others", () => {
    expect(stragglersOf([90, 88, 40, null, 91])).toEqual([false, false, true, false, false]);
    expect(stragglersOf([5])).toEqual([false]);
    expect(stragglersOf([])).toEqual([]);
  });
});
