import { describe, expect, it } from "vitest";

import { metricLines } from "../src/charts/lines";
import { trackOf } from "./build";

const RUNS = ["a", "b"].map((id, slot) => ({
  id,
  label: `run ${id}`,
  style: { colour: `--hue-${slot}`, dash: [9, 9] },
}));
const METRICS = ["train/loss", "val/loss"];
const TRACKS = METRICS.flatMap((name) => RUNS.map(({ id }) => trackOf([1, 2], { run: id, name })));

describe("metricLines", () => {
  it("gives each metric of one run a colour", () => {
    const lines = metricLines(TRACKS, RUNS.slice(0, 1), METRICS);

    expect(lines.map(({ label, style }) => [label, style.colour])).toEqual([
      ["train/loss", "--hue-0"],
      ["val/loss", "--hue-1"],
    ]);
  });

  it("gives each metric of several runs a dash, and leaves the runs their colours", () => {
    const lines = metricLines(TRACKS, RUNS, METRICS);

    expect(lines.map(({ label, style }) => [label, style.colour, style.dash])).toEqual([
      ["train/loss · run a", "--hue-0", []],
      ["train/loss · run b", "--hue-1", []],
      ["val/loss · run a", "--hue-0", [7, 4]],
      ["val/loss · run b", "--hue-1", [7, 4]],
    ]);
  });

  it("leaves the lines of one metric as the runs are drawn", () => {
    const [line] = metricLines(TRACKS.slice(0, 1), RUNS, METRICS.slice(0, 1));

    expect(line).toMatchObject({ label: "run a", style: { colour: "--hue-0", dash: [9, 9] } });
  });
});
