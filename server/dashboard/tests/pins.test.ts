import { describe, expect, it } from "vitest";

import {
  axisOf,
  formatDistance,
  parsePins,
  pinToggled,
  readPins,
  writePins,
} from "../src/charts/pins";
import type { Line } from "../src/charts/model";
import { trackOf } from "./build";

const line = (label: string, values: number[]): Line => ({
  track: trackOf(values, { run: label }),
  label,
  style: { colour: "--hue-0", dash: [] },
  members: [label],
});

const step = (at: number) => ({ x: "step" as const, at });

describe("pins", () => {
  it("are at most two different places, whatever the address says", () => {
    const steps = (text: string) => parsePins(text, "step").map((pin) => pin.at);

    expect(steps("5,x,5,-2,9")).toEqual([5, -2]);
    expect(steps("")).toEqual([]);
    expect(steps("Infinity,,sideways:3,step:")).toEqual([]);
  });

  it("are on the axis of the address unless they name another", () => {
    const pins = [step(120), { x: "relative" as const, at: 3.5 }];

    expect(writePins(pins, axisOf(""))).toBe("120,relative:3.5");
    expect(writePins(pins, axisOf("relative"))).toBe("step:120,3.5");
    for (const x of ["step", "relative", "metric"] as const)
      expect(parsePins(writePins(pins, x), x)).toEqual(pins);
  });

  it("know what an axis counts", () => {
    expect(["", "time", "epoch", "m:tokens", "nonsense"].map(axisOf)).toEqual([
      "step",
      "time",
      "metric",
      "metric",
      "step",
    ]);
  });

  it("come and go; a third takes the place of the second", () => {
    expect(pinToggled([], step(5))).toEqual([step(5)]);
    expect(pinToggled([step(5), step(9)], step(5))).toEqual([step(9)]);
    expect(pinToggled([step(5), step(9)], step(12))).toEqual([step(5), step(12)]);
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
