// What the palette offers for what is typed.

export interface Offer {
  id: string;
  /** What kind of thing it is, for people. */
  kind: string;
  text: string;
  /** More that it is found by. */
  words?: string;
  choose: () => void;
}

/** As many are shown: more than these nobody reads. */
export const OFFERS_MAX = 50;

/**
 * Return the offers that have every word of *typed*, in their order; those whose text begins with
 * it come first.
 */
export function findOffers(offers: readonly Offer[], typed: string): Offer[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const found = offers.filter((offer) => {
    const text = `${offer.kind} ${offer.text} ${offer.words ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const start = words[0] ?? "";
  const isFirst = (offer: Offer) => Number(offer.text.toLowerCase().startsWith(start));
  return found.sort((a, b) => isFirst(b) - isFirst(a)).slice(0, OFFERS_MAX);
}

/** Return the index after a key that moves through *count* offers, round and round. */
export function moved(key: string, at: number, count: number): number | null {
  if (count === 0) return null;
  switch (key) {
    case "ArrowDown":
      return (at + 1) % count;
    case "ArrowUp":
      return (at - 1 + count) % count;
    case "PageDown":
      return Math.min(count - 1, at + 10);
    case "PageUp":
      return Math.max(0, at - 10);
    default:
      return null;
  }
}
