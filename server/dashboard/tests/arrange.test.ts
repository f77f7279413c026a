import { describe, expect, it, vi } from "vitest";

import { ApiError } from "../src/api/client";
import type { Wall, WallSave } from "../src/api/types";
import { Changes, TooLate } from "../src/charts/arrange/changes";
import { sizeAt } from "../src/charts/arrange/Corner";
import { placeAt } from "../src/charts/arrange/drag";
import {
  cardsOf,
  changed,
  isArranged,
  ordered,
  placed,
  sizeOf,
  spotBy,
  UNARRANGED,
  type Change,
} from "../src/charts/arrange/layout";

const ALL = ["a", "b", "c", "d"];

function moving(name: string, of: string, isBehind = false, all = ALL): Change {
  return { do: "card", section: "s", name, to: { of, isBehind }, all };
}

function orderAfter(changes: Change[], all = ALL): string[] {
  return ordered(all, cardsOf(changes.reduce(changed, UNARRANGED), "s"));
}

describe("the order of cards", () => {
  it("is that of what was moved where", () => {
    expect(orderAfter([moving("d", "a")])).toEqual(["d", "a", "b", "c"]);
    expect(orderAfter([moving("a", "c", true)])).toEqual(["b", "c", "a", "d"]);
    expect(orderAfter([moving("d", "a"), moving("d", "c", true)])).toEqual(ALL);
    expect(orderAfter([moving("a", "nobody")])).toEqual(ALL);
  });

  it("is that of every spot, however often something is moved", () => {
    let layout = UNARRANGED;
    let order = [...ALL];
    for (let turn = 0; turn < 300; turn += 1) {
      const name = ALL[(turn * 7) % 4]!;
      const to = { of: ALL[(turn * 5 + 1) % 4]!, isBehind: turn % 3 === 0 };
      if (to.of === name) continue;
      layout = changed(layout, { do: "card", section: "s", name, to, all: ALL });
      order = placed(order, name, to);
      expect(ordered(ALL, cardsOf(layout, "s"))).toEqual(order);
    }
  });

  it("names no more than it must, so that a new metric finds its place", () => {
    const layout = changed(UNARRANGED, moving("d", "a"));
    expect(cardsOf(layout, "s")).toEqual(["d"]);
    expect(ordered(["a", "aa", "b", "c", "d"], cardsOf(layout, "s"))).toEqual([
      "d",
      "a",
      "aa",
      "b",
      "c",
    ]);
    // Back where it was: nothing is named.
    expect(isArranged(changed(layout, moving("d", "c", true)))).toBe(false);
  });

  it("keeps what only other runs have", () => {
    const theirs = { ...UNARRANGED, cards: [{ section: "s", cards: ["z", "d"] }] };
    expect(cardsOf(changed(theirs, moving("b", "d")), "s")).toEqual(["z", "b", "d"]);
  });

  it("steps from place to place and stops at the ends", () => {
    expect(spotBy(ALL, "b", -1)).toEqual({ of: "a", isBehind: false });
    expect(spotBy(ALL, "b", 5)).toEqual({ of: "d", isBehind: true });
    expect(spotBy(ALL, "a", -1)).toBeNull();
    expect(spotBy(ALL, "d", Infinity)).toBeNull();
  });
});

it("sizes a card, and forgets one that is small again", () => {
  const large = changed(UNARRANGED, { do: "size", name: "constructor", size: "large" });
  expect(sizeOf(large, "constructor")).toBe("large");
  expect(sizeOf(UNARRANGED, "constructor")).toBe("small");
  expect(changed(large, { do: "size", name: "constructor", size: "small" })).toEqual(UNARRANGED);
});

it("finds the place under the pointer, in rows and across", () => {
  const box = (left: number, top: number, width = 100) => ({
    left,
    top,
    right: left + width,
    bottom: top + 50,
  });
  const boxes = [box(0, 0), box(110, 0), box(0, 60, 210), box(0, 120), box(110, 120)];
  expect(placeAt(boxes, 20, 20)).toBe(0);
  expect(placeAt(boxes, 90, 20)).toBe(1);
  expect(placeAt(boxes, 200, 20)).toBe(2);
  expect(placeAt(boxes, 200, 70)).toBe(2); // above the middle of a whole row
  expect(placeAt(boxes, 20, 100)).toBe(3);
  expect(placeAt(boxes, 900, 900)).toBe(5);
  expect(placeAt([], 1, 1)).toBe(0);
});

it("gives a card that is pulled so far so many columns", () => {
  expect([20, 290, 450, 600, 750, 1500].map((width) => sizeAt(width, 290, 10))).toEqual([
    "small",
    "small",
    "medium",
    "medium",
    "large",
    "large",
  ]);
});

/** A server with one wall. */
function server() {
  let stored: Wall = { project: "p", version: 0, author: "", saved_ns: null, layout: UNARRANGED };
  const conflict = () => new ApiError(409, null, "somebody was quicker");
  return {
    get stored() {
      return stored;
    },
    put: (layout: Wall["layout"]) => {
      stored = { ...stored, version: stored.version + 1, layout };
    },
    save: vi.fn(async ({ version, author, layout }: WallSave) => {
      if (version !== stored.version) throw conflict();
      stored = { ...stored, version: version + 1, author, layout };
      return stored;
    }),
  };
}

function client(at: ReturnType<typeof server>) {
  let known: Wall | undefined = at.stored;
  return new Changes("p", {
    read: async () => at.stored,
    save: at.save,
    known: () => known,
    take: (wall) => {
      known = wall;
    },
  });
}

describe("changes on their way", () => {
  it("of two people are both there, whoever comes first", async () => {
    const at = server();
    const [ada, grace] = [client(at), client(at)];

    await ada.add(moving("d", "a"), "ada");
    await grace.add({ do: "size", name: "b", size: "large" }, "grace");
    await ada.add(moving("c", "d"), "ada");

    expect(at.stored.layout).toEqual({
      sections: [],
      cards: [{ section: "s", cards: ["c", "d"] }],
      sizes: { b: "large" },
    });
    expect([ada.pending, ada.error, grace.error]).toEqual([[], null, null]);
  });

  it("made in the meantime go with the next request", async () => {
    const at = server();
    const ada = client(at);

    const first = ada.add(moving("d", "a"), "ada");
    const more = [moving("c", "d"), moving("b", "c")].map((change) => ada.add(change, "ada"));
    await Promise.all([first, ...more]);

    expect(at.save).toHaveBeenCalledTimes(2);
    expect(orderAfter([], ALL)).toEqual(ALL);
    expect(ordered(ALL, cardsOf(at.stored.layout, "s"))).toEqual(["b", "c", "d", "a"]);
  });

  it("stay when they could not be saved, until they are", async () => {
    const at = server();
    const ada = client(at);
    at.save.mockRejectedValueOnce(new Error("no answer"));

    await ada.add(moving("d", "a"), "ada");
    expect([ada.pending.length, ada.error?.message]).toEqual([1, "no answer"]);
    await ada.save("ada");

    expect([ada.pending, ada.error, at.stored.version]).toEqual([[], null, 1]);
  });

  it("are taken back, but not with what somebody else has done since", async () => {
    const at = server();
    const ada = client(at);
    await ada.add(moving("d", "a"), "ada");
    const { before, after } = ada.saved!;
    const back: Change = { do: "take_back", to: before, of: after.version };

    await ada.add(back, "ada");
    expect(at.stored.layout).toEqual(UNARRANGED);

    await ada.add(moving("d", "a"), "ada");
    const theirs = { ...at.stored.layout, sections: ["s"] };
    at.put(theirs);
    await ada.add({ ...back, of: ada.saved!.after.version }, "ada");

    expect(ada.error).toBeInstanceOf(TooLate);
    expect([ada.pending, at.stored.layout]).toEqual([[], theirs]);
  });
});
