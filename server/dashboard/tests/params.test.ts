import { describe, expect, it } from "vitest";

import {
  axisOf,
  inverted,
  labelOf,
  MISSING,
  NOT_FINITE,
  placeAt,
  valueAt,
  valuesOf,
} from "../src/params/axes";
import {
  brushBetween,
  holds,
  readBrushes,
  selectedBy,
  withBrush,
  withRange,
} from "../src/params/brushes";
import { drawingOrder, NO_STEP, stepsOf } from "../src/params/colour";
import { axisNear, placeOf, runNear, xOf, yOf } from "../src/params/geometry";
import { sortedRows } from "../src/params/ParamsTable";
import { resultOf } from "../src/params/results";
import { defaultAxes, moved, splitKeys } from "../src/params/view";

describe("axisOf", () => {
  it("puts numbers between their least and greatest", () => {
    const axis = axisOf("params.depth", [2, 4, null, 6, NaN, Infinity]);
    expect(axis.scale).toBe("linear");
    expect([...axis.places]).toEqual([0, 0.5, MISSING, 1, NOT_FINITE, NOT_FINITE]);
    expect([axis.missing, axis.nonfinite]).toEqual([1, 2]);
    expect(axis.ticks.map((tick) => tick.label)).toEqual(["2", "3", "4", "5", "6"]);
  });

  it.each([
    ["params.depth", [1, 50], "linear"],
    ["params.depth", [1, 100], "log"],
    ["params.optimizer.lr", [0.001, 0.01], "log"],
    ["params.learning_rate", [0.001, 0.01], "log"],
    ["params.color", [0.001, 0.01], "linear"],
    ["params.lr", [0, 0.01], "linear"],
    ["params.lr", [0.01, 0.01], "linear"],
  ])("finds the scale of %s from %j: %s", (key, values, scale) => {
    expect(axisOf(key, values).scale).toBe(scale);
  });

  it("can be put on the other scale, where there is one", () => {
    expect(axisOf("params.lr", [0.001, 0.1], true).scale).toBe("linear");
    expect(axisOf("params.depth", [1, 3], true).scale).toBe("log");
    expect(axisOf("params.depth", [0, 3], true).scale).toBe("linear");
  });

  it("puts magnitudes at even distances", () => {
    const axis = axisOf("params.lr", [1e-5, 1e-3, 1e-1]);
    expect(axis.places[1]).toBeCloseTo(0.5);
    expect(axis.ticks.map((tick) => tick.label)).toEqual([
      "1e-5",
      "0.0001",
      "0.001",
      "0.01",
      "0.1",
    ]);
    expect(placeAt(axis, valueAt(axis, 0.3))).toBeCloseTo(0.3);
  });

  it("puts kinds at even distances, in the order of people", () => {
    const axis = axisOf("params.size", ["s10", "s2", null, "s2"]);
    expect(axis.kinds).toEqual(["s2", "s10"]);
    expect([...axis.places]).toEqual([0.75, 0.25, MISSING, 0.25]);
  });

  it("tells values apart that look alike", () => {
    expect(axisOf("params.a", [1, "1", true]).kinds).toHaveLength(3);
  });

  it("stands in the middle where all are the same, and is empty without values", () => {
    expect([...axisOf("params.a", [5, 5]).places]).toEqual([0.5, 0.5]);
    expect([...axisOf("params.a", [null, null]).places]).toEqual([MISSING, MISSING]);
    expect(axisOf("params.a", []).ticks.length).toBeGreaterThan(0);
  });

  it("takes ten thousand runs", () => {
    const axis = axisOf(
      "params.a",
      Array.from({ length: 10_000 }, (_, run) => run),
    );
    expect(axis.places[9_999]).toBe(1);
  });
});

it("reads the numbers that JSON has no word for", () => {
  const values = valuesOf({ key: "k", values: [1, "NaN", "NaN", "-Infinity"], nonfinite: [1, 3] });
  expect(values).toEqual([1, NaN, "NaN", -Infinity]);
});

it.each([
  ["params.optimizer.lr", "optimizer.lr"],
  ['params["a, b"]', "a, b"],
  ['metrics["x.max"].min', "x.max.min"],
  ["metrics.val/loss.best", "val/loss.best"],
  ["duration", "duration"],
])("calls %s %s", (key, label) => {
  expect(labelOf(key)).toBe(label);
});

describe("brushes", () => {
  const keys = ["params.lr", "params.kind", 'params["a b"]'];

  it("are conditions of the filter, and what is left is the rest", () => {
    const filter =
      'tags has "x" and params.lr >= 0.001 and params.lr <= 0.1 and params.kind in ["a", "b c"]';
    const { brushes, rest } = readBrushes(filter, keys);
    expect(rest).toBe('tags has "x"');
    expect([...brushes]).toEqual([
      ["params.lr", { kind: "range", low: 0.001, high: 0.1 }],
      ["params.kind", { kind: "kinds", values: ["a", "b c"] }],
    ]);
  });

  it.each(["params.lr < 1", "params.lr >= x", "params.lrr >= 1", "params.kind in [a]", "a or b"])(
    "%s is a condition like any other",
    (filter) => {
      expect(readBrushes(filter, keys)).toEqual({ brushes: new Map(), rest: filter });
    },
  );

  it.each([
    ["", "params.lr >= 0.1 and params.lr <= 1"],
    ["params.lr >= 5 and resnet", "resnet and params.lr >= 0.1 and params.lr <= 1"],
    ["a or b", "(a or b) and params.lr >= 0.1 and params.lr <= 1"],
    ["params.lr = null", "params.lr >= 0.1 and params.lr <= 1"],
  ])("replace the one of the same axis in %j", (before, after) => {
    const brush = { kind: "range", low: 0.1, high: 1 } as const;
    expect(withBrush(before, "params.lr", brush)).toBe(after);
    expect(readBrushes(after, keys).brushes.get("params.lr")).toEqual(brush);
  });

  it("come back as they were written", () => {
    const kinds = { kind: "kinds", values: ["it's", 'a "b"', 3, true] } as const;
    const missing = { kind: "missing" } as const;
    const filter = withBrush(withBrush("", 'params["a b"]', kinds), "params.lr", missing);
    const { brushes, rest } = readBrushes(filter, keys);
    expect([brushes.get('params["a b"]'), brushes.get("params.lr"), rest]).toEqual([
      kinds,
      missing,
      "",
    ]);
    expect(withBrush(filter, "params.lr", null)).not.toContain("null");
  });

  it("hold what the server would find", () => {
    const range = { kind: "range", low: 1, high: null } as const;
    expect([0.5, 1, NaN, null, "2", true].map((value) => holds(range, value))).toEqual([
      false,
      true,
      false,
      false,
      false,
      false,
    ]);
    const kinds = { kind: "kinds", values: [1, "a"] } as const;
    expect([1, "1", "a", true, null].map((value) => holds(kinds, value))).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
    expect(holds({ kind: "missing" }, null)).toBe(true);
  });

  it("round outwards, so that what is seen within is within", () => {
    const axis = axisOf("params.lr", [1e-4, 1e-1]);
    const brush = brushBetween(axis, 0.61, 0.2)!;
    if (brush.kind !== "range") throw new Error("a range is of numbers");
    expect(brush.low!).toBeLessThanOrEqual(valueAt(axis, 0.2));
    expect(brush.high!).toBeGreaterThanOrEqual(valueAt(axis, 0.61));
    expect(String(brush.low).length).toBeLessThan(9);
  });

  it("have no bound where they reach the end of the axis", () => {
    const axis = axisOf("params.a", [0, 10]);
    expect(brushBetween(axis, 0, 0.5)).toEqual({ kind: "range", low: null, high: 5 });
    expect(brushBetween(axis, 0, 1)).toBeNull();
  });

  it("of kinds hold those whose ticks they reach", () => {
    const axis = axisOf("params.kind", ["a", "b", "c"]);
    expect(brushBetween(axis, 0.4, 1)).toEqual({ kind: "kinds", values: ["b", "c"] });
    expect(brushBetween(axis, 0.2, 0.3)).toBeNull();
    expect(brushBetween(axisOf("params.l", [["a"], ["b"]]), 0, 1)).toBeNull();
  });

  it("select the runs that are in all of them", () => {
    const axes = [axisOf("params.lr", [1, 2, 3]), axisOf("params.kind", ["a", "b", null])];
    const { brushes } = readBrushes('params.lr >= 2 and params.kind in ["b"]', keys);
    expect([...selectedBy(axes, brushes, 3)]).toEqual([0, 1, 0]);
  });
});

describe("geometry", () => {
  it("finds the axis, the place and the run under the pointer", () => {
    const axes = [axisOf("params.a", [0, 10, null]), axisOf("params.b", [0, 10, 5])];
    const all = new Uint8Array([1, 1, 1]);
    const middle = (xOf(0, 2, 600) + xOf(1, 2, 600)) / 2;
    expect(axisNear(xOf(1, 2, 600) - 9, 2, 600)).toBe(1);
    expect(placeOf(yOf(0.25))).toBeCloseTo(0.25);
    expect(placeOf(yOf(MISSING))).toBe(MISSING);
    expect(runNear(axes, all, 600, middle, yOf(1) + 2)).toBe(1);
    expect(runNear(axes, new Uint8Array([1, 0, 1]), 600, middle, yOf(1))).toBeNull();
    expect(runNear(axes, all, 600, xOf(0, 2, 600), yOf(MISSING))).toBe(2);
  });
});

it("colours by the place, and draws the best last", () => {
  const axis = axisOf("metrics.loss", [0, 10, null]);
  expect([...stepsOf(axis, 3)]).toEqual([0, 11, NO_STEP]);
  expect([...drawingOrder(axis, new Uint8Array([1, 1, 1]), true)].at(-1)).toBe(0);
  expect([...drawingOrder(axis, new Uint8Array([1, 1, 1]), false)].at(-1)).toBe(1);
  expect([...drawingOrder(axis, new Uint8Array([0, 1, 1]), true)][0]).toBe(0);
});

it("sorts rows, those without a value last either way", () => {
  const axis = axisOf("params.a", [2, null, 10, NaN]);
  const all = new Uint8Array([1, 1, 1, 1]);
  const up = sortedRows(all, [axis], { key: "params.a", isDescending: false });
  const down = sortedRows(all, [axis], { key: "params.a", isDescending: true });
  expect(up.slice(0, 2)).toEqual([0, 2]);
  expect(down.slice(0, 2)).toEqual([2, 0]);
});

describe("the address", () => {
  it("names keys, whatever is in their names, and nothing else", () => {
    expect(splitKeys('params.lr,params["a, b"],nonsense!,,metrics.val/loss.min,params.lr')).toEqual(
      ["params.lr", 'params["a, b"]', "metrics.val/loss.min"],
    );
  });

  it("names the result, or leaves it to the most telling metric", () => {
    expect(resultOf(["val/loss"], null)?.key).toBe("metrics.val/loss.best");
    expect(resultOf(["grad"], null)?.key).toBe("metrics.grad");
    expect(resultOf(["val/loss"], "metrics.val/loss.max")).toEqual({
      key: "metrics.val/loss.max",
      metric: "val/loss",
      statistic: "max",
    });
    expect(resultOf([], "duration")?.metric).toBe("");
    expect(resultOf([], null)).toBeNull();
  });
});

it("begins with short names, and without what names each run", () => {
  const key = (name: string, distinct: number, is_number: boolean) => ({
    key: name,
    distinct,
    runs: 50,
    is_number,
  });
  const varying = [
    key("params.f.x.y", 3, true),
    key("params.out", 50, false),
    key("params.seed", 50, true),
  ];
  expect(defaultAxes(varying, "metrics.loss")).toEqual([
    "params.seed",
    "params.f.x.y",
    "metrics.loss",
  ]);
});

it("moves an axis to another place", () => {
  expect(moved(["a", "b", "c"], "a", 2)).toEqual(["b", "c", "a"]);
  expect(moved(["a", "b", "c"], "c", -1)).toEqual(["c", "a", "b"]);
});

describe("a scale of quantiles", () => {
  const axis = axisOf("params.n", [1, 2, 2, 1000, null, NaN], false, true);

  it("gives each run as much room as any other", () => {
    expect(axis.scale).toBe("quantile");
    expect([...axis.places]).toEqual([0, 0.5, 0.5, 1, MISSING, NOT_FINITE]);
    expect([placeAt(axis, 501), valueAt(axis, 0.75)]).toEqual([0.75, 501]);
    expect([placeAt(axis, 0), placeAt(axis, 5000)]).toEqual([0, 1]);
    expect(axis.ticks.map((tick) => tick.label)).toEqual(["1", "2", "1,000"]);
  });

  it("holds what stands between two places, upside down too", () => {
    const brush = { kind: "range", low: null, high: 2 } as const;

    expect(brushBetween(axis, -0.1, 0.5)).toEqual(brush);
    expect(brushBetween(inverted(axis), 0.5, 1)).toEqual(brush);
    expect([...inverted(axis).places]).toEqual([1, 0.5, 0.5, 0, MISSING, NOT_FINITE]);
    expect(placeAt(inverted(axis), 1)).toBe(1);
  });

  it("turns kinds round with their places", () => {
    const kinds = inverted(axisOf("params.k", ["a", "b", "c"]));

    expect(brushBetween(kinds, 0.6, 1)).toEqual({ kind: "kinds", values: ["a"] });
  });
});

describe("several parts of one axis", () => {
  const key = "params.lr";

  it("are one condition of the filter, and are read from it again", () => {
    const two = withRange({ kind: "range", low: null, high: 0.1 }, { low: 1, high: 2 });
    const filter = withBrush('state = "finished"', key, two);

    expect(filter).toBe(
      'state = "finished" and (params.lr <= 0.1 or params.lr >= 1 and params.lr <= 2)',
    );
    expect(readBrushes(filter, [key])).toEqual({
      brushes: new Map([[key, two]]),
      rest: 'state = "finished"',
    });
    expect(withBrush(filter, key, null)).toBe('state = "finished"');
    expect([0.05, 0.5, 1.5, 3].map((value) => holds(two, value))).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(withRange(null, { low: 1, high: null })).toEqual({ kind: "range", low: 1, high: null });
  });

  it("are not what somebody wrote by hand in another way", () => {
    for (const filter of ["(params.lr >= 1 or params.b <= 2)", "(params.lr >= 1 or name = 'a')"])
      expect(readBrushes(filter, [key])).toEqual({ brushes: new Map(), rest: filter });
  });
});
