import { describe, expect, it } from "vitest";

import { joinX, nearest, spread } from "../src/charts/align";
import { formatX } from "../src/charts/axis";
import { assignSlots, HUES, styleOf } from "../src/charts/colours";
import { domainOf } from "../src/charts/domain";
import { modelOf, type Line } from "../src/charts/model";
import { placeOf, readAt } from "../src/charts/tooltip";
import { percent } from "../src/charts/unit";
import {
  askedSmoothing,
  KINDS,
  NOT_SMOOTHED,
  parseSmoothing,
  smooth,
  writeSmoothing,
} from "../src/series/smoothing";
import { trackOf } from "./build";

describe("assignSlots", () => {
  it("never gives two runs the same slot and keeps what was given", () => {
    const first = assignSlots(new Map(), ["a", "b", "c"]);
    const second = assignSlots(first, ["d", "b", "a"]);

    expect([...second.entries()]).toEqual([
      ["a", 0],
      ["b", 1],
      ["c", 2],
      ["d", 3],
    ]);
  });

  it("gives a slot that became free to the next run", () => {
    expect(assignSlots(new Map([["b", 1]]), ["b", "c"]).get("c")).toBe(0);
  });

  it("draws three rounds of hues apart", () => {
    const looks = Array.from({ length: 3 * HUES }, (_, slot) => JSON.stringify(styleOf(slot)));

    expect(new Set(looks).size).toBe(3 * HUES);
  });
});

describe("domainOf", () => {
  it("puts a lone spike off-scale and says so; the full range has it", () => {
    const values = Array.from({ length: 200 }, (_, index) => Math.sin(index));
    values[100] = 80;

    const usual = domainOf([trackOf(values)], false, false)!;
    const full = domainOf([trackOf(values)], true, false)!;

    expect(usual.high).toBeLessThan(2);
    expect([usual.above, usual.below]).toEqual([1, 0]);
    expect(full.high).toBeGreaterThan(80);
    expect(full.above).toBe(0);
  });

  // As many buckets as coarse tiers make of a million points.
  it.each([80, 245, 400])("puts the few spikes among %i buckets off-scale", (count) => {
    const values = Array.from({ length: count }, (_, index) => Math.sin(index));
    const spikes = count < 100 ? [40] : [10, 60, count - 2];
    for (const at of spikes) values[at] = 80;

    const usual = domainOf([trackOf(values)], false, false)!;

    expect(usual.high).toBeLessThan(2);
    expect(usual.above).toBe(spikes.length);
  });

  it("shows the steep start of a loss in full", () => {
    const values = Array.from({ length: 400 }, (_, index) => 0.1 + 2.3 * Math.exp(-index / 30));

    expect(domainOf([trackOf(values)], false, false)!.above).toBe(0);
  });

  it("counts what a logarithmic axis cannot show", () => {
    const values = Array.from({ length: 40 }, (_, index) => index);

    const domain = domainOf([trackOf(values)], false, true)!;

    expect([domain.below, domain.linear]).toEqual([1, null]);
    expect(domain.low).toBeGreaterThan(0);
  });

  it("goes through zero where a logarithmic axis would leave much out", () => {
    const domain = domainOf([trackOf([-100, -1, 0, 0.05, 1, 1000])], false, true)!;
    const zeros = domainOf([trackOf([0, 0, 0])], false, true)!;

    expect(domain).toMatchObject({ linear: 0.01, above: 0, below: 0 });
    expect(domain.low).toBeLessThan(-100);
    expect(domain.high).toBeGreaterThan(1000);
    expect([zeros.low < 0, zeros.high > 0, zeros.linear]).toEqual([true, true, 1]);
  });

  it("has nothing to draw where nothing is finite, and keeps a unit's own bounds", () => {
    expect(domainOf([trackOf([NaN, Infinity])], false, false)).toBeNull();
    expect(domainOf([trackOf([40, 60])], false, false, percent)).toMatchObject({
      low: 0,
      high: 100,
    });
  });
});

describe("align", () => {
  it("joins different x and breaks the line only where a value is not finite", () => {
    const x = joinX([Float64Array.of(0, 2), Float64Array.of(1, 2)]);

    expect([...x]).toEqual([0, 1, 2]);
    expect(spread(x, Float64Array.of(0, 2), Float64Array.of(5, NaN))).toEqual([5, undefined, null]);
  });

  it("finds the nearest place", () => {
    const x = Float64Array.of(0, 10, 20);

    expect([
      nearest(x, -5),
      nearest(x, 4),
      nearest(x, 16),
      nearest(x, 99),
      nearest(new Float64Array(), 1),
    ]).toEqual([0, 0, 2, 2, -1]);
  });
});

describe("readAt", () => {
  const line = (values: number[], from: number): Line => ({
    track: trackOf(values, { x: Float64Array.from(values, (_, index) => from + index) }),
    label: "run",
    members: ["a"],
    style: styleOf(0),
  });

  it("reads the lines that pass the cursor, highest first and NaN last", () => {
    const readings = readAt(
      [line([NaN, NaN], 0), line([1, 2], 0), line([5, 6], 0), line([9], 50), line([8, 8], 70)],
      0.9,
    );

    expect(readings.map((one) => one.value)).toEqual([9, 6, 2, NaN]);
    expect(placeOf(readings, 0.9)).toBe(1);
  });
});

describe("smooth", () => {
  it("leaves a constant alone from its first point on, and NaN where it is", () => {
    const x = Float64Array.of(0, 1, 2, 3);

    for (const kind of KINDS) {
      const smoothed = smooth(x, Float64Array.of(4, 4, NaN, 4), {
        kind,
        amount: kind === "twema" ? 0.9 : 100,
      });

      expect(smoothed[0]).toBeCloseTo(4);
      expect(smoothed[2]).toBeNaN();
      expect(smoothed[3]).toBeCloseTo(4);
    }
  });

  it("is said in the address, an older number alone too", () => {
    expect(parseSmoothing("0.6")).toEqual({ kind: "twema", amount: 0.6 });
    expect(parseSmoothing("gauss:5")).toEqual({ kind: "gauss", amount: 5 });
    expect(parseSmoothing("mean:1e9")).toEqual({ kind: "mean", amount: 150 });
    expect(parseSmoothing("box:4")).toEqual(NOT_SMOOTHED);
    expect(parseSmoothing("twema:many")).toEqual(NOT_SMOOTHED);
    for (const text of ["twema:0.6", "gauss:5", "mean:0"])
      expect(writeSmoothing(parseSmoothing(text))).toBe(text);
    expect(writeSmoothing(NOT_SMOOTHED)).toBeNull();
    expect(askedSmoothing(parseSmoothing("mean:0"))).toBeNull();
  });

  it("is the server's where that is what was asked for, else of the buckets", () => {
    const track = trackOf([1, 2, 3], {
      smooth: Float64Array.of(7, 8, 9),
      smoothing: "gauss:5",
    });
    const line: Line = { track, label: "run", members: ["a"], style: styleOf(0) };
    const drawn = (text: string) => modelOf([line], parseSmoothing(text)).data;

    expect([...drawn("gauss:5")[2]!]).toEqual([7, 8, 9]);
    expect([...drawn("gauss:5")[1]!]).toEqual([1, 2, 3]); // the raw line behind
    expect([...drawn("mean:5")[2]!]).not.toContain(7);
    expect(drawn("")).toHaveLength(2);
  });
});

describe("formatX", () => {
  it("labels no moment before the run", () => {
    const ticks = [-0.5, 0, 0.5, 60].map((tick) => formatX(tick, "relative"));

    expect(ticks).toEqual(["", "0 s", "0.5 s", "1 m"]);
  });
});
