import { describe, expect, it } from "vitest";

import {
  flowGrid,
  flowMetrics,
  histogramOf,
  layerOf,
  moduleOf,
  moduleRows,
  ratioRange,
  warningsOf,
} from "../src/run/flow";
import { trackOf } from "./build";

describe("flowMetrics", () => {
  it("finds the layers of a quantity, in the order of their numbers", () => {
    const names = [
      "grad/norm",
      "grad/norm/block.10",
      "grad/norm/block.2",
      "opt/1/grad/norm/head",
      "param/norm/block.2",
      "param/update_ratio/block.2",
    ];

    expect(flowMetrics(names, "gradient")).toEqual([
      "grad/norm/block.2",
      "grad/norm/block.10",
      "opt/1/grad/norm/head",
    ]);
    expect(flowMetrics(names, "ratio")).toEqual(["param/update_ratio/block.2"]);
    expect(layerOf("opt/1/grad/norm/head", "gradient")).toBe("opt/1/head");
  });
});

describe("flowGrid", () => {
  it("puts layers with steps of their own on one grid and counts what is not finite", () => {
    const a = trackOf([1, 3, NaN], { name: "a", x: Float64Array.of(0, 1, 10) });
    const b = trackOf([5], { name: "b", x: Float64Array.of(9) });

    const { columns, rows } = flowGrid([a, b], ["a", "b", "gone"], 2);

    expect(columns.map((column) => [column.first_step, column.last_step])).toEqual([
      [0, 5],
      [5, 10],
    ]);
    expect(rows.map((row) => row.magnitude)).toEqual([
      [2, null],
      [null, 5],
      [null, null],
    ]);
    expect(rows[0]!.nonfinite).toEqual([0, 1]);
  });

  it("has no column without points", () => {
    expect(flowGrid([], ["a"], 10)).toEqual({ columns: [], rows: [] });
  });
});

describe("warningsOf", () => {
  it("names layers that are far from the others, by their newest value", () => {
    const row = (name: string, values: (number | null)[], bad = 0) => ({
      name,
      magnitude: values,
      zeros: [],
      nonfinite: [bad],
    });

    const warnings = warningsOf([
      row("a", [1e-9, 1]),
      row("b", [1, 1e-5, null]),
      row("c", [2]),
      row("d", [5000]),
      row("e", [1], 3),
      row("f", [0.9]),
    ]);

    expect([...warnings]).toEqual([
      ["b", "vanishing"],
      ["d", "exploding"],
      ["e", "broken"],
    ]);
  });
});

describe("modules", () => {
  it("are what stands up to the first number, or the first part", () => {
    expect(
      ["block.3.attn.weight", "stem.weight", "head", "block.10", "a.layers.2.b.1.w"].map(moduleOf),
    ).toEqual(["block.3", "stem", "head", "block", "a.layers.2"]);
  });

  it("have the norm of their layers together, and all that is not finite", () => {
    const row = (name: string, magnitude: (number | null)[], zeros: (number | null)[]) => ({
      name,
      magnitude,
      zeros,
      nonfinite: [1, 0],
    });
    const rows = [
      row("a.x", [3, null], [0, 1]),
      row("a.y", [4, 2], [1, null]),
      row("b", [1, 1], [0, 0]),
    ];

    expect(moduleRows(rows, moduleOf, true)).toEqual([
      { name: "a", magnitude: [5, 2], zeros: [0.5, 1], nonfinite: [2, 0] },
      { name: "b", magnitude: [1, 1], zeros: [0, 0], nonfinite: [1, 0] },
    ]);
    expect(moduleRows(rows, moduleOf, false)[0]!.magnitude).toEqual([4, 2]);
  });

  it("colour the ratio around a thousandth", () => {
    const rows = (...magnitude: (number | null)[]) => [
      { name: "a", magnitude, zeros: [], nonfinite: [] },
    ];

    expect(ratioRange(rows(null, 0, 2e-3))).toEqual([-4, -2]);
    expect(ratioRange(rows(1e-5)).map(Math.round)).toEqual([-5, -1]);
    expect(ratioRange(rows(1e-30))).toEqual([-6, 0]);
    expect(histogramOf("opt/1/grad/norm/head", "gradient")).toBe("opt/1/grad/histogram/head");
  });
});
