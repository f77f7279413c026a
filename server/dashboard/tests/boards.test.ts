import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import type { DashboardDocument, DashboardSummary } from "../src/api/types";
import {
  emptyDocument,
  fileText,
  filterOf,
  frozenOf,
  joined,
  newPanel,
  PANEL_TYPES,
  panelsOf,
  parseFile,
  scopeOf,
  startDocument,
  withCopy,
  withNewTab,
  withoutPanel,
  withoutTab,
  withPanel,
  withPanelAt,
  withPanelMoved,
  withTabMoved,
  type Panel,
} from "../src/boards/document";
import {
  COLUMNS,
  inOrder,
  linesOf,
  movedTo,
  pixelsOf,
  pushed,
  resizedTo,
  settled,
  stepsOf,
  withCell,
  type Cell,
} from "../src/boards/grid";
import { begin, step } from "../src/boards/history";

const cell = (id: string, x: number, y: number, width: number, height: number): Cell => ({
  id,
  x,
  y,
  width,
  height,
});
const at = (cells: readonly Cell[], id: string) => {
  const { x, y, width, height } = cells.find((one) => one.id === id)!;
  return [x, y, width, height];
};

function overlap(cells: readonly Cell[]): boolean {
  const taken = new Set<string>();
  for (const { x, y, width, height } of cells)
    for (let column = x; column < x + width; column += 1)
      for (let line = y; line < y + height; line += 1) {
        const place = `${column} ${line}`;
        if (taken.has(place)) return true;
        taken.add(place);
      }
  return false;
}

describe("the grid", () => {
  const two = [cell("a", 0, 0, 6, 4), cell("b", 0, 4, 6, 4)];

  it("moves what lies on each other apart, and leaves no empty line", () => {
    const cells = settled([cell("a", 0, 5, 6, 2), cell("b", 3, 6, 6, 2), cell("c", 9, 9, 3, 1)]);

    expect(at(cells, "a")).toEqual([0, 0, 6, 2]);
    expect(at(cells, "b")).toEqual([3, 2, 6, 2]);
    expect(at(cells, "c")).toEqual([9, 0, 3, 1]);
  });

  it("swaps a panel with the one whose place it is dragged to", () => {
    expect(at(movedTo(two, "b", 0, 0), "a")).toEqual([0, 4, 6, 4]);
    expect(at(movedTo(two, "a", 0, 5), "b")).toEqual([0, 0, 6, 4]);
  });

  it("keeps panels on it, however far they are dragged", () => {
    expect(at(movedTo(two, "a", 40, -9), "a")).toEqual([6, 0, 6, 4]);
    expect(at(resizedTo(two, "a", 40, 999), "a")).toEqual([0, 0, 12, 100]);
    expect(at(resizedTo(two, "a", -3, 0), "a")).toEqual([0, 0, 2, 2]);
  });

  it("makes a keyboard's step change something", () => {
    expect(at(pushed(two, "a", [0, 1]), "a")).toEqual([0, 4, 6, 4]);
    expect(at(pushed(two, "b", [0, -1]), "b")).toEqual([0, 0, 6, 4]);
    expect(at(pushed(two, "a", [1, 0]), "a")).toEqual([1, 0, 6, 4]);
    expect(pushed(two, "b", [0, 1])).toEqual(two);
  });

  it("never lets two overlap, whatever is done", () => {
    let random = 7;
    const next = (below: number) => {
      random = (random * 48271) % 2147483647;
      return random % below;
    };
    let cells: Cell[] = [];
    for (let turn = 0; turn < 400; turn += 1) {
      const id = String(next(12));
      if (!cells.some((one) => one.id === id))
        cells = withCell(cells, cell(id, 0, 0, 1 + next(COLUMNS), 2 + next(8)));
      else if (turn % 3 === 0) cells = resizedTo(cells, id, next(15), next(20));
      else if (turn % 3 === 1) cells = movedTo(cells, id, next(15) - 2, next(60) - 5);
      else cells = pushed(cells, id, [0, next(2) === 0 ? -1 : 1]);

      expect(overlap(cells)).toBe(false);
      expect(cells.every((one) => one.x >= 0 && one.x + one.width <= COLUMNS)).toBe(true);
      expect(settled(cells)).toEqual(cells);
    }
  });

  it("counts a pointer's way in cells", () => {
    expect(stepsOf({ dx: 110, dy: -45 }, 1192)).toEqual([1, -1]);
    expect(stepsOf({ dx: 49, dy: 19 }, 1192)).toEqual([0, 0]);
    expect(pixelsOf(2)).toBe(72);
    expect(linesOf(two)).toBe(8);
    expect(inOrder([two[1]!, two[0]!])).toEqual(two);
  });
});

describe("a document", () => {
  const golden = JSON.parse(
    readFileSync("../../tests/server/web/golden/dashboard.json", "utf-8"),
  ) as DashboardDocument;

  it("is version 1 as the server has it, and every type of panel can be made", () => {
    const types = golden.tabs.flatMap((tab) => tab.panels.map((panel) => panel.type));
    expect([...new Set(types)].sort()).toEqual([...PANEL_TYPES].sort());
    for (const panel of golden.tabs.flatMap((tab) => tab.panels))
      expect(Object.keys(newPanel(golden, panel.type)).sort()).toEqual(Object.keys(panel).sort());
    expect(Object.keys(emptyDocument()).sort()).toEqual(Object.keys(golden).sort());
  });

  it("gives every panel an id of its own", () => {
    let document = golden;
    for (const type of PANEL_TYPES)
      document = withPanel(document, "main", newPanel(document, type));
    document = withCopy(document, "more", document.tabs[0]!.panels[0]!);
    document = withoutPanel(document, "p2");
    document = withPanel(document, "main", newPanel(document, "text"));

    const ids = document.tabs.flatMap((tab) => tab.panels.map((panel) => panel.id));
    expect(new Set(ids).size).toBe(ids.length);
    expect(overlap(panelsOf(document, "main"))).toBe(false);
  });

  it("begins with the charts and the table", () => {
    const { panels } = startDocument(["val/loss", "acc"], ["params.lr"]).tabs[0]!;
    expect(panels.map((panel) => panel.type)).toEqual(["lines", "lines", "table"]);
    expect(at(panels, panels[1]!.id)).toEqual([4, 0, 4, 7]);
  });

  it("keeps its last tab", () => {
    const [two, added] = withNewTab(emptyDocument());
    expect(withTabMoved(two, added, -1).tabs.map((tab) => tab.id)).toEqual([added, "tab1"]);
    const one = withoutTab(two, "tab1");
    expect(one.tabs.map((tab) => tab.id)).toEqual([added]);
    expect(withoutTab(one, added)).toBe(one);
  });

  it("joins filters so that each keeps its meaning", () => {
    expect(joined("", " a = 1 or b = 2 ", "c = 3")).toBe("(a = 1 or b = 2) and (c = 3)");
    expect(joined("a = 1", "")).toBe("a = 1");
    expect(joined("", "")).toBe("");
    expect(filterOf(["ab"])).toContain('id in ["ab"]');
    expect(filterOf([])).toBe('id = ""');
  });

  it("goes into a file and comes back", () => {
    expect(parseFile(fileText("Mine", golden))).toEqual({ name: "Mine", document: golden });
    expect(() => parseFile("{")).toThrow("json");
    expect(() => parseFile("null")).toThrow("json");
    expect(() => parseFile('{"dashboard": {"version": 2}}')).toThrow("version");
  });
});

describe("history", () => {
  it("takes back and repeats, and typing is one step", () => {
    let state = begin("a");
    state = step(state, { do: "change", to: "b" });
    state = step(state, { do: "change", to: "bc", kind: "title" });
    state = step(state, { do: "change", to: "bcd", kind: "title" });
    state = step(state, { do: "undo" });
    expect(state.present).toBe("b");
    state = step(state, { do: "undo" });
    expect(state.present).toBe("a");
    expect(step(state, { do: "undo" })).toBe(state);
    state = step(state, { do: "redo" });
    state = step(state, { do: "redo" });
    expect(state.present).toBe("bcd");
    state = step(state, { do: "undo" });
    state = step(state, { do: "change", to: "x" });
    expect(state.future).toEqual([]);
    expect(step(state, { do: "change", to: "x" })).toBe(state);
  });
});

describe("a report", () => {
  const panels = [cell("a", 6, 0, 6, 4), cell("b", 0, 0, 6, 7), cell("c", 0, 9, 8, 3)].map(
    (place) => ({ ...newPanel(emptyDocument(), "text"), ...place }) as Panel,
  );
  const document = { ...emptyDocument(), tabs: [{ id: "tab1", title: "", panels }] };
  const summary = { id: "d".repeat(32), version: 4 } as DashboardSummary;
  const runs = Array.from({ length: 300 }, (_, at) => String(at));
  const report = frozenOf({ summary, document }, runs, 1_800_000_000_000);
  const order = (one: DashboardDocument) => inOrder(one.tabs[0]!.panels).map(({ id }) => id);

  it("says what it was made of, and holds the newest runs", () => {
    expect(report.frozen).toMatchObject({ dashboard: summary.id, version: 4 });
    expect(report.frozen?.at_ns).toBe(1.8e18);
    expect(report.frozen?.runs).toEqual(runs.slice(0, 200));
    expect(scopeOf(report)).toContain('id in ["0", "1"');
    expect(scopeOf({ ...document, filter: "a = 1" })).toBe("a = 1");
  });

  it("flows in the order in which its panels are read", () => {
    expect(order(report)).toEqual(["b", "a", "c"]);
    const text = { ...newPanel(report, "text"), id: "t" } as Panel;
    const written = withPanelAt(report, "tab1", text, 1);
    expect(order(written)).toEqual(["b", "t", "a", "c"]);
    expect(order(withPanelMoved(written, "tab1", "c", -1))).toEqual(["b", "t", "c", "a"]);
    expect(order(withPanelMoved(written, "tab1", "b", -1))).toEqual(["b", "t", "a", "c"]);
    expect(order(withoutPanel(written, "t"))).toEqual(["b", "a", "c"]);
    expect(overlap(written.tabs[0]!.panels)).toBe(false);
  });
});
