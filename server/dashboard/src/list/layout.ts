// How a person has arranged the columns of the run table.

/**
 * What differs from the columns that are proposed, by their ids. New parameters get their columns
 * whatever was arranged before.
 */
export interface Layout {
  added: readonly string[];
  hidden: readonly string[];
  /** As they stood when one was moved last. */
  order: readonly string[];
  /** Stay at the left, beside the name. */
  pinned: readonly string[];
  widths: Readonly<Record<string, number>>; // pixels
}

export const PLAIN_LAYOUT: Layout = { added: [], hidden: [], order: [], pinned: [], widths: {} };

/** Always the first one, and always there. */
export const NAME = "name";

const WIDTH_MIN = 40;
const WIDTH_MAX = 900;

/** Return what was stored, as far as it makes sense. */
export function readLayout(stored: unknown): Layout {
  if (typeof stored !== "object" || stored === null) return PLAIN_LAYOUT;
  const fields = stored as Record<string, unknown>;
  const ids = (key: string) => {
    const list = fields[key];
    return Array.isArray(list) ? list.filter((id) => typeof id === "string") : [];
  };
  const widths = typeof fields["widths"] === "object" ? (fields["widths"] ?? {}) : {};
  return {
    added: ids("added"),
    hidden: ids("hidden"),
    order: ids("order"),
    pinned: ids("pinned"),
    widths: Object.fromEntries(
      Object.entries(widths).flatMap(([id, width]) =>
        typeof width === "number" && Number.isFinite(width) ? [[id, clampWidth(width)]] : [],
      ),
    ),
  };
}

export function clampWidth(width: number): number {
  return Math.round(Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, width)));
}

/**
 * Return the ids of the columns in their order: the name, then what is pinned, then the others. One
 * that was not there when the order was made comes behind its neighbour of the proposal.
 */
export function arrange(proposed: readonly string[], layout: Layout): string[] {
  const shown = [...new Set([...proposed, ...layout.added])].filter(
    (id) => id === NAME || !layout.hidden.includes(id),
  );
  const ordered = layout.order.filter((id) => shown.includes(id));
  shown.forEach((id, at) => {
    if (ordered.includes(id)) return;
    ordered.splice(at === 0 ? 0 : ordered.indexOf(shown[at - 1]!) + 1, 0, id);
  });
  const rank = (id: string) => (id === NAME ? 0 : layout.pinned.includes(id) ? 1 : 2);
  return ordered.sort((a, b) => rank(a) - rank(b));
}

/** Return how many of the *arranged* columns stay at the left, the name not counted. */
export function countPinned(arranged: readonly string[], layout: Layout): number {
  return arranged.filter((id) => id !== NAME && layout.pinned.includes(id)).length;
}

/** Return the layout in which a column has gone to a place among those of its kind. */
export function moved(
  layout: Layout,
  arranged: readonly string[],
  from: number,
  to: number,
): Layout {
  const order = [...arranged];
  const [id] = order.splice(from, 1);
  if (id === undefined) return layout;
  order.splice(Math.max(0, Math.min(order.length, to)), 0, id);
  return { ...layout, order };
}

export function shownOrHidden(layout: Layout, id: string, isShown: boolean): Layout {
  const added = layout.added.filter((one) => one !== id);
  const hidden = layout.hidden.filter((one) => one !== id);
  return isShown
    ? { ...layout, added: [...added, id], hidden }
    : {
        ...layout,
        added,
        hidden: [...hidden, id],
        pinned: layout.pinned.filter((one) => one !== id),
      };
}

export function pinToggled(layout: Layout, id: string): Layout {
  const pinned = layout.pinned.includes(id)
    ? layout.pinned.filter((one) => one !== id)
    : [...layout.pinned, id];
  return { ...layout, pinned };
}

/** Return the layout in which a column is so wide; null: as wide as its content. */
export function resized(layout: Layout, id: string, width: number | null): Layout {
  const { [id]: _, ...others } = layout.widths;
  return {
    ...layout,
    widths: width === null ? others : { ...others, [id]: clampWidth(width) },
  };
}

const NOT_PLAIN = /[%,~]/g;
const ESCAPES: Readonly<Record<string, string>> = { "%": "%25", ",": "%2C", "~": "%7E" };

/**
 * Return the layout as the address has it, "" for a plain one: ids in their order, "!" before one
 * that is pinned, "+" one that was added, "-" one that is hidden, "." one that has a place; "~120"
 * behind one is its width.
 */
export function writeLayout(layout: Layout): string {
  const { added, hidden, order, pinned, widths } = layout;
  const ids = new Set([...order, ...added, ...hidden, ...pinned, ...Object.keys(widths)]);
  return [...ids]
    .map((id) => {
      const marks = [
        order.includes(id) && ".",
        pinned.includes(id) && "!",
        added.includes(id) && "+",
        hidden.includes(id) && "-",
      ];
      const width = widths[id] === undefined ? "" : `~${widths[id]}`;
      const written = id.replace(NOT_PLAIN, (mark) => ESCAPES[mark]!);
      return marks.filter(Boolean).join("") + written + width;
    })
    .join(",");
}

/** Return the layout that *text* means, as far as it makes sense. */
export function parseLayout(text: string): Layout {
  const layout = {
    added: [] as string[],
    hidden: [] as string[],
    order: [] as string[],
    pinned: [] as string[],
    widths: {} as Record<string, number>,
  };
  for (const part of text.split(",")) {
    const [, marks = "", written = "", width] = /^([.!+-]*)([^~]*)(?:~(\d+))?$/.exec(part) ?? [];
    const id = written.replace(/%(25|2C|7E)/g, decodeURIComponent);
    if (id === "") continue;
    if (marks.includes(".")) layout.order.push(id);
    if (marks.includes("!")) layout.pinned.push(id);
    if (marks.includes("+")) layout.added.push(id);
    if (marks.includes("-")) layout.hidden.push(id);
    if (width !== undefined) layout.widths[id] = clampWidth(Number(width));
  }
  return layout;
}
