import { describe, expect, it } from "vitest";

import { columnOf, serverSort } from "../src/list/columns";
import {
  arrange,
  countPinned,
  moved,
  parseLayout,
  pinToggled,
  PLAIN_LAYOUT,
  readLayout,
  resized,
  shownOrHidden,
  writeLayout,
} from "../src/list/layout";
import { gridOf, pinOf, widthsOf } from "../src/list/widths";
import { averageOf } from "../src/list/rows";
import { dropPlace } from "../src/shell/useDragOrder";
import { metricOf, runOf } from "./build";

const PROPOSED = ["name", "state", "metric:loss", "param:lr", "host"];
const label = (key: string) => key;

describe("arrange", () => {
  it("is the proposal where nothing was arranged", () => {
    expect(arrange(PROPOSED, PLAIN_LAYOUT)).toEqual(PROPOSED);
  });

  it("leaves out, adds, moves and pins; the name stays first", () => {
    let layout = shownOrHidden(PLAIN_LAYOUT, "host", false);
    layout = shownOrHidden(layout, "min:loss", true);
    layout = shownOrHidden(layout, "name", false);
    layout = moved(layout, arrange(PROPOSED, layout), 4, 1);
    layout = pinToggled(layout, "param:lr");

    const arranged = arrange(PROPOSED, layout);

    expect(arranged).toEqual(["name", "param:lr", "min:loss", "state", "metric:loss"]);
    expect(countPinned(arranged, layout)).toBe(1);
    expect(arrange(PROPOSED, shownOrHidden(layout, "host", true))).toContain("host");
  });

  it("puts a new parameter behind its neighbour, whatever was moved", () => {
    const layout = moved(PLAIN_LAYOUT, PROPOSED, 3, 1); // lr before the state

    const arranged = arrange([...PROPOSED.slice(0, 4), "param:seed", "host"], layout);

    expect(arranged).toEqual(["name", "param:lr", "param:seed", "state", "metric:loss", "host"]);
  });

  it("goes no farther than the ends, and from nowhere", () => {
    expect(moved(PLAIN_LAYOUT, ["a", "b"], 0, 9).order).toEqual(["b", "a"]);
    expect(moved(PLAIN_LAYOUT, ["a", "b"], 7, 0)).toBe(PLAIN_LAYOUT);
  });
});

describe("readLayout", () => {
  it("takes what makes sense of what another version stored", () => {
    const widths = { a: 12, b: "wide", c: NaN, d: 100.4 };

    const layout = readLayout({ added: ["x", 3], hidden: "all", widths, zz: 1 });

    expect(layout).toEqual({ ...PLAIN_LAYOUT, added: ["x"], widths: { a: 40, d: 100 } });
    for (const nonsense of [null, 7, "x", [], { widths: null }])
      expect(readLayout(nonsense)).toEqual(PLAIN_LAYOUT);
  });
});

describe("the layout in the address", () => {
  it("is the same when it is read, whatever columns are called", () => {
    const odd = "param:a,b~9%2C";
    let layout = shownOrHidden(PLAIN_LAYOUT, "host", false);
    layout = shownOrHidden(layout, odd, true);
    layout = moved(layout, arrange(PROPOSED, layout), 3, 1);
    layout = resized(pinToggled(layout, odd), "metric:loss", 120);

    const text = writeLayout(layout);

    expect(parseLayout(text)).toEqual(layout);
    expect(text).toContain(".metric:loss~120");
    expect(writeLayout(PLAIN_LAYOUT)).toBe("");
  });

  it("takes what makes sense of nonsense", () => {
    for (const text of ["", ",,", "+", "~9", "!~"]) expect(parseLayout(text)).toEqual(PLAIN_LAYOUT);
    expect(parseLayout("+x~99999,zz").widths).toEqual({ x: 900 });
  });
});

describe("widths", () => {
  const columns = PROPOSED.map((id) => columnOf(id, [], label)!);

  it("are those chosen, and pinned columns stand side by side", () => {
    const { widths: chosen } = resized(resized(PLAIN_LAYOUT, "state", 50), "host", 5000);
    const widths = widthsOf(columns, [], chosen);

    const style = gridOf(columns, widths, chosen, 2) as Record<string, string>;

    expect([widths[1], widths[4]]).toEqual([50, 900]);
    expect(style["--pin-1"]).toBe(`${widths[0]}px`);
    expect(style["--pin-2"]).toBe(`${widths[0]! + 50}px`);
    expect(style["--pin-3"]).toBeUndefined();
    expect(pinOf(2, 2).style).toEqual({ left: "var(--pin-2)" });
    expect(pinOf(3, 2).style).toBeUndefined();
    expect(resized({ ...PLAIN_LAYOUT, widths: chosen }, "state", null).widths).toEqual({
      host: 900,
    });
  });
});

describe("columns of statistics", () => {
  const runs = [runOf({ id: "1", metrics: { loss: { ...metricOf(3, 1), max: "Infinity" } } })];

  it("show, sort and average the least and the greatest value", () => {
    const [least, most] = ["min:loss", "max:loss"].map((id) => columnOf(id, runs, label)!);

    expect([least!.label, least!.text(runs[0]!)]).toEqual(["loss.min", "1"]);
    expect(most!.sortBy(runs[0]!)).toBe(Infinity);
    expect(averageOf(runs, "loss", "min")?.mean).toBe(1);
    expect(averageOf(runs, "loss", "max")).toBeNull();
    expect(serverSort([{ column: "min:val/loss", isDescending: true }])).toBe(
      "-metrics.val/loss.min",
    );
  });

  it("are none where the id is nonsense", () => {
    for (const id of ["", "zz", "param:", "zz:loss", "constructor"])
      expect(columnOf(id, runs, label)).toBeNull();
  });
});

describe("dropPlace", () => {
  const spans = [0, 10, 20, 30].map((start) => [start, start + 10] as const);

  it("counts the places before the pointer without the one that is dragged", () => {
    expect(dropPlace(spans, 0, 4)).toBe(0);
    expect(dropPlace(spans, 0, 26)).toBe(2);
    expect(dropPlace(spans, 3, 12)).toBe(1);
    expect(dropPlace(spans, 3, 99)).toBe(3);
  });
});
