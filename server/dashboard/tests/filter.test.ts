import { describe, expect, it } from "vitest";

import { serverSort } from "../src/list/columns";
import { editOf, fieldEdit, textOf } from "../src/list/edits";
import {
  completionAt,
  keyText,
  termsOf,
  valueText,
  withoutTerm,
  withTerm,
} from "../src/list/filterText";
import { metricOf, runOf } from "./build";

const RUNS = [
  runOf({
    params: { "lr": 0.1, "optimizer.name": "adam", "odd name": 1 },
    metrics: { "val/loss": metricOf(1) },
    tags: ["best", "paper"],
  }),
  runOf({ params: { "lr": 0.01, "optimizer.name": "sgd" } }),
];
const offered = (text: string) => completionAt(text, text.length, RUNS).choices;

describe("termsOf", () => {
  it.each([
    ["", []],
    ["a = 1", ["a = 1"]],
    ["a = 1 and (b = 2 and c = 3) AND d", ["a = 1", "(b = 2 and c = 3)", "d"]],
    ['name ~ "this and that" and x', ['name ~ "this and that"', "x"]],
    ["a = 1 and b or c", ["a = 1 and b or c"]],
    ["a and ", ["a"]],
  ])("%j", (text, terms) => {
    expect(termsOf(text)).toEqual(terms);
  });

  it("are dropped and added without changing the others", () => {
    expect(withoutTerm("a and b and c", 1)).toBe("a and c");
    expect(withTerm("a or b", "c")).toBe("(a or b) and c");
    expect(withTerm("a", "a")).toBe("a");
  });
});

describe("keyText and valueText", () => {
  it.each([
    ["lr", "params.lr"],
    ["optimizer.name", "params.optimizer.name"],
    ["odd name", 'params["odd name"]'],
    ["x.max", 'params["x.max"]'],
  ])("names %j", (name, text) => {
    expect(keyText("params", name)).toBe(text);
  });

  it("write texts in quotes", () => {
    expect([valueText('a "b"'), valueText(1e-7), valueText(null)]).toEqual([
      '"a \\"b\\""',
      "1e-7",
      "null",
    ]);
  });
});

describe("completionAt", () => {
  it.each([
    ["par", "params.lr"],
    ["val/lo", "metrics.val/loss"],
    ["metrics.val/loss.mi", "metrics.val/loss.min"],
    ["params.lr < 1 and opt", "params.optimizer.name"],
    ["odd", 'params["odd name"]'],
    ["state = fai", "failed"],
    ["params.lr = ", "0.01"],
    ["params.optimizer.name = sg", '"sgd"'],
    ['params["odd name"] = ', "1"],
    ["tags has pa", '"paper"'],
  ])("after %j offers %j first", (text, choice) => {
    expect(offered(text)[0]).toBe(choice);
  });

  it("replaces the word that is typed and nothing else", () => {
    const { start, end } = completionAt("x = 1 and params.l and y", 18, RUNS);

    expect([start, end]).toEqual([10, 18]);
  });

  it("is silent where the word is whole", () => {
    expect(offered("metrics.val/loss.max")).toEqual([]);
  });
});

describe("serverSort", () => {
  it("names columns as the server does", () => {
    const sorts = ["-metric:val/loss", "param:odd name", "-started"].map((text) => ({
      column: text.replace("-", ""),
      isDescending: text.startsWith("-"),
    }));

    expect(serverSort(sorts)).toBe('-metrics.val/loss,params["odd name"],-created');
    expect(serverSort([sorts[2]!])).toBe("");
    expect(serverSort([{ column: "gone", isDescending: true }])).toBe("");
  });
});

describe("fieldEdit", () => {
  const run = runOf({ name: "one", tags: ["a", "b"], group: "g" });

  it("changes the one field, and nothing where that is so already", () => {
    expect(fieldEdit(run, "tags", " b ,c,, b")).toEqual({ tags: ["b", "c"] });
    expect(fieldEdit(run, "name", " one ")).toEqual({});
    expect(fieldEdit(run, "name", "")).toEqual({ name: null }); // what the run itself said
    expect(fieldEdit(run, "group", " ")).toEqual({ group: "" });
    expect(fieldEdit(run, "group", "g ")).toEqual({});
    expect(fieldEdit(run, "notes", "two\nlines")).toEqual({ notes: "two\nlines" });
    expect(textOf(run, "tags")).toBe("a, b");
  });
});

describe("editOf", () => {
  const run = { name: "one", tags: ["a"], notes: "" };

  it("sends what has changed", () => {
    expect(editOf(run, { name: " one ", tags: "a", notes: "" })).toEqual({});
    expect(editOf(run, { name: "", tags: "a, b,,a", notes: "x" })).toEqual({
      name: null,
      tags: ["a", "b"],
      notes: "x",
    });
  });
});
