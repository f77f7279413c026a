import { describe, expect, it } from "vitest";

import { orAll, scaled } from "../src/charts/gestures";
import { apart, roomForNames } from "../src/charts/marks";
import type { Line } from "../src/charts/model";
import { outOf, visit } from "../src/charts/zooms";

describe("zooms", () => {
  it("go back by one window, and from the widest to everything", () => {
    visit(null);
    for (const window of [
      [0, 100],
      [200, 300],
      [20, 60],
      [30, 40],
    ] as const)
      visit(window);

    expect(outOf([30, 40])).toEqual([20, 60]);
    expect(outOf([20, 60])).toEqual([0, 100]);
    expect(outOf([0, 100])).toBeNull();
    expect(outOf(null)).toBeNull();
    visit(null);
    expect(outOf([30, 40])).toBeNull();
  });
});

describe("the wheel", () => {
  it("keeps what the pointer is at where it is", () => {
    expect(scaled([0, 100], 25, 2)).toEqual([-25, 175]);
    expect(scaled([0, 100], 100, 0.5)).toEqual([50, 100]);
  });

  it("ends at everything there is, not at an end of it", () => {
    expect(orAll([-50, 150], 0, 100)).toBeNull();
    expect(orAll([50, 150], 50, 100)).toEqual([50, 150]);
  });
});

describe("names at the ends of lines", () => {
  it("lie apart, in the order of the lines, and within the chart", () => {
    expect(apart([50, 10, 52], 12, 10, 200)).toEqual([50, 10, 62]);
    expect(apart([199, 200, 198], 12, 10, 200)).toEqual([188, 200, 176]);
  });

  it("have room beside the chart, if they are few and it is wide", () => {
    const lines = (count: number, label: string) =>
      Array.from({ length: count }, () => ({ label, track: { name: "loss" } }) as Line);

    expect(roomForNames(lines(2, "calm-fox"), 600)).toBeGreaterThan(40);
    expect(roomForNames(lines(2, "a name that is far too long to be shown"), 600)).toBeLessThan(
      130,
    );
    expect(roomForNames(lines(1, "calm-fox"), 600)).toBe(0);
    expect(roomForNames(lines(9, "calm-fox"), 600)).toBe(0);
    expect(roomForNames(lines(2, "calm-fox"), 300)).toBe(0);
  });
});
