import { describe, expect, it } from "vitest";

import { appendTail, joinBuckets, tailStart } from "../src/series/tail";
import { trackOf } from "./build";

const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);

describe("appendTail", () => {
  it("adds the later points and no point twice", () => {
    const track = trackOf([3, 2, 1]);
    const tail = trackOf([1, 0.5, NaN], { x: Float64Array.of(2, 3, 4), last: 4 });

    const grown = appendTail(track, tail, 400);

    expect([...grown.x]).toEqual([0, 1, 2, 3, 4]);
    expect([...grown.mean]).toEqual([3, 2, 1, 0.5, NaN]);
    expect(grown).toMatchObject({ count: 5, bad: 1, last: 4 });
  });

  it("returns the track itself where the tail brings nothing", () => {
    const track = trackOf([3, 2, 1]);

    expect(appendTail(track, trackOf([1], { x: Float64Array.of(2), last: 2 }), 400)).toBe(track);
  });

  it("stays bounded however often it grows, and keeps every point in its counts", () => {
    let track = trackOf([0]);
    for (let step = 1; step <= 5000; step += 1) {
      const value = step === 777 ? 1000 : step === 778 ? NaN : 1;
      track = appendTail(track, trackOf([value], { x: Float64Array.of(step), last: step }), 50);
    }

    expect(track.x.length).toBeLessThanOrEqual(100);
    expect(sum(track.counts)).toBe(5001);
    expect(track.count).toBe(5001);
    expect(sum(track.bads)).toBe(1);
    expect(Math.max(...track.max)).toBe(1000);
    expect([...track.x]).toEqual([...track.x].sort((a, b) => a - b));
  });
});

describe("joinBuckets", () => {
  it("weighs means by their points and ignores what is not finite", () => {
    const track = trackOf([2, 8, NaN, 4], { counts: Float64Array.of(3, 1, 1, 1) });

    const joined = joinBuckets(track, 1);

    expect([...joined.mean]).toEqual([(2 * 3 + 8 + 4) / 5]);
    expect([joined.min[0], joined.max[0], joined.counts[0], joined.bads[0]]).toEqual([2, 8, 6, 1]);
  });
});

describe("tailStart", () => {
  it("lies after the last point and before the next step", () => {
    expect(tailStart(trackOf([1, 2, 3]), "step")).toBe(2.5);
    expect(tailStart(trackOf([]), "step")).toBe(-0.5);
    expect(tailStart(trackOf([], { last: null }), "step")).toBeNull();
  });
});
