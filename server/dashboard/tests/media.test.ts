import { describe, expect, it } from "vitest";

import type { MediaBox, MediaItem, MediaMask } from "../src/api/types";
import { boxKey, classKey, legendOf } from "../src/media/legend";
import { paletteOf } from "../src/media/overlay";
import { changesBetween, tableLines } from "../src/media/lines";
import { nearestIndex } from "../src/media/steps";
import { peaksOf, seekOf } from "../src/media/waveform";

const file = { type: "image/png", bytes: 1, sha256: "", is_here: true };
const maskOf = (labels: Record<string, string>): MediaMask => ({ name: "m", file, labels });
const box: MediaBox = {
  left: 0,
  top: 0,
  right: 1,
  bottom: 1,
  label: "cat",
  score: null,
  group: "truth",
};

describe("nearestIndex", () => {
  it("is the last step up to the one asked for", () => {
    const steps = [0, 10, 20];
    expect([-5, 0, 9, 10, 25].map((step) => nearestIndex(steps, step))).toEqual([0, 0, 0, 1, 2]);
  });
});

describe("the legend", () => {
  it("has one entry for each label of boxes and each class that is something", () => {
    const item = {
      boxes: [box, box],
      masks: [maskOf({ "0": "background", "7": "sky" })],
    } as unknown as MediaItem;
    const entries = legendOf([item, item]);
    expect(entries.map(({ label }) => label)).toEqual(["truth: cat", "m: sky"]);
    expect(entries[0]!.key).toBe(boxKey(box));
  });

  it("draws what is named, or everything but zero where nothing is", () => {
    const named = maskOf({ "0": "background", "7": "sky" });
    const drawn = paletteOf(named, new Map([[classKey(named, 7), "#010203"]]));
    expect(drawn[7]).toEqual([1, 2, 3, 255]);
    expect(drawn.filter(Boolean)).toHaveLength(1);

    const plain = maskOf({});
    const all = paletteOf(plain, new Map([[classKey(plain, -1), "#ffffff"]]));
    expect(all[0]).toBeNull();
    expect(all.filter(Boolean)).toHaveLength(255);

    expect(paletteOf(named, new Map()).filter(Boolean)).toHaveLength(0);
  });
});

describe("what two texts differ in", () => {
  const numbered = (count: number) => Array.from({ length: count }, (_, at) => `line ${at}`);

  it("is the lines that changed, with a few around them", () => {
    const after = numbered(20).with(9, "another");
    expect(changesBetween(numbered(20), after).map(({ kind, text }) => `${kind} ${text}`)).toEqual([
      "hunk …",
      "same line 6",
      "same line 7",
      "same line 8",
      "removed line 9",
      "added another",
      "same line 10",
      "same line 11",
      "same line 12",
    ]);
  });

  it("is nothing where they are alike", () => {
    expect(changesBetween(numbered(5), numbered(5))).toEqual([]);
    expect(changesBetween([], [])).toEqual([]);
  });

  it("is seen of tables row by row", () => {
    const rows = {
      columns: ["n", "guess"],
      rows: [
        [1, null],
        [2.5, "cat"],
      ],
      first: 0,
      total: 2,
    };
    expect(tableLines(rows)).toEqual(["n │ guess", "1 │ –", "2.5 │ cat"]);
  });
});

describe("a waveform", () => {
  it("leaves out no sample of any channel", () => {
    const left = new Float32Array(1000);
    const right = new Float32Array(1000);
    left[499] = 0.5;
    right[500] = -2; // clipped when it was made

    const { low, high } = peaksOf([left, right], 10);

    expect([...high]).toEqual([0, 0, 0, 0, 0.5, 0, 0, 0, 0, 0]);
    expect([...low]).toEqual([0, 0, 0, 0, 0, -1, 0, 0, 0, 0]);
    expect(peaksOf([new Float32Array([0.25])], 10).high).toEqual(new Float32Array([0.25]));
    expect(peaksOf([], 10).low).toHaveLength(0);
  });

  it("is walked by keys, to its ends and no further", () => {
    expect(seekOf("ArrowRight", 1, 100)).toBe(2);
    expect(seekOf("PageDown", 1, 100)).toBe(0);
    expect(seekOf("End", 1, 100)).toBe(100);
    expect(seekOf("ArrowRight", 0, 0.2)).toBe(0.05);
    expect(seekOf("x", 1, 100)).toBeNull();
  });
});
