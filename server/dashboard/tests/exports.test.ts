import { describe, expect, it } from "vitest";

import { domainOf } from "../src/charts/domain";
import { chartCsv } from "../src/charts/exports/csv";
import { fileName } from "../src/charts/exports/files";
import { linkTo } from "../src/charts/exports/link";
import { chartSvg, ticks, type Picture } from "../src/charts/exports/svg";
import type { Line } from "../src/charts/model";
import { plain } from "../src/charts/unit";
import { countMetrics, findMetrics } from "../src/charts/useView";
import { NOT_SMOOTHED } from "../src/series/smoothing";
import { trackOf } from "./build";

const RUN = "a".repeat(32);

function line(label: string, values: number[]): Line {
  const track = trackOf(values, { run: RUN, name: "val/loss" });
  return { track, label, style: { colour: "--hue-0", dash: [] }, members: [RUN] };
}

function picture(lines: readonly Line[], more: Partial<Picture> = {}): string {
  const tracks = lines.map(({ track }) => track);
  return chartSvg({
    title: "val/loss",
    lines,
    domain: domainOf(tracks, true, more.isLog ?? false)!,
    x: "step",
    window: null,
    isLog: false,
    smoothing: NOT_SMOOTHED,
    unit: plain,
    ink: (variable) => `#${variable}`,
    ...more,
  });
}

describe("chartCsv", () => {
  it("keeps every digit, and what is no number", () => {
    const text = chartCsv([line("fox", [0.1 + 0.2, NaN])], "step");
    const [head, first, second] = text.split("\r\n");
    expect(head).toBe("label,id,metric,step,mean,min,max,points,not_finite,superseded");
    const value = "0.30000000000000004";
    expect(first).toBe(`fox,${RUN},val/loss,0,${value},${value},${value},1,0,0`);
    expect(second).toContain(",1,NaN,NaN,NaN,1,1,0");
  });

  it("quotes what would end a field, and disarms what a spreadsheet would run", () => {
    expect(chartCsv([line('a,"b"\n', [1])], "step")).toContain('\r\n"a,""b""\n",');
    expect(chartCsv([line("=HYPERLINK()", [1])], "step")).toContain("\r\n'=HYPERLINK(),");
  });
});

describe("chartSvg", () => {
  it("breaks the line where a value is not finite, and marks the place", () => {
    const svg = picture([line("fox", [1, 2, NaN, 3, 4])]);
    expect(svg.match(/fill="none" stroke="#--hue-0"/g)).toHaveLength(2);
    expect(svg.match(/stroke="#--bad"/g)).toHaveLength(1);
  });

  it("marks what the scale leaves out", () => {
    const svg = picture([line("fox", [1, 2, 80])], {
      domain: { low: 0, high: 3, above: 1, below: 0, linear: null },
    });
    expect(svg.match(/l-3 6h6Z/g)).toHaveLength(1);
  });

  it("shows hostile names as text, without characters that XML cannot have", () => {
    const svg = picture([line("<script>&\u0000", [1, 2])]);
    expect(svg).toContain(">&lt;script&gt;&amp;</text>");
  });

  it("stays within a narrow place, its legend in fewer columns", () => {
    const lines = ["a", "b", "c"].map((name) => line(name.repeat(60), [1, 2, 3]));
    const svg = picture(lines, { width: 480 });

    expect(svg).toContain('viewBox="0 0 480 ');
    const named = [...svg.matchAll(/<text x="(\d+)" y="(\d+)"[^>]*font-size="12"[^>]*>([^<]*)</g)];
    expect(named.map(([, left]) => Number(left))).toEqual([92, 287, 92]);
    for (const [, left, , text] of named)
      expect(Number(left) + 6.4 * text!.length).toBeLessThan(480);
  });

  it("has ticks at powers of ten on a logarithmic axis", () => {
    const svg = picture([line("fox", [0.02, 50])], { isLog: true });
    for (const tick of ["0.1", "1", "10"]) expect(svg).toContain(`>${tick}</text>`);
    expect(svg).not.toContain("NaN");
  });

  it("has zero and powers on both sides of it where values are on both", () => {
    const svg = picture([line("fox", [-20, -1, 1, 20])], { isLog: true });
    for (const tick of ["-10", "0", "10"]) expect(svg).toContain(`>${tick}</text>`);
    expect(svg).not.toContain("NaN");
  });
});

describe("ticks", () => {
  it.each([
    [0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [0, 1000, 8, [0, 200, 400, 600, 800, 1000]],
    [-0.3, 0.3, 3, [-0.2, 0, 0.2]],
  ])("from %d to %d", (low, high, count, expected) => {
    expect(ticks(low, high, count)).toEqual(expected);
  });
});

describe("fileName", () => {
  it.each([
    ["val/loss", "val-loss.csv"],
    ["../etc/passwd", "etc-passwd.csv"],
    ["损失", "损失.csv"],
    ["//", "chart.csv"],
  ])("of %s", (name, expected) => {
    expect(fileName(name, "csv")).toBe(expected);
  });
});

describe("linkTo", () => {
  const seen = {
    project: "digits",
    name: "val/loss",
    isLog: true,
    isFull: false,
    runs: ["aa", "bb"],
  };

  it("names the runs that are drawn, for the newest are others tomorrow", () => {
    const params = new URLSearchParams(
      linkTo("/", "sm=0.6&xr=1,9&h=cc&d=best", seen).split("?")[1],
    );
    expect(Object.fromEntries(params)).toEqual({
      sm: "0.6",
      xr: "1,9",
      m: "/^val/loss$/",
      y: "log",
      d: "chosen",
      e: "aa,bb",
    });
    expect(linkTo("/", "", seen)).toMatch(/^\/p\/digits\?/);
  });

  it("leaves the runs of other pages to their addresses", () => {
    expect(linkTo("/r/aa", "", seen)).toBe("/r/aa?m=%2F%5Eval%2Floss%24%2F&y=log");
    expect(linkTo("/p/digits/compare", "r=aa,bb", seen)).toMatch(
      /^\/p\/digits\/compare\?r=aa%2Cbb&m=/,
    );
  });

  it("finds one chart, whatever its name means in an expression", () => {
    const name = "acc[1] (top+5)";
    const query = linkTo("/r/aa", "", { ...seen, name }).split("?")[1];
    const search = new URLSearchParams(query).get("m")!;
    expect(findMetrics([name, "acc1 top5", `${name}x`], search)).toEqual([name]);
  });
});

it("knows the metrics that count samples and tokens", () => {
  const names = ["loss", "num_input_tokens_seen", "samples_per_s", "train/samples", "tokens_per_s"];
  expect(countMetrics(names)).toEqual(["train/samples", "num_input_tokens_seen"]);
});
