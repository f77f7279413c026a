import { describe, expect, it } from "vitest";

import type { Run, RunSummary } from "../src/api/types";
import { compareRows, deltaOf, foldedRows, isSame, markdownOf } from "../src/compare/differences";
import { metricOf, runOf } from "./build";

function wholeOf(summary: Partial<RunSummary>, over: Partial<Run> = {}): Run {
  return {
    summary: runOf(summary),
    command: ["train.py"],
    folder: "/home/ada",
    python: "3.11.7",
    mltrack: "0.1.0",
    notes: [],
    facts: {},
    devices: {},
    streams: [],
    losses: [],
    alerts: [],
    traceback: "",
    next_device: null,
    thinned: null,
    misnamed: 0,
    histograms: 0,
    checkpoints: 0,
    ...over,
  } as Run;
}

describe("isSame", () => {
  it.each([
    [0.001, "1e-3", true],
    [0.001, "0.0010", true],
    [NaN, NaN, true],
    [1, true, false],
    [1, "one", false],
    [0, "", false],
    [null, undefined, false],
    [[1, "2"], [1, 2], true],
    [[1], [1, 2], false],
  ])("%j and %j: %s", (a, b, same) => {
    expect(isSame(a, b)).toBe(same);
  });
});

describe("deltaOf", () => {
  it.each([
    [0.9, 1, "min", "−0.1 (−10 %)", true],
    [0.9, 1, "max", "−0.1 (−10 %)", false],
    [3, -2, null, "+5 (+250 %)", null],
    [3, 0, null, "+3", null],
  ] as const)("%d against %d, better is %s", (value, base, direction, text, isBetter) => {
    expect(deltaOf(value, base, direction)).toEqual({ text, isBetter });
  });

  it("is silent where there is nothing to say", () => {
    expect(deltaOf(1, 1, "min")).toBeNull();
    expect(deltaOf("a", 1, null)).toBeNull();
    expect(deltaOf(NaN, 1, "min")).toBeNull();
  });
});

describe("compareRows", () => {
  const runs = [
    wholeOf(
      { params: { lr: 0.001, same: 1 }, metrics: { "val/loss": { ...metricOf(0.5), min: 0.4 } } },
      { facts: { git: { commit: "aaa", diff: "-a\n+b\n+c" } } },
    ),
    wholeOf(
      { params: { lr: "1e-3", same: 1, extra: "x" }, metrics: { "val/loss": metricOf(0.6) } },
      { facts: { git: { commit: "aaa" }, cuda: { version: "12" } } },
    ),
  ];
  const different = (summary: "last" | "best") =>
    compareRows(runs, summary).filter((row) => row.isDifferent);

  it("finds what differs, by what values mean and not by how they are written", () => {
    const rows = different("last");

    expect(rows.map((row) => row.name)).toEqual(["extra", "val/loss", "cuda.version", "patch"]);
    expect(rows[0]!.values).toEqual([undefined, "x"]);
    expect(rows[3]!.values[0]).toMatch(/^\+2 −1 /);
  });

  it("takes the best by the direction of the metric", () => {
    expect(different("best").find((row) => row.name === "val/loss")!.values).toEqual([0.4, 0.6]);
  });

  it("becomes a table in Markdown that no value can break", () => {
    const rows = compareRows(
      [wholeOf({ params: { a: "x|y\nz", n: 1 } }), wholeOf({ params: { a: "b", n: 2 } })],
      "last",
    ).filter((row) => row.isDifferent);

    expect(markdownOf(rows, ["one", "two"], 0)).toBe(
      [
        "|  | one | two |",
        "| --- | --- | --- |",
        "| a | x\\|y z | b |",
        "| n | 1 | 2 +1 (+100 %) |",
      ].join("\n"),
    );
  });
});

describe("foldedRows", () => {
  it("puts many rows of one prefix together, few stay as they are", () => {
    const names = ["lr", ...Array.from({ length: 8 }, (_, at) => `model.${at}`), "opt.a", "opt.b"];
    const row = (name: string) => ({
      section: "params" as const,
      name,
      values: [],
      isDifferent: true,
      direction: null,
    });

    expect(foldedRows(names.map(row)).map(({ prefix, rows }) => [prefix, rows.length])).toEqual([
      ["", 1],
      ["model.", 8],
      ["", 2],
    ]);
    const metrics = names.map((name) => ({ ...row(name), section: "metrics" as const }));
    expect(foldedRows(metrics)).toHaveLength(1);
  });
});
