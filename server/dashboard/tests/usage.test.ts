import { describe, expect, it } from "vitest";

import type { DeviceHold, Stretch, Usage, UsageRun } from "../src/api/types";
import { ticksOf, tickStep } from "../src/resources/painting";
import {
  byProject,
  heldOf,
  idleShareOf,
  idlestOf,
  rowsOf,
  suggestionsOf,
  sumOf,
  systemAddress,
} from "../src/resources/usage";

const HOUR = 3600e9;

function stretch(from: number, to: number, is_idle = false): Stretch {
  return { start_ns: from * HOUR, end_ns: to * HOUR, utilization: is_idle ? 1 : 80, is_idle };
}

function hold(run: string, stretches: Stretch[], more: Partial<DeviceHold> = {}): DeviceHold {
  const hours = stretches.reduce((sum, one) => sum + (one.end_ns - one.start_ns) / HOUR, 0);
  const idle = stretches.filter((one) => one.is_idle);
  const idleHours = idle.reduce((sum, one) => sum + (one.end_ns - one.start_ns) / HOUR, 0);
  return {
    run,
    host: "ada",
    device: "gpu.0",
    kind: "A100",
    is_assumed: false,
    hours,
    share_hours: hours,
    utilization: 50,
    idle_share: idleHours / hours,
    memory_peak_bytes: 60e9,
    memory_bytes: 80e9,
    cost: null,
    currency: "",
    stretches,
    ...more,
  };
}

function usageOf(holds: DeviceHold[], states: Record<string, UsageRun["state"]> = {}): Usage {
  const ids = [...new Set(holds.map(({ run }) => run))];
  return {
    start_ns: 0,
    end_ns: 24 * HOUR,
    part_s: 300,
    idle_percent: 10,
    runs: ids.map((id) => ({
      id,
      project: id.split("-")[0]!,
      name: id,
      state: states[id] ?? "finished",
      started_ns: HOUR,
    })),
    holds,
    runs_unsampled: 0,
    runs_left_out: 0,
  };
}

describe("rowsOf", () => {
  it("has a row for each device, and lanes for what overlaps on it", () => {
    const held = heldOf(
      usageOf([
        hold("a-1", [stretch(0, 4)]),
        hold("a-2", [stretch(2, 6)]),
        hold("a-3", [stretch(4, 5)]),
        hold("a-3", [stretch(4, 5)], { device: "" }),
      ]),
    );

    const rows = rowsOf(held);

    expect(rows.map(({ device, lanes, laneCount }) => [device, lanes, laneCount])).toEqual([
      ["gpu.0", [0, 1, 0], 2],
      ["", [0], 1],
    ]);
  });
});

describe("sums", () => {
  const held = heldOf(
    usageOf([
      hold("a-1", [stretch(0, 3), stretch(3, 4, true)], { cost: 8, currency: "EUR" }),
      hold("b-1", [stretch(0, 10)], { device: "", share_hours: 5 }),
    ]),
  );

  it("count what several runs held at once once, and money by currency", () => {
    const sum = sumOf(held);

    expect(sum).toMatchObject({ gpuHours: 4, machineHours: 5, idleHours: 1, isPriced: false });
    expect([...sum.costs]).toEqual([["EUR", 8]]);
    expect(idleShareOf(sum)).toBeCloseTo(1 / 9);
    expect(idleShareOf(sumOf([]))).toBe(0);
  });

  it("are told by project, and of the runs that idled longest", () => {
    expect(byProject(held).map(([project]) => project)).toEqual(["b", "a"]);
    expect(idlestOf(held).map(({ run, idleHours }) => [run.id, idleHours])).toEqual([["a-1", 1]]);
  });
});

describe("suggestionsOf", () => {
  it("tells what idled long, what goes on first, and GPUs that were too large", () => {
    const usage = usageOf(
      [
        hold("a-1", [stretch(0, 3), stretch(3, 6, true)]),
        hold("a-2", [stretch(22, 24, true)]),
        hold("a-3", [stretch(0, 2)], { memory_peak_bytes: 8e9 }),
        hold("a-4", [stretch(0, 0.4, true), stretch(0.4, 3)]), // not long enough
        hold("a-5", [stretch(0, 0.5)], { memory_peak_bytes: 8e9 }), // nor is this
        hold("a-6", [stretch(0, 2)], { memory_peak_bytes: 8e9, is_assumed: true }),
      ],
      { "a-2": "running" },
    );

    const found = suggestionsOf(heldOf(usage), usage.end_ns);

    expect(found.map(({ run, kind, isNow }) => [run.id, kind, isNow])).toEqual([
      ["a-2", "idle", true],
      ["a-1", "idle", false],
      ["a-3", "memory", false],
    ]);
    expect(systemAddress(found[1]!.run, found[1]!.stretch)).toBe("/r/a-1/system?xr=7200%2C18000");
  });
});

describe("ticksOf", () => {
  it("are whole hours of the day, and days where the window is long", () => {
    const noon = new Date(2026, 5, 15, 12, 7).getTime() / 1000;
    const day = { from: noon - 86_400, to: noon, width: 900 };
    const week = { from: noon - 7 * 86_400, to: noon, width: 600 };

    expect(tickStep(day)).toBe(3 * 3600);
    expect(ticksOf(day, 3 * 3600).map((at) => new Date(at * 1000).getHours())).toEqual([
      15, 18, 21, 0, 3, 6, 9, 12,
    ]);
    expect(tickStep(week)).toBe(2 * 86_400);
    for (const at of ticksOf(week, 86_400)) expect(new Date(at * 1000).getHours()).toBe(0);
  });
});
