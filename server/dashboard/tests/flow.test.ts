import { describe, expect, it } from "vitest";

import { flowGrid, flowMetrics, layerOf, warningsOf } from "../src/run/flow";
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
