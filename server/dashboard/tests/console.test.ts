import { describe, expect, it } from "vitest";

import { contrast, legible, marked, parseAnsi, type Rgb } from "../src/console/ansi";
import { indexOf, MATCHES_MAX, NO_MATCHES, neighbour, withPart } from "../src/console/matches";
import {
  contentHeight,
  HEIGHT_MAX_PX,
  LINE_PX,
  lineAt,
  rowsOf,
  scrollTopOf,
} from "../src/console/scrolling";

describe("parseAnsi", () => {
  it("keeps colours, drops the rest of the terminal's language, loses no text", () => {
    const spans = parseAnsi(
      "\x1b[1;31mbad\x1b[0m ok\x1b[2K\x1b]0;title\x07!\x1b[38;5;196mred\x1b[39m",
    );

    expect(spans).toEqual([
      { text: "bad", className: "ansi-red ansi-bold" },
      { text: " ok", className: "" },
      { text: "!", className: "" },
      { text: "red", className: "", colour: [255, 0, 0] },
    ]);
  });

  it("knows the palette of 256 and true colours, in either way of writing them", () => {
    const colourOf = (codes: string) => parseAnsi(`\x1b[${codes}mx`)[0]?.colour;

    expect(colourOf("38;5;16")).toEqual([0, 0, 0]);
    expect(colourOf("38;5;110")).toEqual([135, 175, 215]);
    expect(colourOf("38;5;255")).toEqual([238, 238, 238]);
    expect(colourOf("38;2;1;2;3")).toEqual([1, 2, 3]);
    expect(colourOf("38:2::1:2:3")).toEqual([1, 2, 3]);
    expect(colourOf("38:2:1:2:3")).toEqual([1, 2, 3]);
    expect(parseAnsi("\x1b[38;5;9mx")[0]?.className).toBe("ansi-red");
    expect(parseAnsi("\x1b[38;5;4;1mx")[0]?.className).toBe("ansi-blue ansi-bold");
  });

  it("takes nonsense for no colour", () => {
    for (const codes of [
      "38;5;256",
      "38;5",
      "38;2;300;0;0",
      "38;2;1",
      "38;9;1",
      "38",
      ";;;",
      "999",
    ])
      expect(parseAnsi(`\x1b[${codes}mx`)).toEqual([{ text: "x", className: "" }]);
  });

  it("has grounds, and turns them round", () => {
    expect(parseAnsi("\x1b[44mx")).toEqual([
      { text: "x", className: "", background: [36, 114, 200] },
    ]);
    expect(parseAnsi("\x1b[7mx\x1b[27my")).toEqual([
      { text: "x", className: "ansi-inverse" },
      { text: "y", className: "" },
    ]);
    expect(parseAnsi("\x1b[31;7mx")[0]?.background).toEqual([205, 49, 49]);
  });

  it("makes no more spans of a line than a browser can bear", () => {
    const text = "\x1b[31ma\x1b[32mb".repeat(5000);
    const spans = parseAnsi(text);

    expect(spans.length).toBe(1000);
    expect(spans.map((span) => span.text).join("")).toBe("ab".repeat(5000));
  });
});

describe("legible", () => {
  it("moves a colour until it can be read, and no further", () => {
    const [white, black]: Rgb[] = [
      [255, 255, 255],
      [0, 0, 0],
    ];
    for (const ground of [white, black, [120, 120, 120] as const, [27, 29, 32] as const])
      for (const colour of [
        [255, 255, 0],
        [0, 0, 128],
        [128, 128, 128],
      ] as const)
        expect(contrast(legible(colour, ground!), ground!)).toBeGreaterThanOrEqual(4.5);
    expect(legible([0, 0, 128], white!)).toEqual([0, 0, 128]);
  });
});

describe("marked", () => {
  it("cuts spans where a match begins and ends, by characters", () => {
    const spans = parseAnsi("a\u{1D11E}b\x1b[31mcd");

    expect(marked(spans, [[2, 4]]).map(({ text, isMarked }) => [text, isMarked ?? false])).toEqual([
      ["a\u{1D11E}", false],
      ["b", true],
      ["c", true],
      ["d", false],
    ]);
    const two = marked(spans, [
      [0, 1],
      [3, 5],
    ]);
    expect(two.map(({ text, isMarked }) => [text, isMarked ?? false])).toEqual([
      ["a", true],
      ["\u{1D11E}b", false],
      ["cd", true],
    ]);
    expect(marked(spans, [[0, 0]]).map(({ text }) => text)).toEqual(["a\u{1D11E}b", "cd"]);
    expect(marked(spans, [[4, 99]]).map(({ text }) => text)).toEqual(["a\u{1D11E}b", "c", "d"]);
  });
});

describe("scrolling", () => {
  it("has an element for few lines as high as they are", () => {
    const viewport = { total: 100, height: 180 };

    expect(contentHeight(100)).toBe(100 * LINE_PX);
    expect(rowsOf(36, viewport, 1).map((row) => row.number)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
    ]);
    expect(rowsOf(36, viewport, 0)[0]).toEqual({ number: 2, top: 36 });
    expect(rowsOf(0, { total: 0, height: 180 }, 5)).toEqual([]);
  });

  it("reaches every one of ten million lines", () => {
    const viewport = { total: 10_000_000, height: 720 };
    const end = contentHeight(viewport.total) - viewport.height;

    expect(contentHeight(viewport.total)).toBe(HEIGHT_MAX_PX);
    expect(rowsOf(0, viewport, 0)[0]).toEqual({ number: 0, top: 0 });
    expect(rowsOf(end, viewport, 0).at(-1)?.number).toBe(9_999_999);
    for (const line of [40, 123_456, 9_999_900]) {
      const top = Math.round(scrollTopOf(line, viewport));
      const row = rowsOf(top, viewport, 0).find((each) => each.number === line)!;
      expect(Math.abs(row.top - top - 351)).toBeLessThan(LINE_PX); // in the middle
      expect(lineAt(top, viewport)).toBeLessThan(line);
    }
  });
});

describe("matches", () => {
  const part = (numbers: number[], more = {}) => ({
    numbers,
    starts: numbers.map(() => 1),
    ends: numbers.map(() => 3),
    searched: 10,
    total: 30,
    next: 2,
    is_end: false,
    ...more,
  });

  it("come together part by part, each line once, in order", () => {
    const found = withPart(withPart(NO_MATCHES, part([4, 9])), part([9, 2, 15], { is_end: true }));

    expect(found.numbers).toEqual([2, 4, 9, 15]);
    expect(found.places.get(15)).toEqual([[1, 3]]);
    expect(found.isEnd).toBe(true);
    expect(found.searched).toBe(20);
  });

  it("of one line are all there, and those of its newest state alone", () => {
    const twice = { starts: [1, 4], ends: [3, 6] };
    const found = withPart(NO_MATCHES, part([7, 7], twice));

    expect(found.numbers).toEqual([7]);
    expect(found.places.get(7)).toEqual([
      [1, 3],
      [4, 6],
    ]);
    expect(withPart(found, part([7])).places.get(7)).toEqual([[1, 3]]);
  });

  it("are found by their lines", () => {
    expect([0, 2, 3, 4, 9, 100].map((line) => indexOf([2, 4, 9], line))).toEqual([
      0, 0, 0, 1, 2, 2,
    ]);
    expect(indexOf([], 5)).toBe(0);
  });

  it("are enough at some point", () => {
    const many = Array.from({ length: MATCHES_MAX + 5 }, (_, index) => index);
    const found = withPart(NO_MATCHES, part(many));

    expect(found.numbers.length).toBe(MATCHES_MAX);
    expect(found.isEnd).toBe(true);
  });

  it("are gone through in a ring", () => {
    const numbers = [2, 4, 9];

    expect([0, 2, 3, 9, 100].map((line) => neighbour(numbers, line, 1))).toEqual([0, 1, 1, 0, 0]);
    expect([0, 2, 3, 9, 100].map((line) => neighbour(numbers, line, -1))).toEqual([2, 2, 0, 1, 2]);
    expect(neighbour([], 5, 1)).toBe(-1);
  });
});
