// Numbers as they travel in JSON, and as people read them.

import type { ApiNumber } from "./types";

/** Return the number that the API meant, NaN and ±Infinity included. */
export function toNumber(value: ApiNumber): number {
  return typeof value === "number" ? value : Number(value);
}

// Made once: a table formats thousands of numbers before its first row is seen.
const WHOLE = new Intl.NumberFormat("en-US");
const COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

/** Return *value* in at most five significant digits: "0.01234", "1.2e-7", "12,345", "NaN", "−∞". */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9)
    return size < 1000 ? String(value) : WHOLE.format(value);
  if (size < 1e-4 || size >= 1e9) return trimExponent(value.toExponential(3));
  if (size >= 1e5) return WHOLE.format(Math.round(value));
  return String(Number(value.toPrecision(5)));
}

function trimExponent(text: string): string {
  return text.replace(/\.?0+e/, "e").replace("e+", "e");
}

/** Return a count in words of magnitude: 999, 12.3k, 1.2M. */
export function formatCount(count: number): string {
  return COMPACT.format(count);
}

/** Return bytes in binary units: "1.5 GiB". */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let size = bytes;
  while (Math.abs(size) >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${Number(size.toPrecision(3))} ${units[unit]}`;
}

/** Return a duration as "12 s", "3 m 04 s", "2 h 05 m" or "3 d 4 h". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [d, h, m, s] = [
    Math.floor(whole / 86400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
    whole % 60,
  ];
  const two = (value: number) => String(value).padStart(2, "0");
  if (d > 0) return `${d} d ${h} h`;
  if (h > 0) return `${h} h ${two(m)} m`;
  if (m > 0) return `${m} m ${two(s)} s`;
  return seconds > 0 && seconds < 10 ? `${Number(seconds.toFixed(1))} s` : `${s} s`;
}
