// Device series by what they measure: "sys/gpu.0.memory_bytes" → group, title, unit.

import { bytes, bytesPerSecond, celsius, percent, plain, watts, type Unit } from "../charts/unit";

export interface DeviceGroup {
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

/** Return the series in groups: GPUs first, each its own group, then CPU, memory and the rest. */
export function groupDevices(names: readonly string[]): DeviceGroup[] {
  const groups = new Map<string, DeviceGroup>();
  for (const name of [...names].sort((a, b) => a.localeCompare(b, "en", { numeric: true }))) {
    const path = name.replace(/^sys\//, "");
    const kind = KINDS.find(([pattern]) => pattern.test(path))?.[1] ?? "other";
    const index = kind === "gpu" ? (path.split(".")[1] ?? "") : "";
    const key = `${kind} ${index}`;
    const group = groups.get(key) ?? { kind, index, names: [] };
    group.names.push(name);
    groups.set(key, group);
  }
  const order = (group: DeviceGroup) => {
    const rank = KINDS.findIndex(([, kind]) => kind === group.kind);
    return rank < 0 ? KINDS.length : rank;
  };
  return [...groups.values()].sort(
    (a, b) => order(a) - order(b) || a.index.localeCompare(b.index, "en", { numeric: true }),
  );
}

const UNIT_SUFFIX = /(^|[._])(bytes_per_s|bytes|percent|celsius|watts)$/;
const UNITS: Record<string, Unit> = { bytes_per_s: bytesPerSecond, bytes, percent, celsius, watts };

/** Return what a series measures, without its group: "sys/gpu.0.memory_bytes" → "memory"; "" for its use. */
export function deviceTitle(name: string, group: DeviceGroup): string {
  const path = name.replace(/^sys\//, "").replace(/^gpu\.\d+\./, "");
  const own = path.startsWith(`${group.kind}.`) ? path.slice(group.kind.length + 1) : path;
  return own.replace(UNIT_SUFFIX, "").replace(/[._]+/g, " ").trim();
}

/** Return the unit that a series' name ends in. */
export function deviceUnit(name: string): Unit {
  return UNITS[UNIT_SUFFIX.exec(name)?.[2] ?? ""] ?? plain;
}
