import { describe, expect, it, vi } from "vitest";

import type { Track } from "../src/api/columns";
import { rangeOf, shareOf } from "../src/list/HeadlineCell";
import { pathsOf, Sparks } from "../src/list/sparks";

function trackOf(run: string, x: number[], mean: number[], isSuperseded = false): Track {
  const values = Float64Array.from(mean);
  const none = new Float64Array(mean.length);
  return {
    ...{ run, name: "loss", isSuperseded, isExact: true, count: x.length, bad: 0, last: null },
    ...{ x: Float64Array.from(x), mean: values, min: values, max: values },
    ...{ counts: none, bads: none },
  };
}

describe("lines in the rows of the table", () => {
  it("are on one axis, go from the least to the greatest, and leave out what is no number", () => {
    const paths = pathsOf([
      trackOf("long", [0, 5, 10], [2, NaN, 0]),
      trackOf("short", [0, 5], [1, 3]),
      trackOf("short", [0], [9], true),
      trackOf("point", [10], [7]),
      trackOf("broken", [0], [NaN]),
    ]);

    expect(Object.fromEntries(paths)).toEqual({
      long: "M0.0 2.0M64.0 14.0",
      short: "M0.0 14.0L32.0 2.0",
      point: "M64.0 8.0h0.1",
      broken: "",
    });
  });

  it("tell a row of its own line, and know what was drawn of which state", () => {
    const sparks = new Sparks();
    const told = vi.fn();
    const stop = sparks.onChange("a", told);

    sparks.put("b", 1, "M0 0");
    expect(told).not.toHaveBeenCalled();
    sparks.put("a", 1, "M1 1");
    expect(told).toHaveBeenCalledOnce();
    expect([sparks.get("a"), sparks.has("a", 1), sparks.has("a", 2)]).toEqual([
      "M1 1",
      true,
      false,
    ]);
    stop();
    sparks.put("a", 2, "");
    expect(told).toHaveBeenCalledOnce();
  });

  it("stand above bars that one run alone does not flatten", () => {
    const values = [...Array.from({ length: 39 }, (_, at) => at), 1e9, NaN];
    const range = rangeOf(values)!;

    expect(range).toEqual({ low: 2, high: 37 });
    expect([0, 19.5, 1e9].map((value) => shareOf(value, range))).toEqual([0, 0.5, 1]);
    expect(rangeOf([3, 3])).toBeNull();
    expect(rangeOf([])).toBeNull();
  });
});
