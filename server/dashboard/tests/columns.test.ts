import { describe, expect, it } from "vitest";

import { decodeSeries } from "../src/api/columns";
import { answerOf } from "./build";

describe("decodeSeries", () => {
  it("reads every column and leaves empty buckets out", () => {
    const body = answerOf({
      x: [0, 1, 2],
      mean: [1.5, NaN, NaN],
      min: [1, NaN, NaN],
      max: [2, NaN, NaN],
      count: [5, 0, 1],
      bad: [0, 0, 1],
    });

    const [track] = decodeSeries(body);

    expect([...track!.x]).toEqual([0, 2]);
    expect([...track!.mean]).toEqual([1.5, NaN]);
    expect([...track!.max]).toEqual([2, NaN]);
    expect([...track!.counts]).toEqual([5, 1]);
    expect([...track!.bads]).toEqual([0, 1]);
    expect(track).toMatchObject({
      run: "a",
      name: "loss",
      count: 6,
      bad: 1,
      last: 5,
      isExact: false,
    });
  });

  it("refuses an answer that was cut off", () => {
    const body = answerOf({ x: [0], mean: [1], min: [1], max: [1], count: [1], bad: [0] });

    expect(() => decodeSeries(body.slice(0, body.byteLength - 16))).toThrow(RangeError);
  });
});
