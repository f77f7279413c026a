// Which run is drawn how. Colours are given out in turn, never by hash, so no two are alike until
// all combinations are in use.

/** Twelve hues that stay apart for colour-blind eyes; the theme gives each a light and a dark tone. */
export const HUES = 12;
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3]];
/** Patterns that are told apart at a glance, beside any colour. */
const PATTERNS: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [10, 3, 2, 3]];

export interface LineStyle {
  colour: string; // a CSS variable
  dash: readonly number[];
}

/**
 * Return the slot of every id: kept where it has one, else the lowest that is free.
 *
 * *previous* may know ids that are not in *ids*; they keep their slots, so a run looks the same
 * when it comes back.
 */
export function assignSlots(
  previous: ReadonlyMap<string, number>,
  ids: readonly string[],
): Map<string, number> {
  const slots = new Map(previous);
  const taken = new Set(slots.values());
  let free = 0;
  for (const id of ids) {
    if (slots.has(id)) continue;
    while (taken.has(free)) free += 1;
    slots.set(id, free);
    taken.add(free);
  }
  return slots;
}

/** Return how the line of a slot looks: the hues solid, then dashed, then dotted. */
export function styleOf(slot: number): LineStyle {
  return {
    colour: `--hue-${slot % HUES}`,
    dash: DASHES[Math.floor(slot / HUES) % DASHES.length]!,
  };
}

/** Return the dash of the kind *at*, from 0 on; the fifth looks like the first again. */
export function dashOf(at: number): readonly number[] {
  return PATTERNS[at % PATTERNS.length]!;
}
