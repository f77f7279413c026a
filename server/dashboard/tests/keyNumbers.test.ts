import { describe, expect, it } from "vitest";

import type { Run, RunSummary } from "../src/api/types";
import { clockOf } from "../src/run/clock";
import {
  bestOf,
  meanOf,
  paceOf,
  peakMemory,
  placeOfBest,
  plannedSteps,
  secondsLeft,
} from "../src/run/keyNumbers";
import { jsonOf, optionsOf, yamlOf } from "../src/run/paramText";
import { commandsOf } from "../src/run/reproduce";
import { metricOf, runOf, trackOf } from "./build";

const run = (over: Partial<Run>): Run => ({
  summary: runOf(),
  command: [],
  folder: "",
  python: "3.11",
  mltrack: "1",
  notes: [],
  facts: {},
  metrics: 0,
  step: null,
  devices: {},
  histograms: 0,
  media: 0,
  checkpoints: 0,
  files: 0,
  streams: [],
  losses: [],
  alerts: [],
  traceback: "",
  next_device: null,
  thinned: null,
  annotations: [],
  misnamed: 0,
  ...over,
});

describe("the best value", () => {
  it("is known where the name says what is better", () => {
    expect(bestOf("val/loss", metricOf(2, 1))).toEqual({ value: 1, direction: "min" });
    expect(bestOf("val/accuracy", metricOf(2, 1))).toEqual({ value: 1, direction: "max" });
    expect(bestOf("lr", metricOf(2, 1))).toBeNull();
    expect(bestOf("loss", metricOf("NaN", null))).toBeNull();
  });

  it("is looked for in the bucket that holds it, until that is one point", () => {
    const best = { value: 1, direction: "min" } as const;
    const over = { x: Float64Array.of(5, 15, 25), counts: Float64Array.of(10, 10, 1) };

    expect(placeOfBest([trackOf([3, 1, 2], over)], best)).toEqual([5, 25]);
    expect(placeOfBest([trackOf([1, 3, 2], over)], best)).toEqual([-Infinity, 15]);
    expect(placeOfBest([trackOf([3, 2, 1], over)], best)).toEqual([25, 25]);
    expect(placeOfBest([trackOf([3, 2, 4], over)], best)).toBeNull();
    expect(placeOfBest([trackOf([1], { isSuperseded: true })], best)).toBeNull();
  });
});

describe("the pace", () => {
  const clock = clockOf(
    {
      step: [0, 100, 200, 210],
      time_ns: [0, 100e9, 200e9, 300e9],
      is_superseded: [false, false, false, false],
    },
    0,
  );

  it("is that of late while the run goes on, else that of all of it", () => {
    expect(paceOf(clock, false)).toBeCloseTo(0.7);
    expect(paceOf(clock, true)).toBeCloseTo(0.1);
    const one = clockOf({ step: [1], time_ns: [0], is_superseded: [false] }, 0);
    expect(paceOf(one, true)).toBeNull();
  });

  it("tells the time left only where the run has said how far it goes", () => {
    const planned = (params: RunSummary["params"]) =>
      plannedSteps(run({ summary: runOf({ params }) }));

    expect(planned({ "trainer.max_steps": 500, "trainer.epochs": 3 })).toBe(500);
    expect(planned({ "trainer.max_steps": -1, "max_epochs": 3 })).toBeNull();
    expect(planned({ "keras.fit.epochs": 3, "keras.fit.steps_per_epoch": 10 })).toBe(30);
    expect(
      planned({
        "trainer.max_epochs": 3,
        "trainer.accumulate_grad_batches": 4,
        "training.batches_per_epoch": 10,
      }),
    ).toBe(8);
    expect(planned({ total_steps: 70 })).toBe(70);
    expect(planned({ total_steps: "many", my_total_steps: 3 })).toBeNull();
    expect(secondsLeft(20, 70, 2)).toBe(25);
    expect([secondsLeft(70, 70, 2), secondsLeft(20, null, 2), secondsLeft(20, 70, null)]).toEqual([
      null,
      null,
      null,
    ]);
  });
});

describe("what it takes of the machine", () => {
  it("is the most that any GPU and host has held, and the mean of all points", () => {
    const devices = {
      "sys/gpu.0.memory_used_bytes": metricOf(1, 7),
      "sys/gpu.1.memory_used_bytes@b": metricOf(1, 9),
      "sys/gpu.1.memory_total_bytes": metricOf(1, 99),
      "sys/process.memory_bytes": metricOf(1, 5),
    };

    expect(peakMemory(run({ devices }))).toEqual({ gpu: 9, host: 5 });
    expect(peakMemory(run({}))).toEqual({ gpu: null, host: null });
    const track = trackOf([1, NaN, 4], { counts: Float64Array.of(1, 1, 3) });
    expect(meanOf([track])).toBe(13 / 4);
    expect(meanOf([])).toBeNull();
  });
});

describe("parameters as text", () => {
  const tree = {
    "lr": 1e-7,
    "steps": 3,
    "name": "adam w",
    "flag": true,
    "word": "yes",
    "none": null,
    "odd key": "a: b",
    "layers": [64, "no", null],
    "optimizer": { decay: NaN, limit: -Infinity },
  };

  it("is YAML that means the same", () => {
    expect(yamlOf(tree).split("\n")).toEqual([
      "lr: 1.0e-7",
      "steps: 3",
      'name: "adam w"',
      "flag: true",
      'word: "yes"',
      "none: null",
      '"odd key": "a: b"',
      'layers: [64, "no", null]',
      "optimizer:",
      "  decay: .nan",
      "  limit: -.inf",
    ]);
  });

  it("is JSON without a number lost", () => {
    expect(JSON.parse(jsonOf(tree.optimizer))).toEqual({ decay: "NaN", limit: "-Infinity" });
  });

  it("is a command line that a shell takes apart again", () => {
    expect(optionsOf({ "lr": 0.1, "o.name": "it's", "layers": [1, 2], "$x": true })).toBe(
      "--lr 0.1 --o.name 'it'\\''s' --layers '[1,2]' '--$x' true",
    );
  });
});

describe("how to do it again", () => {
  it("is cloning, applying, installing and running, as far as all is known", () => {
    const git = { commit: "abc", root: "/home/ada/net", remote: "git@host:net.git", diff: "-a\n" };
    const made = run({
      summary: runOf({ name: "calm fox" }),
      command: ["train.py", "--name", "a b"],
      folder: "/home/ada/net/examples",
      facts: { git, environment: { torch: "2.9", odd: "" } },
    });

    expect(commandsOf(made)).toEqual([
      "git clone git@host:net.git again",
      "cd again",
      "git checkout abc",
      "git apply calm-fox.patch",
      "cd examples",
      "pip install -r requirements.txt",
      "python train.py --name 'a b'",
    ]);
    expect(commandsOf(run({ command: ["/bin/x"], folder: "/tmp" }))).toEqual(["cd /tmp", "/bin/x"]);
    expect(commandsOf(run({}))).toEqual([]);
  });
});
