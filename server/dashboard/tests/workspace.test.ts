import { describe, expect, it } from "vitest";

import type { ParamValue } from "../src/api/types";
import { styleOf } from "../src/charts/colours";
import { keysOf, meanLines } from "../src/charts/groups";
import { nearestOf } from "../src/charts/live";
import { mapTracks, stepsWithin, valueAt } from "../src/charts/mapped";
import { fullLabel } from "../src/charts/model";
import { findMetrics, parseX } from "../src/charts/useView";
import { columnOf, formatSorts, parseSorts } from "../src/list/columns";
import { colourBy, dashBy } from "../src/list/colouring";
import { averageOf, fieldKey, fieldOfKey, groupId, groupRuns, rowsOf } from "../src/list/rows";
import { wholesOf } from "../src/list/useWholes";
import { directionOf, familiesOf, twinsOf } from "../src/series/metrics";
import {
  bestOf,
  DRAWN_MAX,
  drawnOf,
  keyOf,
  pinToggled,
  soloed,
  toggled,
  type Choice,
} from "../src/workspace/drawn";
import { readChoice, writeChoice } from "../src/workspace/useDrawn";
import { joined, othersOf } from "../src/workspace/useOthers";
import { ticked } from "../src/workspace/useSelection";
import { metricOf, runOf, trackOf } from "./build";

const idOf = (number: number) => number.toString(16).padStart(8, "0").padEnd(32, "0");
const RUNS = Array.from({ length: 40 }, (_, number) =>
  runOf({
    id: idOf(number),
    started_ns: number,
    metrics: { "val/loss": metricOf(number === 5 ? "NaN" : number, number === 5 ? null : number) },
  }),
);
const NO_CHOICE: Choice = readChoice(new URLSearchParams());
const numbers = (ids: Iterable<string>) => [...ids].map((id) => parseInt(id.slice(0, 8), 16));

describe("drawnOf", () => {
  it("draws the newest, and those that are live however old they are", () => {
    const runs = RUNS.map((run, at) => (at === 2 ? { ...run, state: "running" as const } : run));

    const drawn = numbers(drawnOf(runs, NO_CHOICE, null)).sort((a, b) => a - b);

    expect(drawn).toEqual([2, ...Array.from({ length: DRAWN_MAX }, (_, at) => at + 10)]);
  });

  it("draws the best by a metric, without those that never had a number", () => {
    const drawn = numbers(drawnOf(RUNS, { ...NO_CHOICE, rule: "best" }, "val/loss"));

    expect(drawn).toHaveLength(DRAWN_MAX);
    expect(drawn.slice(0, 7)).toEqual([0, 1, 2, 3, 4, 6, 7]);
    expect(bestOf(RUNS, "nothing")).toEqual([]);
    const own = { name: "val/loss", better: "max" } as const;
    expect(bestOf(RUNS, "val/loss", own)).toEqual([...bestOf(RUNS, "val/loss")].reverse());
  });

  it("keeps what was hidden, added, pinned and singled out, through the address", () => {
    let choice = toggled(NO_CHOICE, idOf(39), true);
    choice = toggled(choice, idOf(3), false);
    choice = pinToggled(choice, idOf(1));
    const read = (one: Choice) => {
      const params = new URLSearchParams();
      writeChoice(params, one);
      return readChoice(params);
    };

    const drawn = numbers(drawnOf(RUNS, read(choice), null));
    const alone = numbers(drawnOf(RUNS, read(soloed(choice, idOf(20))), null));

    expect(drawn).not.toContain(39);
    expect(drawn).toEqual(expect.arrayContaining([1, 3]));
    expect(alone.sort((a, b) => a - b)).toEqual([1, 20]);
    expect(soloed(soloed(choice, idOf(20)), idOf(20)).only).toBeNull();
  });

  it("hides a pinned run that is clicked away", () => {
    const choice = toggled(pinToggled(NO_CHOICE, idOf(1)), idOf(1), true);

    expect(numbers(drawnOf(RUNS, choice, null))).not.toContain(1);
  });
});

describe("ticked", () => {
  it("ticks all between two clicks", () => {
    const one = ticked(new Set(), RUNS, idOf(2), idOf(2));

    expect(numbers(ticked(one, RUNS, idOf(2), idOf(5)))).toEqual([2, 3, 4, 5]);
    expect(numbers(ticked(one, RUNS, idOf(2), idOf(2)))).toEqual([]);
  });
});

describe("sorts in the address", () => {
  it("survive a comma in a metric's name", () => {
    const sorts = [
      { column: "metric:a,b", isDescending: true },
      { column: "name", isDescending: false },
    ];

    expect(parseSorts(formatSorts(sorts))).toEqual(sorts);
  });
});

describe("groups", () => {
  const runs = [
    runOf({ id: "a", params: { lr: 0.1 }, metrics: { loss: metricOf(1) } }),
    runOf({ id: "b", params: { lr: 0.01 }, metrics: { loss: metricOf(5) } }),
    runOf({ id: "c", params: {}, metrics: { loss: metricOf(9) } }),
    runOf({ id: "d", params: { lr: 0.1 }, metrics: { loss: metricOf(3) } }),
    runOf({ id: "e", params: { lr: 0.1 }, metrics: { loss: metricOf("NaN") } }),
  ];
  const groups = groupRuns(runs, ["param:lr"], "none");

  it("are of equal values, ordered by size, those without one last", () => {
    expect(groups.map((group) => [group.label, group.runs.map((run) => run.id).join("")])).toEqual([
      ["lr = 0.01", "b"],
      ["lr = 0.1", "ade"],
      ["lr = none", "c"],
    ]);
  });

  it("average what is finite and say how many that were", () => {
    expect(averageOf(groups[1]!.runs, "loss")).toEqual({
      mean: 2,
      sd: Math.SQRT2,
      low: 1,
      high: 3,
      count: 2,
    });
    expect(averageOf(groups[1]!.runs, "nothing")).toBeNull();
  });

  it("can be closed", () => {
    const rows = rowsOf(runs, groups, new Set([groups[1]!.id]));

    expect(rows.map((row) => (row.kind === "run" ? row.run.id : row.group.label))).toEqual([
      "lr = 0.01",
      "b",
      "lr = 0.1",
      "lr = none",
      "c",
    ]);
  });
});

describe("meanLines", () => {
  const share = (runs: number) => ({
    runs,
    having: runs,
    counted: Float64Array.of(2, 4, 1),
    sd: Float64Array.of(1, 2, NaN),
    low: Float64Array.of(-5, 0, 3),
    high: Float64Array.of(9, 4, 3),
  });
  const track = (at: number, runs: number) => ({
    ...trackOf([2, 2, 3], { run: String(at), min: share(1).low, max: share(1).high }),
    group: share(runs),
  });
  const groupOf = (values: ParamValue[], runs: number) => ({ values, q: "", runs });
  const means = {
    groups: [groupOf([0.1, ["b", "a"]], 412), groupOf([null, []], 3), groupOf([0.5, []], 1)],
    tracks: [track(0, 412), track(1, 3), track(2, 1)],
  };
  const fields = ["param:lr", "tags"];
  const known = (id: string) => ({ id, label: "own", style: styleOf(0), runs: ["r1"] });
  const grouping = { project: "p", filter: "", fields, groups: null };

  it("draws the groups that are known here, with what they are the mean of", () => {
    const groups = [known(groupId([0.1, "a, b"])), known(groupId([null, null]))];

    const lines = meanLines(means, { ...grouping, groups }, "range", ({ runs }) => `of ${runs}`);

    expect(lines.map(fullLabel)).toEqual(["own · of 412", "own · of 3"]);
    expect(lines[0]!.track.run).toBe(groups[0]!.id);
    expect([...lines[0]!.track.max]).toEqual([9, 4, 3]);
  });

  it("draws all groups where none is known, as they are called", () => {
    const lines = meanLines(means, grouping, "sem", () => "");

    expect(lines.map((line) => line.label)).toEqual([
      "lr = 0.1 · tags = a, b",
      "lr = null · tags = null",
      "lr = 0.5 · tags = null",
    ]);
    const { min, max } = lines[0]!.track;
    expect(min[0]).toBeCloseTo(2 - Math.SQRT1_2);
    expect(max[1]).toBe(3);
    expect([min[2], max[2]]).toEqual([3, 3]); // one run is no band
  });

  it("keeps to a facet's value, which is asked for with the groups", () => {
    const facet = { field: "tags", id: groupId(["a, b"]) };
    const own = { ...grouping, fields: ["param:lr"], facet };

    expect(keysOf(own)).toBe("params.lr,tags");
    expect(meanLines(means, own, "sd", () => "").map((line) => line.label)).toEqual(["lr = 0.1"]);
  });
});

describe("fieldOfKey", () => {
  it("reads what fieldKey writes, and nothing else", () => {
    for (const field of ["param:lr", "param:a b.max", 'param:say "x"', "tags", "name"])
      expect(fieldOfKey(fieldKey(field))).toBe(field);
    expect(fieldOfKey("metrics.loss")).toBeNull();
  });
});

describe("mapTracks", () => {
  const epochs = trackOf([0, 1, 2], { name: "epoch", x: Float64Array.of(0, 10, 20) });

  it("puts points where the x metric was at their step", () => {
    const loss = trackOf([9, 8, 7, 6], { x: Float64Array.of(0, 5, 20, 25) });

    const [mapped] = mapTracks([loss], [epochs]);

    expect([...mapped!.x]).toEqual([0, 0.5, 2]); // step 25 is after the last epoch known
    expect([...mapped!.mean]).toEqual([9, 8, 7]);
    expect(mapped!.count).toBe(4);
  });

  it("orders points by an x metric that falls", () => {
    const falling = trackOf([3, 1], { x: Float64Array.of(0, 2) });

    const [mapped] = mapTracks([trackOf([5, 6, 7])], [falling]);

    expect([...mapped!.x]).toEqual([1, 2, 3]);
    expect([...mapped!.mean]).toEqual([7, 6, 5]);
  });

  it("leaves out runs that do not have it", () => {
    expect(mapTracks([trackOf([1], { run: "b" })], [epochs])[0]!.x).toHaveLength(0);
  });

  it("asks for the steps of a window, a bucket to spare", () => {
    expect(stepsWithin([epochs], [0.9, 1.1])).toEqual([0, 20]);
    expect(stepsWithin([epochs], [7, 9])).toBeNull();
    expect(valueAt(epochs, 15)).toBe(1.5);
    expect(valueAt(epochs, 21)).toBeNaN();
  });
});

describe("nearestOf", () => {
  it("keeps the canvases nearest to the middle of the screen", () => {
    const distances = new Map([...Array(30).keys()].map((key) => [key, Math.abs(key - 20)]));

    const live = nearestOf(distances, 5);

    expect([...live].sort()).toEqual([18, 19, 20, 21, 22]);
  });
});

describe("the view in the address", () => {
  const metrics = ["train/epoch", "train/loss", "val/loss"];

  it.each([
    ["", { x: "step", by: null }],
    ["relative", { x: "relative", by: null }],
    ["epoch", { x: "step", by: "train/epoch" }],
    ["m:val/loss", { x: "step", by: "val/loss" }],
    ["m:gone", { x: "step", by: null }],
    ["<script>", { x: "step", by: null }],
  ])("reads the x axis %j", (text, view) => {
    expect(parseX(text, metrics)).toEqual(view);
  });

  it.each([
    ["LOSS", ["train/loss", "val/loss"]],
    ["loss val", ["val/loss"]],
    ["/^train.*s$/", ["train/loss"]],
    ["/(/", []],
  ])("finds charts by %j", (search, found) => {
    expect(findMetrics(metrics, search)).toEqual(found);
  });
});

describe("colourBy", () => {
  const runs = Array.from({ length: 10 }, (_, at) =>
    runOf({ id: String(at), params: { lr: 10 ** -at, kind: at % 2 ? "a" : "b" } }),
  );

  it("gives kinds hues and quantities places on a ramp", () => {
    const kinds = colourBy(runs, "param:kind");
    const rates = colourBy(runs, "param:lr");

    expect(kinds.legend.map(({ label, line }) => [label, line.colour])).toEqual([
      ["a", "--hue-0"],
      ["b", "--hue-1"],
    ]);
    expect(rates.styles.get("9")!.colour).toBe("--ramp-0");
    expect(rates.styles.get("0")!.colour).toBe("--ramp-11");
    expect(rates.styles.get("5")!.colour).toBe("--ramp-5"); // by magnitude
  });
});

describe("othersOf", () => {
  const choice = (over: Partial<Choice> = {}): Choice => ({
    rule: "newest",
    hidden: new Set(),
    added: new Set(),
    pinned: new Set(),
    only: null,
    ...over,
  });

  it("asks for the best and the newest of all runs, in the filter", () => {
    const best = othersOf(choice({ rule: "best" }), "val/acc", "a or b", "", RUNS);
    const newest = othersOf(choice(), null, "a or b", "name", RUNS);

    expect(best).toEqual([{ q: "a or b", sort: "-metrics.val/acc.max", limit: DRAWN_MAX }]);
    expect(newest).toEqual([
      { q: "a or b", sort: "", limit: DRAWN_MAX },
      { q: "(a or b) and (state = running)", sort: "", limit: 200 },
    ]);
    // The list itself begins with the newest.
    expect(othersOf(choice(), null, "", "", RUNS).map(({ q }) => q)).toEqual(["state = running"]);
    expect(othersOf(choice({ rule: "all" }), "loss", "", "", RUNS)).toEqual([]);
  });

  it("asks for the runs that the address names and the list has not", () => {
    const loaded = keyOf(RUNS[0]!.id);
    const named = choice({
      rule: "chosen",
      added: new Set(["12345678", loaded, '" or 1']),
      pinned: new Set(["abcdef00"]),
    });

    expect(othersOf(named, null, "", "", RUNS)).toEqual([
      { q: 'id ~ "12345678" or id ~ "abcdef00"', sort: "", limit: 200 },
    ]);
  });

  it("joins what it finds to what is loaded, which is newer", () => {
    const stale = { ...RUNS[0]!, name: "old" };
    const other = runOf({ id: idOf(99), name: "other" });

    expect(joined(RUNS, [stale])).toBe(RUNS);
    const names = joined(RUNS.slice(0, 1), [stale, other]).map((run) => run.name);
    expect(names.sort()).toEqual([RUNS[0]!.name, "other"].sort());
  });
});

describe("dashBy", () => {
  it("gives each kind a dash, in their order, and runs without one another", () => {
    const runs = [...Array(6).keys(), null].map((kind) =>
      runOf({ id: String(kind), params: kind === null ? {} : { kind } }),
    );

    const { dashes, legend } = dashBy(runs, "param:kind");

    expect(legend.map(({ label }) => label)).toEqual(["0", "1", "2", "3", "4", "5"]);
    expect(dashes.get("0")).toEqual([]);
    expect(new Set([0, 1, 2, 3, null].map((id) => String(dashes.get(String(id))))).size).toBe(5);
    expect(dashes.get("4")).toEqual(dashes.get("0")); // four are told apart, no more
  });
});

describe("directionOf", () => {
  it.each([
    ["val/loss", "min"],
    ["val/top5_accuracy", "max"],
    ["loss/rate", null],
    ["val/r2", "max"],
    ["grad/norm/layer2", null],
    ["val/mse", "min"],
  ])("%s is better: %s", (name, direction) => {
    expect(directionOf(name)).toBe(direction);
  });
});

describe("wholesOf", () => {
  it("finds the group that the browser made of the same values", () => {
    const runs = [runOf({ tags: ["b", "a"], params: { lr: 0.1 } }), runOf({ group: "" })];
    const fields = ["tags", "param:lr", "group"];
    const column = columnOf("min:loss", runs, (key) => key)!;
    const amount = { count: 700, mean: 2, sd: null, min: 1, max: 3 };

    const wholes = wholesOf(
      {
        groups: [{ values: [["b", "a"], 0.1, ""], q: "", runs: 900, aggregates: { x: amount } }],
        total: 1,
        runs: 900,
        rev: 1,
      },
      fields,
      [column],
    );

    const whole = wholes.get(groupRuns(runs, fields, "none")[0]!.id);
    expect(whole?.count).toBe(900);
    expect(whole?.averages.get("min:loss")).toEqual({
      mean: 2,
      sd: 0,
      low: 1,
      high: 3,
      count: 700,
    });
  });
});

describe("familiesOf", () => {
  it("puts numbered siblings together in the order of their numbers, a few of them not", () => {
    const layers = Array.from({ length: 12 }, (_, at) => `grad/norm/layer.${at}.weight`);

    const { families, others } = familiesOf([...layers].sort().concat("grad/norm/top1", "grad/x"));

    expect(families).toEqual([{ stem: "grad/norm/layer.", metrics: layers }]);
    expect(others).toEqual(["grad/norm/top1", "grad/x"]);
  });
});

describe("twinsOf", () => {
  it("knows the training's names of all frameworks", () => {
    const names = ["val/loss", "train/loss", "val_acc", "acc", "val/f1", "test/loss", "loss"];

    expect([...twinsOf(names)]).toEqual([
      ["val/loss", "train/loss"],
      ["val_acc", "acc"],
    ]);
  });
});
