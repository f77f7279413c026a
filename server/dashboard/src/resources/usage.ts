// What the page says of who held which devices: rows, sums, and what could be done better.

import type { DeviceHold, Stretch, Usage, UsageRun } from "../api/types";

/** A device that hardly worked for so long is worth a word. */
export const IDLE_S_MIN = 1800;
/** A GPU of whose memory less than this was ever used could have been a smaller one. */
export const SMALL_MEMORY_SHARE = 0.25;
const BUSY_HOURS_MIN = 1; // before that nobody knows what a run will need
const SUGGESTIONS_MAX = 8;
const TOP_MAX = 5;
/** A picture of more than that nobody reads, and no canvas is high enough for any number. */
export const ROWS_MAX = 200;
const LANES_MAX = 12;

export interface Held {
  hold: DeviceHold;
  run: UsageRun;
}

/** One line of the picture: a device, or what else was held on it at the same time. */
export interface Row {
  host: string;
  device: string;
  kind: string;
  held: Held[];
  /** Of each of `held`, how many lines down it is drawn. */
  lanes: number[];
  laneCount: number;
}

/** Return each hold beside its run; those whose run is not told are left out. */
export function heldOf(usage: Usage): Held[] {
  const runs = new Map(usage.runs.map((run) => [run.id, run]));
  return usage.holds.flatMap((hold) => {
    const run = runs.get(hold.run);
    return run ? [{ hold, run }] : [];
  });
}

/**
 * Return the rows by machine and device; what overlaps lies in lanes below each other, and where
 * that would be too many, over each other in the last of them.
 */
export function rowsOf(held: readonly Held[]): Row[] {
  const rows = new Map<string, Row>();
  for (const one of held) {
    const { host, device, kind } = one.hold;
    const key = `${host}\n${device}`;
    const row = rows.get(key) ?? { host, device, kind, held: [], lanes: [], laneCount: 0 };
    row.held.push(one);
    rows.set(key, row);
  }
  for (const row of rows.values()) {
    const ends: number[] = []; // of each lane, so far
    row.held.sort((a, b) => startOf(a.hold) - startOf(b.hold));
    for (const { hold } of row.held) {
      const free = ends.findIndex((end) => end <= startOf(hold));
      const lane = free < 0 ? ends.length : free;
      ends[lane] = endOf(hold);
      row.lanes.push(Math.min(lane, LANES_MAX - 1));
    }
    row.laneCount = Math.min(ends.length, LANES_MAX);
  }
  return [...rows.values()];
}

export function startOf(hold: DeviceHold): number {
  return hold.stretches[0]!.start_ns;
}

export function endOf(hold: DeviceHold): number {
  return hold.stretches.at(-1)!.end_ns;
}

export interface Sum {
  gpuHours: number;
  machineHours: number;
  idleHours: number;
  /** By currency; what has no price is not in it. */
  costs: Map<string, number>;
  isPriced: boolean; // whether all of it has a price
}

/** Return what some holds amount to; what several runs held at once counts once. */
export function sumOf(held: readonly Held[]): Sum {
  const sum: Sum = {
    gpuHours: 0,
    machineHours: 0,
    idleHours: 0,
    costs: new Map(),
    isPriced: true,
  };
  for (const { hold } of held) {
    if (hold.device) sum.gpuHours += hold.share_hours;
    else sum.machineHours += hold.share_hours;
    sum.idleHours += idleHoursOf(hold);
    if (hold.cost === null) sum.isPriced = false;
    else sum.costs.set(hold.currency, (sum.costs.get(hold.currency) ?? 0) + hold.cost);
  }
  return sum;
}

/** Return the hours of a hold in which its device did next to nothing. */
export function idleHoursOf(hold: DeviceHold): number {
  return hold.share_hours * hold.idle_share;
}

/** Return the share of idle hours; 0 where nothing was held. */
export function idleShareOf(sum: Sum): number {
  const hours = sum.gpuHours + sum.machineHours;
  return hours > 0 ? sum.idleHours / hours : 0;
}

/** Return the holds of each project, the one that held most first. */
export function byProject(held: readonly Held[]): [string, Held[]][] {
  const found = grouped(held, ({ run }) => run.project);
  const hours = new Map([...found].map(([project, some]) => [project, hoursOf(some)]));
  return [...found].sort(([a], [b]) => hours.get(b)! - hours.get(a)! || a.localeCompare(b));
}

export interface IdleRun {
  run: UsageRun;
  hours: number; // all of it
  idleHours: number;
}

/** Return the runs whose GPUs, or machines without any, did nothing for longest. */
export function idlestOf(held: readonly Held[]): IdleRun[] {
  return [...grouped(held, ({ run }) => run.id).values()]
    .map((some) => ({
      run: some[0]!.run,
      hours: hoursOf(some),
      idleHours: some.reduce((hours, { hold }) => hours + idleHoursOf(hold), 0),
    }))
    .filter(({ idleHours }) => idleHours > 0)
    .sort((a, b) => b.idleHours - a.idleHours)
    .slice(0, TOP_MAX);
}

export interface Suggestion extends Held {
  kind: "idle" | "memory";
  /** What shows it. */
  stretch: Stretch;
  isNow: boolean;
}

/** Return what could be done better, each with what shows it; what goes on now comes first. */
export function suggestionsOf(held: readonly Held[], nowNs: number): Suggestion[] {
  const found: Suggestion[] = [];
  for (const one of held) {
    const { hold, run } = one;
    const idle = hold.stretches.filter((stretch) => stretch.is_idle);
    const stretch = idle.sort((a, b) => lengthOf(b) - lengthOf(a))[0];
    if (stretch && lengthOf(stretch) >= IDLE_S_MIN) {
      const isNow = run.state === "running" && nowNs - stretch.end_ns < 600e9;
      found.push({ ...one, kind: "idle", stretch, isNow });
    } else if (isRoomy(hold)) {
      const whole = { start_ns: startOf(hold), end_ns: endOf(hold) };
      const all = { ...whole, utilization: hold.utilization, is_idle: false };
      found.push({ ...one, kind: "memory", stretch: all, isNow: run.state === "running" });
    }
  }
  const weight = (one: Suggestion) => lengthOf(one.stretch) * (one.kind === "idle" ? 1 : 1e-3);
  found.sort((a, b) => Number(b.isNow) - Number(a.isNow) || weight(b) - weight(a));
  return found.slice(0, SUGGESTIONS_MAX);
}

/** Return the seconds of a stretch. */
export function lengthOf(stretch: Stretch): number {
  return (stretch.end_ns - stretch.start_ns) / 1e9;
}

/** Return the address of a run's System tab at a stretch. */
export function systemAddress(run: UsageRun, stretch: Stretch): string {
  const [from, to] = [stretch.start_ns, stretch.end_ns].map((at) =>
    Number(((at - run.started_ns) / 1e9).toFixed(3)),
  );
  const window = to! > from! ? `?${new URLSearchParams({ xr: `${from},${to}` }).toString()}` : "";
  return `/r/${run.id}/system${window}`;
}

/** Tell whether a GPU that worked never had much in its memory. */
function isRoomy(hold: DeviceHold): boolean {
  const { memory_peak_bytes: peak, memory_bytes: whole } = hold;
  return (
    hold.device !== "" &&
    !hold.is_assumed &&
    hold.hours >= BUSY_HOURS_MIN &&
    peak !== null &&
    whole !== null &&
    peak < SMALL_MEMORY_SHARE * whole
  );
}

function hoursOf(held: readonly Held[]): number {
  return held.reduce((hours, { hold }) => hours + hold.share_hours, 0);
}

function grouped(held: readonly Held[], keyOf: (one: Held) => string): Map<string, Held[]> {
  const found = new Map<string, Held[]>();
  for (const one of held) {
    const some = found.get(keyOf(one)) ?? [];
    some.push(one);
    found.set(keyOf(one), some);
  }
  return found;
}
