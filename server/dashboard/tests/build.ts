// Builders for tests: tracks, runs and binary answers out of a few words.

import type { Track } from "../src/api/columns";
import type { MetricSummary, RunSummary, SeriesBlock, SeriesHeader } from "../src/api/types";

/** Return a track of single points at x = 0, 1, 2 … with these values. */
export function trackOf(values: number[], over: Partial<Track> = {}): Track {
  const column = (map: (value: number) => number) => Float64Array.from(values, map);
  return {
    run: "a",
    name: "loss",
    isSuperseded: false,
    isExact: true,
    count: values.length,
    bad: values.filter((value) => !Number.isFinite(value)).length,
    last: values.length - 1,
    x: Float64Array.from(values, (_, index) => index),
    mean: column((value) => value),
    min: column((value) => value),
    max: column((value) => value),
    counts: column(() => 1),
    bads: column((value) => (Number.isFinite(value) ? 0 : 1)),
    ...over,
  };
}

export function runOf(over: Partial<RunSummary> = {}): RunSummary {
  return {
    id: "0".repeat(32),
    project: "p",
    name: "run",
    state: "finished",
    reason: "",
    exit_code: 0,
    signal: null,
    started_ns: 0,
    ended_ns: 1e9,
    heard_ns: 1e9,
    user: "ada",
    host: "box",
    framework: "",
    group: "",
    tags: [],
    notes: "",
    archived: false,
    edited: [],
    has_more_metrics: false,
    parent: "",
    attempts: 1,
    records: 1,
    dropped: 0,
    rev: 1,
    params: {},
    nonfinite_params: [],
    metrics: {},
    ...over,
  };
}

export function metricOf(
  last: MetricSummary["last"],
  min: MetricSummary["min"] = last,
): MetricSummary {
  return {
    last,
    last_step: 1,
    min,
    max: min,
    count: 1,
    nonfinite: 0,
    first_nonfinite_step: null,
    on_time_axis: false,
  };
}

/** Return the bytes of a series answer with one metric of one run, as docs/format/columns.md has it. */
export function answerOf(columns: {
  x: number[];
  mean: number[];
  min: number[];
  max: number[];
  count: number[];
  bad: number[];
}): ArrayBuffer {
  const length = columns.x.length;
  const wide = length * 8;
  const narrow = Math.ceil((length * 4) / 8) * 8;
  const ref = (offset: number, type: "f8" | "u4") => ({ offset, length, type });
  const block: SeriesBlock = {
    name: "loss",
    is_exact: false,
    x: ref(0, "f8"),
    series: [
      {
        run: "a",
        is_superseded: false,
        count: 6,
        nonfinite: 1,
        first: 0,
        last: 5,
        columns: {
          mean: ref(wide, "f8"),
          min: ref(2 * wide, "f8"),
          max: ref(3 * wide, "f8"),
          count: ref(4 * wide, "u4"),
          bad: ref(4 * wide + narrow, "u4"),
        },
        is_thinned: false,
      },
    ],
  };
  const header = new TextEncoder().encode(
    JSON.stringify({ blocks: [block], rev: 1 } satisfies SeriesHeader),
  );
  const base = Math.ceil((4 + header.length) / 8) * 8;
  const body = new ArrayBuffer(base + 4 * wide + 2 * narrow);
  new DataView(body).setUint32(0, header.length, true);
  new Uint8Array(body, 4).set(header);
  [columns.x, columns.mean, columns.min, columns.max].forEach((values, index) =>
    new Float64Array(body, base + index * wide, length).set(values),
  );
  new Uint32Array(body, base + 4 * wide, length).set(columns.count);
  new Uint32Array(body, base + 4 * wide + narrow, length).set(columns.bad);
  return body;
}
