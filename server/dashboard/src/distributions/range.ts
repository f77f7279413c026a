import { formatNumber } from "../api/number";

/** Return the bounds of a bin, or of several, as text; a bin of no width is one value. */
export function rangeText(low: number, high: number): string {
  const text = (value: number) => formatNumber(Number(value.toPrecision(3)));
  return low === high ? text(low) : `${text(low)} … ${text(high)}`;
}
