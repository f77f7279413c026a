import { describe, expect, it } from "vitest";

import { applyAll, changesOf, inverseOf, type Change } from "../src/list/bulk";
import { runOf } from "./build";

const RUNS = [
  runOf({ id: "1", name: "one", tags: ["a"] }),
  runOf({ id: "2", name: "two", tags: ["a", "b"], edited: ["tags"], archived: true }),
];

describe("changesOf", () => {
  it("adds and removes tags where there is something to do, and knows the way back", () => {
    expect(changesOf({ kind: "tag", tags: ["b", "a"] }, RUNS)).toEqual([
      // null: what the run itself said.
      { id: "1", name: "one", kind: "edit", edit: { tags: ["a", "b"] }, back: { tags: null } },
    ]);
    expect(changesOf({ kind: "untag", tags: ["b"] }, RUNS)).toEqual([
      { id: "2", name: "two", kind: "edit", edit: { tags: ["a"] }, back: { tags: ["a", "b"] } },
    ]);
  });

  it("moves, puts away, brings back and deletes", () => {
    const ids = (changes: Change[]) => changes.map(({ id }) => id);

    expect(ids(changesOf({ kind: "group", group: "" }, RUNS))).toEqual([]);
    expect(ids(changesOf({ kind: "group", group: "g" }, RUNS))).toEqual(["1", "2"]);
    expect(ids(changesOf({ kind: "archive" }, RUNS))).toEqual(["1"]);
    expect(ids(changesOf({ kind: "restore" }, RUNS))).toEqual(["2"]);
    const [first] = changesOf({ kind: "delete" }, RUNS);
    expect(inverseOf(first!)).toEqual({ id: "1", name: "one", kind: "undelete" });
    expect(inverseOf(inverseOf(first!))).toEqual(first);
  });
});

describe("applyAll", () => {
  const changes = Array.from({ length: 10 }, (_, id) => ({
    id: `${id}`,
    name: `run ${id}`,
    kind: "delete" as const,
  }));

  it("does all, a few at once, and says which failed and why", async () => {
    let [now, most] = [0, 0];
    const steps: number[] = [];
    const work = async ({ id }: Change) => {
      most = Math.max(most, (now += 1));
      await Promise.resolve();
      now -= 1;
      if (id === "3") throw new Error("no such run");
    };

    const outcome = await applyAll(
      changes,
      ({ done, failed }) => steps.push(done.length + failed.length),
      new AbortController().signal,
      work,
    );

    expect(outcome.done).toHaveLength(9);
    expect(outcome.failed).toEqual([{ change: changes[3], reason: "no such run" }]);
    expect(outcome.left).toEqual([]);
    expect(most).toBe(4);
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it("begins no more once it is stopped", async () => {
    const stopper = new AbortController();

    const outcome = await applyAll(
      changes,
      () => stopper.abort(),
      stopper.signal,
      () => Promise.resolve(),
    );

    expect(outcome.done.length + outcome.left.length).toBe(10);
    expect(outcome.done.length).toBeLessThanOrEqual(4);
  });
});
