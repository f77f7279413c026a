import { describe, expect, it } from "vitest";

import type { CheckpointSummary } from "../src/api/types";
import { chosenBy, flagsOf } from "../src/run/checkpointFlags";
import { metricOf, runOf } from "./build";

function checkpointOf(over: Partial<CheckpointSummary>): CheckpointSummary {
  return {
    id: "c",
    time_ns: 0,
    step: 0,
    axes: {},
    attempt: 1,
    rank: 0,
    roles: [],
    holds: [],
    path: "",
    is_folder: false,
    writer: "",
    metrics: {},
    monitor: "",
    mode: "",
    files: 1,
    bytes: 1,
    kept: "",
    reason: "",
    status: "recorded",
    problem: "",
    gone: "",
    gone_ns: null,
    ...over,
  };
}

const run = runOf({ id: "r", started_ns: 1e9, metrics: { "val/loss": metricOf(0.1) } });
const describeAll = (_: CheckpointSummary, score: string) => score;

describe("checkpoints on charts", () => {
  it("stand on the metric that chose them, at their score", () => {
    const best = checkpointOf({
      id: "b",
      step: 7,
      time_ns: 3e9,
      monitor: "acc",
      metrics: { acc: 0.75 },
      holds: ["best"],
    });
    const broken = checkpointOf({ id: "n", monitor: "acc", metrics: { acc: "NaN" } });
    const all = [best, broken, checkpointOf({ id: "x" })];

    expect(chosenBy(run, all)).toBe("acc");
    expect(flagsOf(run, all, "acc", "val/loss", describeAll)).toMatchObject([
      {
        id: "b",
        place: { step: 7, time: 3, relative: 2 },
        value: 0.75,
        isBest: true,
        label: "acc 0.75",
        href: "/r/r/checkpoints?c=b",
      },
      { id: "n", value: null, isBest: false, label: "acc NaN" },
    ]);
    expect(flagsOf(run, all, "val/loss", "val/loss", describeAll)).toMatchObject([{ id: "x" }]);
  });

  it("stand on the headline where nothing chose them; of very many the newest, and the best", () => {
    const many = Array.from({ length: 500 }, (_, at) =>
      checkpointOf({ id: String(at), holds: at === 3 ? ["best"] : [] }),
    );

    expect(chosenBy(run, many)).toBe("val/loss");
    const ids = flagsOf(run, many, "val/loss", "val/loss", describeAll).map(({ id }) => id);
    expect(ids).toHaveLength(201);
    expect([ids[0], ids[1], ids.at(-1)]).toEqual(["3", "300", "499"]);
    expect(chosenBy(runOf({}), [])).toBe("");
  });
});
