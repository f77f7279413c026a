import { describe, expect, it } from "vitest";

import type { Curve } from "../src/api/types";
import {
  accuracyOf,
  aligned,
  cellAt,
  difference,
  layoutOf,
  matrixOf,
  mistakesOf,
  normalised,
  scoresOf,
} from "../src/evaluation/confusion";
import {
  cornersOf,
  drawnOf,
  firstShown,
  meanArea,
  nearestPoint,
  pointsOf,
} from "../src/evaluation/curves";

const three = matrixOf({
  labels: ["cat", "dog", "owl"],
  columns: [[0, 1], [1], []],
  counts: [[3, 1], [4], []],
});

describe("a confusion matrix", () => {
  it("adds up by true class and by what was predicted", () => {
    expect([...three.rowSums]).toEqual([4, 4, 0]);
    expect([...three.columnSums]).toEqual([3, 5, 0]);
    expect(three.total).toBe(8);
    expect(accuracyOf(three)).toBe(7 / 8);
  });

  it("is counts, or shares of a row or a column", () => {
    const values = (norm: "count" | "row" | "column") =>
      normalised(three, norm).map(({ value }) => value);
    expect(values("count")).toEqual([3, 1, 4]);
    expect(values("row")).toEqual([0.75, 0.25, 1]);
    expect(values("column")).toEqual([1, 0.2, 0.8]);
  });

  it("says of a class that did not occur, or was never predicted, that it has no score", () => {
    expect(scoresOf(three)).toEqual([
      { label: "cat", samples: 4, recall: 0.75, precision: 1, f1: 6 / 7 },
      { label: "dog", samples: 4, recall: 1, precision: 0.8, f1: 8 / 9 },
      { label: "owl", samples: 0, recall: null, precision: null, f1: null },
    ]);
    expect(mistakesOf(three, 9)).toEqual([{ row: 0, column: 1, value: 1 }]);
  });

  it("is of nothing where nothing was counted", () => {
    expect(accuracyOf(matrixOf({ labels: ["a"], columns: [[]], counts: [[]] }))).toBeNull();
  });
});

describe("the difference of two matrices", () => {
  const other = matrixOf({
    labels: ["dog", "cat", "elk"],
    columns: [[0], [1], [1]],
    counts: [[4], [2], [5]],
  });

  it("is of the classes of both, found by their names", () => {
    const [a, b] = aligned(three, other);
    expect(a.labels).toEqual(["cat", "dog", "owl", "elk"]);
    expect(b.labels).toEqual(a.labels);
    expect(b.cells).toEqual([
      { row: 1, column: 1, value: 4 },
      { row: 0, column: 0, value: 2 },
      { row: 3, column: 0, value: 5 },
    ]);
    expect([...b.rowSums]).toEqual([2, 4, 0, 5]);
  });

  it("has only the cells that differ", () => {
    const [a, b] = aligned(three, other);
    expect(difference(a.cells, b.cells, 4)).toEqual([
      { row: 0, column: 0, value: 1 },
      { row: 0, column: 1, value: 1 },
      { row: 3, column: 0, value: -5 },
    ]);
    expect(difference(a.cells, a.cells, 4)).toEqual([]);
  });
});

describe("the place of a matrix", () => {
  it("is a square with room for names, and no larger than it need be", () => {
    expect(layoutOf(800, 2, 40)).toEqual({ left: 48, bottom: 20, side: 112, size: 56, every: 1 });
    const many = layoutOf(800, 1000, 60);
    expect(many.side).toBe(640);
    expect(many.every * many.size).toBeGreaterThanOrEqual(13);
    expect(layoutOf(300, 10, 400).side).toBeLessThanOrEqual(300);
  });

  it("tells which cell is at a pixel, and that none is beside it", () => {
    const layout = layoutOf(800, 4, 40);
    expect(cellAt(48, 0, 4, layout)).toEqual([0, 0]);
    expect(cellAt(48 + 223, 60, 4, layout)).toEqual([1, 3]);
    expect(cellAt(47, 0, 4, layout)).toBeNull();
    expect(cellAt(60, 224, 4, layout)).toBeNull();
    const tiny = layoutOf(800, 10_000, 40);
    expect(cellAt(48 + 639.9, 639.9, 10_000, tiny)).toEqual([9998, 9998]);
  });
});

const curve: Curve = {
  label: "cat",
  positives: 4,
  negatives: 2,
  area: 0.75,
  true: [2, 3, 4],
  false: [0, 2, 2],
  thresholds: [0.9, 0.5, "-Infinity"],
};
const style = { colour: "--hue-0", dash: [] };

describe("a curve", () => {
  it("is drawn from where nothing passes", () => {
    expect(pointsOf("roc", curve).map(({ x, y }) => [x, y])).toEqual([
      [0, 0],
      [0, 0.5],
      [1, 0.75],
      [1, 1],
    ]);
    expect(pointsOf("pr", curve).map(({ x, y }) => [x, y])).toEqual([
      [0, 1],
      [0.5, 1],
      [0.75, 0.6],
      [1, 4 / 6],
    ]);
    expect(pointsOf("roc", curve).at(-1)!.threshold).toBe(-Infinity);
    expect(pointsOf("roc", { ...curve, true: [], false: [], thresholds: [] })).toEqual([]);
  });

  it("of precision is steps whose area is the average that is recorded", () => {
    const corners = cornersOf("pr", pointsOf("pr", curve));
    const area = corners.slice(1).reduce((sum, [x, y], at) => sum + (x - corners[at]![0]) * y, 0);
    expect(area).toBeCloseTo(0.5 * 1 + 0.25 * 0.6 + 0.25 * (4 / 6), 12);
  });

  it("is found by the point that is nearest, if one is near", () => {
    const drawn = [drawnOf("roc", curve, "a", "cat", style)];
    expect(nearestPoint(drawn, 0.02, 0.52, 0.1)?.point.threshold).toBe(0.9);
    expect(nearestPoint(drawn, 0.5, 0.1, 0.1)).toBeNull();
  });
});

describe("many curves", () => {
  const drawn = [0.9, 0.5, null, 0.7].map((area, at) =>
    drawnOf("roc", { ...curve, area }, String(at), "", style),
  );

  it("are the lowest at first, and those that have no area never", () => {
    expect([...firstShown(drawn, 2)]).toEqual(["1", "3"]);
    expect([...firstShown(drawn, 9)].sort()).toEqual(["0", "1", "3"]);
  });

  it("have a mean area of those that have one", () => {
    expect(meanArea(drawn)).toBeCloseTo(0.7, 12);
    expect(meanArea([])).toBeNull();
  });
});
