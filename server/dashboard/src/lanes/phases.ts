// What a run was doing, on the axis of time: its processes, epochs, validations and checkpoints.

import type { Track } from "../api/columns";
import type { Alert, CheckpointSummary, Run, Stream } from "../api/types";
import { joined } from "./trace";

/** A stretch of seconds since the run began. */
export interface Phase {
  from: number;
  to: number;
}

export interface Attempt extends Phase {
  attempt: number;
  state: Stream["state"]; // null: nobody has said how it ended
  reason: string;
}

export interface ProcessRow {
  host: string;
  rank: number;
  attempts: Attempt[];
}

export interface Epoch extends Phase {
  epoch: number; // counted from 1
}

export interface Mark {
  at: number;
  kind: "validation" | "checkpoint" | "best" | "alert";
  step: number | null;
  title: string; // of an alert
}

/** Return when the run's last news are from, in seconds since it began. */
export function endOf({ summary }: Run): number {
  return Math.max(1, ((summary.ended_ns ?? summary.heard_ns) - summary.started_ns) / 1e9);
}

/** Return one row for each training process, by host and rank, with all of its attempts. */
export function processRows(run: Run): ProcessRow[] {
  const rows = new Map<string, ProcessRow>();
  const end = endOf(run);
  for (const stream of run.streams) {
    if (stream.role !== "trainer") continue;
    const key = `${stream.host}\n${stream.rank}`;
    const row = rows.get(key) ?? { host: stream.host, rank: stream.rank, attempts: [] };
    const seconds = (ns: number) => (ns - run.summary.started_ns) / 1e9;
    const from = Math.max(0, seconds(stream.started_ns));
    row.attempts.push({
      attempt: stream.attempt,
      state: stream.state,
      reason: stream.reason,
      from,
      to: Math.max(from, stream.ended_ns === null ? end : seconds(stream.ended_ns)),
    });
    rows.set(key, row);
  }
  return [...rows.values()].sort((a, b) => a.rank - b.rank || a.host.localeCompare(b.host));
}

/** Return the epochs that *tracks*, of a metric or axis that counts them, went through. */
export function epochsOf(tracks: readonly Track[]): Epoch[] {
  const epochs: Epoch[] = [];
  const track = joined(tracks);
  track?.x.forEach((at, index) => {
    const value = track.mean[index]!;
    if (!Number.isFinite(value)) return;
    const epoch = Math.floor(value) + 1;
    const last = epochs.at(-1);
    if (last) last.to = at;
    if (last?.epoch !== epoch) epochs.push({ epoch, from: at, to: at });
  });
  return epochs;
}

/** Return the marks of a run, in order of time. */
export function marksOf(
  startedNs: number,
  validations: readonly Track[],
  checkpoints: readonly CheckpointSummary[],
  alerts: readonly Alert[],
): Mark[] {
  const seconds = (ns: number) => (ns - startedNs) / 1e9;
  const marks: Mark[] = validations.flatMap((track) =>
    Array.from(track.x, (at) => ({ at, kind: "validation" as const, step: null, title: "" })),
  );
  for (const { time_ns, step, holds } of checkpoints) {
    const kind = holds.includes("best") ? "best" : "checkpoint";
    marks.push({ at: seconds(time_ns), kind, step, title: "" });
  }
  for (const { time_ns, step, title } of alerts)
    marks.push({ at: seconds(time_ns), kind: "alert", step, title });
  return marks.sort((a, b) => a.at - b.at);
}

/** Return the phase of *phases* that *at* lies in. */
export function phaseAt<Kind extends Phase>(phases: readonly Kind[], at: number): Kind | null {
  return phases.findLast((phase) => phase.from <= at && at <= phase.to) ?? null;
}

/** Return the marks no farther than *reach* from *at*, the nearest first, one of each kind. */
export function marksNear(marks: readonly Mark[], at: number, reach: number): Mark[] {
  const found = new Map<Mark["kind"], Mark>();
  const near = marks
    .filter((mark) => Math.abs(mark.at - at) <= reach)
    .sort((a, b) => Math.abs(a.at - at) - Math.abs(b.at - at));
  for (const mark of near) if (!found.has(mark.kind)) found.set(mark.kind, mark);
  return [...found.values()];
}
