// How people have arranged a project's charts, and what a change of it amounts to.

import type { WallLayout } from "../../api/types";

/** A card has one column where nothing else is said of it. */
export type Size = WallLayout["sizes"][string] | "small";

export const SIZES: readonly Size[] = ["small", "medium", "large"];
export const UNARRANGED: WallLayout = { sections: [], cards: [], sizes: {} };

/** A place among others: right before or right behind one of them. */
export interface Spot {
  of: string;
  isBehind: boolean;
}

/**
 * What somebody did. It is what is kept until it is saved, not what came of it: so it can be done
 * again to what somebody else has saved meanwhile. Each knows all names, in the automatic order.
 */
export type Change =
  | { do: "card"; section: string; name: string; to: Spot; all: readonly string[] }
  | { do: "section"; name: string; to: Spot; all: readonly string[] }
  | { do: "size"; name: string; size: Size }
  | { do: "cards_automatic"; section: string }
  | { do: "sections_automatic" }
  | { do: "all_automatic" }
  /** Take back what came of version *of*, and nothing that was saved after it. */
  | { do: "take_back"; to: WallLayout; of: number };

/** Return *all* with those that *own* names first, in its order. */
export function ordered(all: readonly string[], own: readonly string[]): string[] {
  const here = new Set(all);
  const first = own.filter((name) => here.has(name));
  const taken = new Set(first);
  return [...first, ...all.filter((name) => !taken.has(name))];
}

const NONE: readonly string[] = [];

/** Return the cards that come first in a section: of one layout always the same list. */
export function cardsOf(layout: WallLayout, section: string): readonly string[] {
  return layout.cards.find((order) => order.section === section)?.cards ?? NONE;
}

export function sizeOf(layout: WallLayout, name: string): Size {
  // A metric may be called "constructor".
  return Object.hasOwn(layout.sizes, name) ? layout.sizes[name]! : "small";
}

export function isArranged({ sections, cards, sizes }: WallLayout): boolean {
  return sections.length + cards.length + Object.keys(sizes).length > 0;
}

/** Return what *change* makes of a layout. */
export function changed(layout: WallLayout, change: Change): WallLayout {
  switch (change.do) {
    case "card": {
      const { section, name, to, all } = change;
      return withCards(layout, section, moved(cardsOf(layout, section), all, name, to));
    }
    case "section": {
      const { name, to, all } = change;
      return { ...layout, sections: moved(layout.sections, all, name, to) };
    }
    case "size": {
      const { [change.name]: _, ...sizes } = layout.sizes;
      if (change.size === "small") return { ...layout, sizes };
      return { ...layout, sizes: { ...sizes, [change.name]: change.size } };
    }
    case "cards_automatic":
      return withCards(layout, change.section, []);
    case "sections_automatic":
      return { ...layout, sections: [] };
    case "all_automatic":
      return UNARRANGED;
    case "take_back":
      return change.to;
  }
}

/**
 * Return what *own* must name for *name* to stand at a spot; no more than that, so that what comes
 * later finds its automatic place. What only other runs have stays named.
 */
function moved(
  own: readonly string[],
  all: readonly string[],
  name: string,
  { of, isBehind }: Spot,
): string[] {
  const unnamed = ordered(all, own).filter((one) => !own.includes(one));
  const next = placed([...own, ...unnamed], name, { of, isBehind });
  const places = new Map(all.map((one, place) => [one, place]));
  let end = next.length;
  for (let least = Infinity; end > 0; end -= 1) {
    const place = places.get(next[end - 1]!);
    if (place === undefined || place > least) break;
    least = place;
  }
  return next.slice(0, end);
}

/** Return *names* with *name* at a spot; where there is no such spot, as they are. */
export function placed(names: readonly string[], name: string, { of, isBehind }: Spot): string[] {
  const others = names.filter((one) => one !== name);
  const at = others.indexOf(of) + Number(isBehind);
  if (!others.includes(of)) return [...names];
  return [...others.slice(0, at), name, ...others.slice(at)];
}

function withCards(layout: WallLayout, section: string, cards: readonly string[]): WallLayout {
  const others = layout.cards.filter((order) => order.section !== section);
  if (cards.length === 0) return { ...layout, cards: others };
  return { ...layout, cards: [...others, { section, cards: [...cards] }] };
}

/** Return the spot *by* places from where *name* is, as far as there are any; null: it is there. */
export function spotBy(names: readonly string[], name: string, by: number): Spot | null {
  const from = names.indexOf(name);
  const to = Math.min(Math.max(from + by, 0), names.length - 1);
  if (to === from) return null;
  return { of: names[to]!, isBehind: to > from };
}
