// How a quantity is written, and where its axis begins and ends.

import { formatBytes, formatNumber } from "../api/number";

export interface Unit {
  format: (value: number) => string;
  steps?: number[]; // distances between ticks, where powers of ten would look odd
  low?: number; // shown in any case
  high?: number;
}

const BINARY_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);

export const plain: Unit = { format: formatNumber };
export const percent: Unit = {
  format: (value) => `${formatNumber(round(value))} %`,
  low: 0,
  high: 100,
};
export const bytes: Unit = { format: formatBytes, steps: BINARY_STEPS, low: 0 };
export const bytesPerSecond: Unit = {
  format: (value) => `${formatBytes(value)}/s`,
  steps: BINARY_STEPS,
  low: 0,
};
export const celsius: Unit = { format: (value) => `${formatNumber(round(value))} °C` };
export const megahertz: Unit = {
  format: (value) => `${formatNumber(round(value))} MHz`,
  low: 0,
};
export const watts: Unit = { format: (value) => `${formatNumber(round(value))} W`, low: 0 };

function round(value: number): number {
  return Number(value.toFixed(1));
}
