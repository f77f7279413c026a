import { expect, it } from "vitest";

import { editOf, fits, metricsOf, patternsOf, pricesOf } from "../src/project/rules";

it("a name fits a pattern whose parts it has in their order, and nothing else", () => {
  for (const [name, pattern] of [
    ["train/loss", "train/*"],
    ["train/", "train/*"],
    ["lr", "lr"],
    ["a/b/c", "a*b*c"],
    ["aXbbXc", "a*b*c"],
    ["[x]?", "[*?"],
  ] as const)
    expect(fits(name, [pattern]), `${name} ${pattern}`).toBe(true);
  for (const [name, pattern] of [
    ["Train/loss", "train/*"],
    ["lr2", "lr"],
    ["abc", "a*bb*c"],
    ["aba", "ab*ba"], // the same characters are not used twice
    ["x", "?"],
  ] as const)
    expect(fits(name, [pattern]), `${name} ${pattern}`).toBe(false);
  expect(fits("x", [])).toBe(false);
});

it("the form says what the server is told, and nothing while the days are none", () => {
  const draft = {
    patterns: " train/* \n\nlr\n",
    detail: "archive",
    afterDays: "30",
    headline: " acc ",
    better: "max",
    prices: "*A100 80GB*  1.90\n\nhost 0",
    currency: " EUR",
  } as const;

  expect(editOf("p", { ...draft, keep: " x " })).toEqual({
    project: "p",
    metrics: ["train/*", "lr"],
    detail: "archive",
    after_days: 30,
    keep: "x",
    headline: "acc",
    better: "max",
    prices: [
      { device: "*A100 80GB*", per_hour: 1.9 },
      { device: "host", per_hour: 0 },
    ],
    currency: "EUR",
  });
  // Without a metric there is nothing that could be better.
  expect(editOf("p", { ...draft, keep: "", headline: " " })?.better).toBe("");
  for (const afterDays of ["", "0", "1.5", "x", "99999"])
    expect(editOf("p", { ...draft, keep: "", afterDays })).toBeNull();
  expect(patternsOf("")).toEqual([]);
  for (const prices of ["A100", "A100 x", "1.5", "A100 -1", "host 1\nA100 1,5"])
    expect(editOf("p", { ...draft, keep: "", prices })).toBeNull();
  expect(pricesOf("host 1\nA100")[1]).toBe(2); // the line that is wrong
});

it("metrics are read off keys, also those that are written in quotes", () => {
  const key = (key: string) => ({ key, kinds: [], runs: 2 });

  expect(
    metricsOf([key("metrics.val/loss"), key('metrics["a \\"b\\""]'), key("params.metrics")]),
  ).toEqual([
    { name: "val/loss", runs: 2 },
    { name: 'a "b"', runs: 2 },
  ]);
});
