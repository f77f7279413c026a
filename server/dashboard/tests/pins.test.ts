import { describe, expect, it } from "vitest";

import { formatDistance, parsePins, pinToggled, readPins } from "../src/charts/pins";
import type { Line } from "../src/charts/model";
import { trackOf } from "./build";

const line = (label: string, values: number[]): Line => ({
  track: trackOf(values, { run: label }),
  label,
  style: { colour: "--hue-0", dash: [] },
  members: [label],
});

describe("pins", () => {
  it("are at most two different numbers, whatever the address says", () => {
    expect(parsePins("5,x,5,-2,9")).toEqual([5, -2]);
    expect(parsePins("")).toEqual([]);
    expect(parsePins("Infinity,")).toEqual([]);
  });

  it("come and go; a third takes the place of the second", () => {
    expect(pinToggled([], 5)).toEqual([5]);
    expect(pinToggled([5, 9], 5)).toEqual([9]);
    expect(pinToggled([5, 9], 12)).toEqual([5, 12]);
  });

  it("read each line where it reaches, in the lines' order", () => {
    const rows = readPins([line("short", [4, 5]), line("long", [1, 2, 3, 4, 5, 6])], [1, 5]);
    expect(rows.map(({ line, values }) => [line.label, ...values])).toEqual([
      ["short", 5, null],
      ["long", 2, 6],
    ]);
    expect(readPins([line("short", [4, 5])], [100])).toEqual([]);
  });

  it("are so far apart as the axis counts", () => {
    expect(formatDistance(100, 1600, "step")).toBe("+1,500");
    expect(formatDistance(60, 30, "relative")).toBe("−30 s");
  });
});
