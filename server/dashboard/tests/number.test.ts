import { describe, expect, it } from "vitest";

import { formatBytes, formatDuration, formatNumber, toNumber } from "../src/api/number";

describe("toNumber", () => {
  it("reads what JSON cannot write", () => {
    expect([toNumber("NaN"), toNumber("Infinity"), toNumber("-Infinity"), toNumber(-0)]).toEqual([
      NaN,
      Infinity,
      -Infinity,
      -0,
    ]);
  });
});

describe("formatNumber", () => {
  it.each([
    [0, "0"],
    [12345, "12,345"],
    [0.0123456, "0.012346"],
    [1e-7, "1e-7"],
    [1.25e-9, "1.25e-9"],
    [3e12, "3e12"],
    [NaN, "NaN"],
    [-Infinity, "−∞"],
  ])("writes %d as %s", (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });
});

describe("formatDuration", () => {
  it.each([
    [0, "0 s"],
    [2.5, "2.5 s"],
    [64, "1 m 04 s"],
    [3661, "1 h 01 m"],
    [90000, "1 d 1 h"],
  ])("writes %d s as %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

it("formatBytes counts in 1024s", () => {
  expect([formatBytes(0), formatBytes(1536), formatBytes(8 * 2 ** 30)]).toEqual([
    "0 B",
    "1.5 KiB",
    "8 GiB",
  ]);
});
