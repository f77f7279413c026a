// Device series by what they measure: "sys/gpu.0.memory_bytes" → group, title, unit.

import {
  bytes,
  bytesPerSecond,
  celsius,
  megahertz,
  percent,
  plain,
  watts,
  type Unit,
} from "../charts/unit";

export interface DeviceGroup {
  host: string; // "": where rank 0 ran
  kind: "cpu" | "memory" | "gpu" | "disk" | "network" | "process" | "other";
  index: string; // of a GPU, "" otherwise
  names: string[];
}

const KINDS: readonly (readonly [RegExp, DeviceGroup["kind"]])[] = [
  [/^gpu\./, "gpu"],
  [/^cpu/, "cpu"],
  [/^(memory|swap)/, "memory"],
  [/^process/, "process"],
  [/^disk/, "disk"],
  [/^net/, "network"],
];

/** Return what a series measures, without "sys/" and the host. */
function pathOf(name: string): string {
  return name.replace(/^sys\//, "").replace(/@[^@]*$/, "");
}

/** Return whose series it is; "" for the host of rank 0, whose series have no name behind them. */
function hostOf(name: string): string {
  return /@([^@]*)$/.exec(name)?.[1] ?? "";
}

/** Return the series in groups, host by host: each GPU by itself, then CPU, memory and the rest. */
export function groupDevices(names: readonly string[]): DeviceGroup[] {
  const groups = new Map<string, DeviceGroup>();
  for (const name of [...names].sort((a, b) => a.localeCompare(b, "en", { numeric: true }))) {
    const [path, host] = [pathOf(name), hostOf(name)];
    const kind = KINDS.find(([pattern]) => pattern.test(path))?.[1] ?? "other";
    const index = kind === "gpu" ? (path.split(".")[1] ?? "") : "";
    const key = `${host} ${kind} ${index}`;
    const group = groups.get(key) ?? { host, kind, index, names: [] };
    group.names.push(name);
    groups.set(key, group);
  }
  const order = (group: DeviceGroup) => {
    const rank = KINDS.findIndex(([, kind]) => kind === group.kind);
    return rank < 0 ? KINDS.length : rank;
  };
  return [...groups.values()].sort(
    (a, b) =>
      a.host.localeCompare(b.host) ||
      order(a) - order(b) ||
      a.index.localeCompare(b.index, "en", { numeric: true }),
  );
}

const UNIT_SUFFIX = /(^|[._])(bytes_per_s|bytes|percent|celsius|watts|mhz)$/;
const UNITS: Record<string, Unit> = {
  bytes_per_s: bytesPerSecond,
  bytes,
  percent,
  celsius,
  watts,
  mhz: megahertz,
};

/** Return what a series measures, without its group: "sys/gpu.0.memory_bytes" → "memory"; "" for its use. */
export function deviceTitle(name: string, group: DeviceGroup): string {
  const path = pathOf(name).replace(/^gpu\.\d+\./, "");
  const own = path.startsWith(`${group.kind}.`) ? path.slice(group.kind.length + 1) : path;
  return own.replace(UNIT_SUFFIX, "").replace(/[._]+/g, " ").trim();
}

/** Return the unit that a series' name ends in. */
export function deviceUnit(name: string): Unit {
  return UNITS[UNIT_SUFFIX.exec(pathOf(name))?.[2] ?? ""] ?? plain;
}

/** What people look at first, in this order. */
const MAIN: readonly RegExp[] = [
  /^cpu\.percent$/,
  /^memory\.percent$/,
  /^gpu\.\d+\.utilization_percent$/,
  /^gpu\.\d+\.memory_(used_)?bytes$/,
  /^gpu\.\d+\.power_watts$/,
  /^process\.cpu_percent$/,
  /^process\.memory_bytes$/,
  /^disk\.read_bytes_per_s$/,
  /^disk\.write_bytes_per_s$/,
  /^network\./,
];

/** Return those of *names* that people look at first, in that order. */
export function mainOf(names: readonly string[]): string[] {
  return MAIN.flatMap((pattern) => names.filter((name) => pattern.test(pathOf(name))));
}

/** Whether a series says what keeps a GPU's clocks down: it is a strip, not a lane of its own. */
export function isSlowdown(name: string): boolean {
  return /^gpu\.\d+\.slowed_by_/.test(pathOf(name));
}

/** Return the series that says how much there is of what *name* says how much is used; "" if none. */
export function totalOf(name: string): string {
  const used = /(gpu\.\d+\.)(memory_used|process_memory)_bytes/;
  return used.test(name) ? name.replace(used, "$1memory_total_bytes") : "";
}
