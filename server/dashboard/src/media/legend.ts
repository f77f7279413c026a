// What the colours over images mean: one legend for all images of a name.

import { HUES } from "../charts/colours";
import type { MediaBox, MediaItem, MediaMask } from "../api/types";

export interface LegendEntry {
  key: string;
  label: string;
  /** A CSS variable. */
  colour: string;
}

const NOTHING = /^(background|void|unlabell?ed)$/i;

export function boxKey(box: MediaBox): string {
  return `box ${box.group} ${box.label}`;
}

export function classKey(mask: MediaMask, value: number): string {
  return `class ${mask.name} ${value}`;
}

/** Return the classes of a mask that have names, but for those that mean that nothing is there. */
export function classesOf(mask: MediaMask): [value: number, label: string][] {
  return Object.entries(mask.labels)
    .filter(([, label]) => !NOTHING.test(label))
    .map(([value, label]) => [Number(value), label]);
}

/** Return an entry for each label of a box and each named class; a mask without names has one. */
export function legendOf(items: readonly MediaItem[]): LegendEntry[] {
  const labels = new Map<string, string>();
  for (const item of items) {
    for (const box of item.boxes)
      labels.set(boxKey(box), [box.group, box.label].filter(Boolean).join(": ") || "□");
    for (const mask of item.masks) {
      const named = classesOf(mask);
      for (const [value, label] of named)
        labels.set(classKey(mask, value), `${mask.name}: ${label}`);
      if (named.length === 0) labels.set(classKey(mask, -1), mask.name);
    }
  }
  return [...labels].map(([key, label], index) => ({
    key,
    label,
    colour: `--hue-${index % HUES}`,
  }));
}

/**
 * Return the key of the legend that a pixel of class *value* belongs to; null where nothing is
 * drawn. In a mask without names every class but 0 is drawn alike.
 */
export function keyOfPixel(mask: MediaMask, value: number): string | null {
  const named = classesOf(mask);
  if (named.length === 0) return value === 0 ? null : classKey(mask, -1);
  return named.some(([each]) => each === value) ? classKey(mask, value) : null;
}
