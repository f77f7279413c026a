import { describe, expect, it } from "vitest";

import type { MetricSummary } from "../src/api/types";
import { columnOf, columnsFor, formatDate, sortRuns } from "../src/list/columns";
import { patched } from "../src/list/useRuns";
import { headlines, sectionsOf } from "../src/series/metrics";
import { runOf } from "./build";

const metric = (last: MetricSummary["last"]): MetricSummary => ({
  last,
  last_step: 1,
  min: null,
  max: null,
  count: 1,
  nonfinite: 0,
  first_nonfinite_step: null,
  on_time_axis: false,
});

const RUNS = [
  runOf({
    id: "1",
    name: "one",
    params: { lr: 0.1, seed: 1 },
    metrics: { "train/loss": metric(0.5) },
  }),
  runOf({
    id: "2",
    name: "two",
    params: { lr: 0.01, seed: 1 },
    metrics: { "train/loss": metric("NaN") },
  }),
  runOf({
    id: "3",
    name: "three",
    params: { lr: 1, seed: 1 },
    tags: ["best"],
    metrics: { "train/loss": metric(0.1) },
  }),
];

describe("columnsFor", () => {
  it("gives a column to what differs and folds what does not", () => {
    const { proposed: ids, constants } = columnsFor(RUNS);

    expect(ids.slice(0, 3)).toEqual(["name", "state", "metric:train/loss"]);
    expect(ids.indexOf("metric:train/loss")).toBeLessThan(ids.indexOf("param:lr"));
    expect(ids).not.toContain("param:seed");
    expect(constants).toEqual({ seed: 1 });
  });

  it("shows the user's own parameters before those of the framework", () => {
    const framework = "keras 3.15.1 (jax)";
    const runs = [1, 2].map((seed) =>
      runOf({ framework, params: { "keras.fit.epochs": seed, seed, "a.b": seed } }),
    );

    const ids = columnsFor(runs).proposed;

    expect(ids.filter((id) => id.startsWith("param:"))).toEqual([
      "param:a.b",
      "param:seed",
      "param:keras.fit.epochs",
    ]);
    expect(ids.indexOf("duration")).toBeGreaterThan(ids.indexOf("param:seed"));
    expect(ids.indexOf("duration")).toBeLessThan(ids.indexOf("param:keras.fit.epochs"));
  });
});

describe("sortRuns", () => {
  it.each([
    [false, ["3", "1", "2"]],
    [true, ["1", "3", "2"]],
  ])("puts NaN last, descending: %s", (isDescending, ids) => {
    const columns = columnsFor(RUNS).proposed.map((id) => columnOf(id, RUNS, (key) => key)!);

    const sorted = sortRuns(RUNS, [{ column: "metric:train/loss", isDescending }], columns);

    expect(sorted.map((run) => run.id)).toEqual(ids);
  });
});

describe("patched", () => {
  it("replaces runs in place and puts new ones in front", () => {
    const list = {
      pages: [
        { runs: [RUNS[0]!], next: "x", total: 2, rev: 1, unknown: [] },
        { runs: [RUNS[1]!], next: null, total: 2, rev: 1, unknown: [] },
      ],
      pageParams: [null, "x"],
    };

    const fresh = [{ ...RUNS[1]!, name: "renamed" }, RUNS[2]!];
    const after = patched(list, ["2", "3"], fresh);
    const pages = after.pages.map((page) => page.runs.map((run) => run.name));

    expect(pages).toEqual([["three", "one"], ["renamed"]]);
    expect(after.pages[0]!.total).toBe(3);
    const without = patched(after, ["1", "9"], []); // deleted, or put away
    expect(without.pages.flatMap((page) => page.runs).map((run) => run.name)).toEqual([
      "three",
      "renamed",
    ]);
    expect(without.pages[0]!.total).toBe(2);
  });
});

describe("metrics", () => {
  it("puts validation first, then training, gradients last, losses before all else", () => {
    const names = ["grad/b", "train/acc", "train/loss", "lr", "val/acc", "val/loss", "perf/step_s"];

    const sections = sectionsOf(names);

    expect(sections.map((section) => section.name)).toEqual(["val", "train", "", "perf", "grad"]);
    expect(sections[1]!.metrics).toEqual(["train/loss", "train/acc"]);
  });

  it("prefers headlines that most runs have", () => {
    const runs = Array.from({ length: 10 }, (_, index) =>
      runOf({
        metrics: { "train/loss": metric(1), ...(index === 0 ? { "val/loss": metric(1) } : {}) },
      }),
    );

    expect(headlines(runs, 4)).toEqual(["train/loss", "val/loss"]);
    // That of the project comes first, however few have it, and if any has it.
    expect(headlines(runs, 4, { name: "val/loss", better: null })[0]).toBe("val/loss");
    expect(headlines(runs, 4, { name: "none", better: null })).toEqual(headlines(runs, 4));
  });
});

describe("formatDate", () => {
  it("says no more of a moment than tells it from now", () => {
    const now = new Date(2026, 10, 29, 17, 0, 0);
    const on = (...moment: [number, number, number, number, number, number]) =>
      formatDate(new Date(...moment).getTime() * 1e6, now);

    expect(on(2026, 10, 29, 14, 5, 9)).toBe(new Date(2026, 10, 29, 14, 5, 9).toLocaleTimeString());
    expect(on(2026, 9, 29, 14, 5, 9)).toMatch(/29\D.*05\b/);
    expect(on(2026, 10, 28, 14, 5, 9)).not.toContain("2026");
    expect(on(2025, 10, 29, 14, 5, 9)).toContain("2025");
  });
});
