import type { Translate } from "react-i18next";

import { formatNumber } from "../api/number";

/** Return how people call a device: "gpu.0" → "GPU 0"; "" is the machine. */
export function deviceName(t: Translate, device: string): string {
  if (device === "") return t("usage.machine");
  return t("system.gpu", { index: device.replace(/^gpu\./, "") });
}

/** Return an amount of money: two digits behind the point. */
export function moneyOf(amount: number, currency: string): string {
  return `${formatNumber(Number(amount.toFixed(2)))} ${currency}`.trim();
}

export function hoursText(hours: number): string {
  return formatNumber(Number(hours.toPrecision(3)));
}

export function shareText(share: number): string {
  return `${Math.round(share * 100)} %`;
}
