// What happened to a run, in the order in which it happened.

import type { Alert, Annotation, Run, Stream } from "../api/types";
import type { Place } from "../charts/cursor";

export type Moment = { timeNs: number } & (
  | { kind: "began"; attempt: number; processes: number; hosts: string[] }
  | {
      kind: "ended";
      attempt: number;
      state: NonNullable<Stream["state"]>;
      reason: string;
      ranks: number[];
      /** Of how many processes of the attempt. */
      processes: number;
    }
  | { kind: "alert"; level: Alert["level"]; title: string; step: number | null }
  | { kind: "remark"; text: string; step: number | null }
  | { kind: "annotation"; annotation: Annotation }
);

/**
 * Return the moments of a run, by time. Processes of an attempt begin together; those that ended in
 * the same way, of the same reason, did so when the first of them did. *complete* says when a step was,
 * where that is known; what was written at one of which it is not stands where it was written.
 */
export function timelineOf(run: Run, complete = (place: Place) => place): Moment[] {
  const attempts = new Map<number, Stream[]>();
  for (const stream of run.streams) {
    if (stream.role !== "trainer") continue;
    const known = attempts.get(stream.attempt);
    if (known) known.push(stream);
    else attempts.set(stream.attempt, [stream]);
  }
  const moments: Moment[] = [];
  for (const [attempt, streams] of attempts) {
    const processes = streams.length;
    moments.push({
      timeNs: Math.min(...streams.map((stream) => stream.started_ns)),
      kind: "began",
      attempt,
      processes,
      hosts: [...new Set(streams.map((stream) => stream.host))].sort(),
    });
    const endings = new Map<string, Extract<Moment, { kind: "ended" }>>();
    for (const { state, reason, ended_ns: timeNs, rank } of streams) {
      if (state === null || timeNs === null) continue;
      const key = `${state}\n${reason}`;
      const ending = endings.get(key);
      if (ending) {
        ending.ranks.push(rank);
        ending.timeNs = Math.min(ending.timeNs, timeNs);
      } else
        endings.set(key, {
          timeNs,
          kind: "ended",
          attempt,
          state,
          reason,
          ranks: [rank],
          processes,
        });
    }
    for (const ending of endings.values()) ending.ranks.sort((a, b) => a - b);
    moments.push(...endings.values());
  }
  for (const { time_ns: timeNs, level, title, step } of run.alerts)
    moments.push({ timeNs, kind: "alert", level, title, step });
  for (const { time_ns: timeNs, text, step } of run.notes)
    moments.push({ timeNs, kind: "remark", text, step });
  for (const annotation of run.annotations) {
    const { step, time_ns, saved_ns } = annotation;
    const timeS = step === null || time_ns !== null ? undefined : complete({ step }).time;
    const timeNs = time_ns ?? (timeS === undefined ? saved_ns : timeS * 1e9);
    moments.push({ timeNs, kind: "annotation", annotation });
  }
  return moments.sort((a, b) => a.timeNs - b.timeNs);
}

/** Signals of which people mostly do not know what sends them. */
const EXPLAINED = [1, 2, 6, 7, 9, 11, 15, 24] as const;
export type Explanation = `ending.signal_${(typeof EXPLAINED)[number]}` | "ending.exception";

/** Return the key of what mostly is behind the way in which a run ended; null where that is plain. */
export function explanationOf(run: Run): Explanation | null {
  const { state, signal } = run.summary;
  if (state === "failed" && run.traceback) return "ending.exception";
  const known = EXPLAINED.find((each) => each === signal);
  // An agent that knows more than the signal has said so: "out of memory: …".
  return state === "killed" && known !== undefined && /^killed by /.test(run.summary.reason)
    ? `ending.signal_${known}`
    : null;
}
