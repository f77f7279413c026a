import { describe, expect, it } from "vitest";

import { healthMarks } from "../src/run/HealthMarks";
import { deviceTitle, deviceUnit, groupDevices } from "../src/run/devices";
import { nested, paramTree } from "../src/run/paramTree";

describe("healthMarks", () => {
  it("are what mltrack noticed itself, the gravest first", () => {
    const alertOf = (kind: string, level: "info" | "warning" | "error", time_ns: number) => ({
      kind,
      level,
      time_ns,
      title: "",
      text: "",
      step: null,
    });
    const alerts = [
      alertOf("health.stalled", "info", 1),
      alertOf("", "error", 2),
      alertOf("health.starved", "warning", 4),
      alertOf("health.nonfinite", "error", 5),
      alertOf("health.dead", "warning", 3),
    ];

    expect(healthMarks(alerts).map((mark) => mark.kind.slice(7))).toEqual([
      "nonfinite",
      "dead",
      "starved",
      "stalled",
    ]);
  });
});

describe("paramTree", () => {
  it("makes branches of dots, searches paths and values, and nests again", () => {
    const params = { "optimizer.lr": 0.1, "optimizer.name": "adam", "seed": 1 };

    expect(
      paramTree(params, "adam").map((node) => node.children.map((child) => child.path)),
    ).toEqual([["optimizer.name"]]);
    expect(nested(paramTree(params, ""))).toEqual({
      optimizer: { lr: 0.1, name: "adam" },
      seed: 1,
    });
  });

  it("loses nothing where a name is both a value and a branch", () => {
    expect(nested(paramTree({ "a": 1, "a.b": 2 }, ""))).toEqual({ a: { "": 1, "b": 2 } });
  });
});

describe("devices", () => {
  it("groups every GPU by itself, in the order of their numbers", () => {
    const groups = groupDevices([
      "sys/gpu.10.power_watts",
      "sys/gpu.2.power_watts",
      "sys/cpu.percent",
      "sys/odd",
    ]);

    expect(groups.map((group) => `${group.kind}${group.index}`)).toEqual([
      "gpu2",
      "gpu10",
      "cpu",
      "other",
    ]);
  });

  it.each([
    ["sys/gpu.0.memory_bytes", "memory", "2 GiB"],
    ["sys/cpu.percent", "", "2.147e9 %"],
    ["sys/disk.read_bytes_per_s", "read", "2 GiB/s"],
    ["sys/process.count", "count", "2.147e9"],
  ])("%s is %s in its unit", (name, title, text) => {
    expect(deviceTitle(name, groupDevices([name])[0]!)).toBe(title);
    expect(
      deviceUnit(name)
        .format(2 ** 31)
        .replaceAll(",", ""),
    ).toBe(text);
  });
});
