import { describe, expect, it } from "vitest";

import { placesOf, readAt, writeAt } from "../src/charts/foot/annotations";

const same = <Place>(place: Place) => place;

describe("where something is written", () => {
  it("is read as it is shown, on every axis", () => {
    expect(readAt("step", writeAt("step", 41.6))).toBe(42);
    expect(readAt("relative", writeAt("relative", 1.2345))).toBe(1.234);
    expect(readAt("time", writeAt("time", 1_700_000_000))).toBe(1_700_000_000);
    expect(readAt("step", "")).toBeNull();
    expect(readAt("step", "1e999")).toBeNull();
    expect(readAt("time", "soon")).toBeNull();
  });

  it("is of each run's own time", () => {
    const began = { r: 1e9, s: 5e9 };

    expect(placesOf(["r", "s"], "relative", 2, same, began)).toEqual([
      { run: "r", step: null, time_ns: 3e9 },
      { run: "s", step: null, time_ns: 7e9 },
    ]);
    expect(placesOf(["r"], "step", 8, same, began)).toEqual([{ run: "r", step: 8, time_ns: null }]);
    const complete = (place: object) => ({ ...place, step: 3, relative: 2, time: 3 });
    expect(placesOf(["r"], "step", 3, complete, began)).toEqual([
      { run: "r", step: 3, time_ns: 3e9 },
    ]);
  });
});
