import { expect, it } from "vitest";

import { findOffers, moved, OFFERS_MAX, type Offer } from "../src/palette/offers";

const offer = (kind: string, text: string): Offer => ({ id: text, kind, text, choose: () => {} });

it("finds by every word, in any order, also by the kind; beginnings first", () => {
  const offers = [offer("Run", "calm-fox"), offer("Metric", "val/loss"), offer("Run", "fox-calm")];
  const texts = (typed: string) => findOffers(offers, typed).map(({ text }) => text);

  expect(texts("FOX")).toEqual(["fox-calm", "calm-fox"]);
  expect(texts("run calm")).toEqual(["calm-fox", "fox-calm"]);
  expect(texts("  ")).toHaveLength(3);
  expect(texts("elk")).toEqual([]);
});

it("shows no more than can be read", () => {
  const many = Array.from({ length: 900 }, (_, index) => offer("Run", `run-${index}`));
  expect(findOffers(many, "run")).toHaveLength(OFFERS_MAX);
});

it("goes round and round", () => {
  expect(moved("ArrowDown", 2, 3)).toBe(0);
  expect(moved("ArrowUp", 0, 3)).toBe(2);
  expect(moved("PageDown", 1, 3)).toBe(2);
  expect(moved("a", 1, 3)).toBeNull();
  expect(moved("ArrowDown", 0, 0)).toBeNull();
});
