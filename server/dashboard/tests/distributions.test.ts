import { describe, expect, it } from "vitest";

import type { Histogram, HistogramGrid, HistogramRow, HistogramSeries } from "../src/api/types";
import { cellOf, colourOf, groupsOf, groupTitle, rangeOf, rowsOf } from "../src/distributions/grid";
import { bandsOf, quantileOf, SHARES } from "../src/distributions/percentiles";
import { axisOf, barsOf, ridgesOf } from "../src/distributions/ridge";

function rowOf(name: string, magnitude: (number | null)[]): HistogramRow {
  return { name, magnitude, zeros: magnitude.map(() => 0.5), nonfinite: magnitude.map(() => 0) };
}

function seriesOf(histogram: Partial<Histogram>, scale: HistogramSeries["scale"]): HistogramSeries {
  const whole = { low: [], high: [], count: [], nans: 0, ...histogram };
  return {
    name: "w",
    scale,
    columns: [{ first_step: 1, last_step: 1, time_ns: 0, records: 1 }],
    histograms: [{ negative_infinities: 0, positive_infinities: 0, ...whole }],
    is_thinned: false,
  };
}

describe("the grid", () => {
  it("groups names by what they are of, gradients first", () => {
    const names = ["param/histogram/a", "score", "grad/histogram/b", "own/c", "grad/histogram/a"];

    expect(groupsOf(names).map(groupTitle)).toEqual(["grad", "param", "", "own"]);
  });

  it("keeps the order of the layers", () => {
    const rows = ["grad/histogram/stem", "x", "grad/histogram/head"].map((name) =>
      rowOf(name, [1]),
    );
    const grid: HistogramGrid = { columns: [], rows, names: 3, is_thinned: false };

    expect(rowsOf(grid, "grad/histogram/")).toEqual([rows[0], rows[2]]);
  });

  it("colours sizes by their logarithm and leaves out what is not there", () => {
    const row = rowOf("a", [1e-4, null, 100, 0]);

    expect([0, 1, 2, 3].map((column) => cellOf(row, column, "magnitude"))).toEqual([
      -4,
      null,
      2,
      null,
    ]);
    expect(rangeOf([row], "magnitude")).toEqual([-4, 2]);
    expect(rangeOf([row], "zeros")).toEqual([0, 1]);
    expect(colourOf(-4, [-4, 2])).not.toBe(colourOf(2, [-4, 2]));
    expect(colourOf(99, [-4, 2])).toBe(colourOf(2, [-4, 2]));
    expect(colourOf(1, [1, 1])).toMatch(/^rgb/);
  });
});

describe("the ridges", () => {
  it("stand powers of two at even distances around zero", () => {
    const { outlines, ticks } = ridgesOf(
      seriesOf({ low: [-2, 0, 1, 2], high: [-1, 0, 2, 4], count: [1, 1, 1, 1] }, "exponent"),
    );

    // Two powers on each side and zero between them: five places of one width.
    const ends = outlines[0]!.map(([x]) => Number(x.toFixed(3)));
    expect(ends).toEqual([0.2, 0.4, 0.4, 0.6, 0.6, 0.8, 0.8, 1]);
    expect(ticks.map((tick) => tick.label)).toEqual(["−4", "−2", "−1", "0", "1", "2", "4"]);
  });

  it("put what is almost zero into the middle", () => {
    const low = [0, 2 ** -60, 2 ** -50, 1];
    const { outlines, ticks } = ridgesOf(
      seriesOf({ low, high: [0, 2 ** -59, 2 ** -49, 2], count: [1, 1, 1, 1] }, "exponent"),
    );

    expect(outlines[0]).toHaveLength(4);
    expect(outlines[0]![0]![1]).toBeCloseTo(3 * outlines[0]![2]![1], 9);
    expect(ticks[0]!.label).toBe("≈ 0");
  });

  it("show by their area how many values there are", () => {
    const { outlines } = ridgesOf(
      seriesOf({ low: [0, 1], high: [1, 4], count: [30, 90] }, "edges"),
    );

    const heights = outlines[0]!.map(([, density]) => density);
    expect(heights[0]).toBeCloseTo(heights[2]!, 9);
  });

  it("survive a histogram with nothing in it", () => {
    const { outlines, highest } = ridgesOf(
      seriesOf({ low: [0], high: [0], count: [0] }, "exponent"),
    );

    expect(outlines[0]!.every(([x, density]) => x >= 0 && x <= 1 && density === 0)).toBe(true);
    expect(highest).toBeGreaterThan(0);
  });
});

describe("the percentiles", () => {
  const histogramOf = (over: Partial<Histogram>): Histogram => ({
    low: [-1, 0, 1],
    high: [0, 1, 2],
    count: [10, 80, 10],
    nans: 5,
    negative_infinities: 0,
    positive_infinities: 0,
    ...over,
  });

  it("are as exact as the bins, and count finite values only", () => {
    const histogram = histogramOf({ positive_infinities: 900 });

    expect(quantileOf(histogram, 0.5, false)).toEqual({ low: 0, high: 1, part: 0.5 });
    expect(quantileOf(histogram, 0, false)).toEqual({ low: -1, high: 0, part: 0 });
    expect(quantileOf(histogram, 1, false)).toEqual({ low: 1, high: 2, part: 1 });
    expect(quantileOf(histogramOf({ count: [0, 0, 0] }), 0.5, false)).toBeNull();
  });

  it("do not pretend to know what lies beyond edges that somebody chose", () => {
    const histogram = histogramOf({ negative_infinities: 40, positive_infinities: 60 });

    expect(quantileOf(histogram, 0.07, true)).toMatchObject({ low: -Infinity, high: -1 });
    expect(quantileOf(histogram, 0.5, true)).toMatchObject({ low: 0, high: 1 });
    expect(quantileOf(histogram, 0.93, true)).toMatchObject({ low: 2, high: Infinity });
  });

  it("never cross each other, near zero either", () => {
    const low = [-(2 ** -50), 0, 2 ** -60, 2 ** -50, 1];
    const high = [-(2 ** -51), 0, 2 ** -59, 2 ** -49, 2];
    const series = seriesOf({ low, high, count: [5, 5, 5, 5, 5] }, "exponent");

    const [places] = bandsOf(series).places;

    expect(places).toHaveLength(SHARES.length);
    expect([...places!].sort((a, b) => a - b)).toEqual(places);
    expect(places!.every((place) => place >= 0 && place <= 1)).toBe(true);
    expect(bandsOf(seriesOf({ low: [0], high: [0], count: [0] }, "exponent")).places).toEqual([
      null,
    ]);
  });
});

describe("the bars", () => {
  it("are one for bins at one place, and no value is lost", () => {
    const low = [0, 2 ** -60, 2 ** -50, 1];
    const series = seriesOf(
      { low, high: [0, 2 ** -59, 2 ** -49, 2], count: [1, 2, 3, 4] },
      "exponent",
    );

    const bars = barsOf(series.histograms[0]!, axisOf(series).place);

    expect(bars.map(({ low, high, count }) => [low, high, count])).toEqual([
      [0, 2 ** -49, 6],
      [1, 2, 4],
    ]);
  });
});
