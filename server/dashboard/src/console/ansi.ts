// The looks that programs print, as spans. Everything else of the terminal's language is dropped.

export type Rgb = readonly [number, number, number];

/** A colour: one of the palette's by name, which the theme decides, or a fixed one. */
export type Ink = string | Rgb;

export interface Span {
  text: string;
  className: string;
  /** Fixed colours; a named one is in the class. */
  colour?: Rgb | undefined;
  background?: Rgb | undefined;
}

const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
/** What terminals make of the names, where one is drawn on or under a fixed colour. */
const NAMED: Readonly<Record<string, Rgb>> = {
  black: [0, 0, 0],
  red: [205, 49, 49],
  green: [13, 188, 121],
  yellow: [229, 229, 16],
  blue: [36, 114, 200],
  magenta: [188, 63, 188],
  cyan: [17, 168, 205],
  white: [229, 229, 229],
};
const FLAGS = ["bold", "dim", "italic", "underline", "struck"] as const;
type Flag = (typeof FLAGS)[number];
const SET: Readonly<Record<number, Flag>> = {
  1: "bold",
  2: "dim",
  3: "italic",
  4: "underline",
  9: "struck",
};
const RESET: Readonly<Record<number, readonly Flag[]>> = {
  22: ["bold", "dim"],
  23: ["italic"],
  24: ["underline"],
  29: ["struck"],
};

interface Look {
  flags: Set<Flag>;
  colour: Ink | null;
  background: Ink | null;
  isInverse: boolean;
}

/** As many looks are shown in one line; the rest of it has the last one. */
const SPANS_MAX = 1000;

// eslint-disable-next-line no-control-regex
const SEQUENCE =
  /\x1b(?:\[([0-9;:]*)m|\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])/g;

/** Return *text* in spans of one look. Their texts together are what the server searches. */
export function parseAnsi(text: string): Span[] {
  const spans: Span[] = [];
  const look: Look = { flags: new Set(), colour: null, background: null, isInverse: false };
  let from = 0;
  const push = (to: number) => {
    if (to <= from) return;
    const last = spans.at(-1);
    if (last && spans.length >= SPANS_MAX) last.text += text.slice(from, to);
    else spans.push({ text: text.slice(from, to), ...styleOf(look) });
  };
  for (const match of text.matchAll(SEQUENCE)) {
    push(match.index);
    from = match.index + match[0].length;
    if (match[1] !== undefined) apply(look, match[1]);
  }
  push(text.length);
  return spans;
}

function styleOf({ flags, colour, background, isInverse }: Look): Omit<Span, "text"> {
  const names = FLAGS.filter((flag) => flags.has(flag)).map((flag) => `ansi-${flag}`);
  if (isInverse && colour === null && background === null) names.unshift("ansi-inverse");
  const [front, back] = isInverse ? [background, colour] : [colour, background];
  if (typeof front === "string" && back === null) names.unshift(`ansi-${front}`);
  return {
    className: names.join(" "),
    // A named colour is the theme's own while nothing fixed is beside it.
    ...(front !== null && (typeof front !== "string" || back !== null) && { colour: rgbOf(front) }),
    ...(back !== null && { background: rgbOf(back) }),
  };
}

function rgbOf(ink: Ink): Rgb {
  return typeof ink === "string" ? (NAMED[ink] ?? [128, 128, 128]) : ink;
}

function apply(look: Look, codes: string): void {
  const numbers = codes.split(/[;:]/).map(Number);
  for (let index = 0; index < numbers.length; index += 1) {
    const code = numbers[index]!;
    if (code === 0)
      Object.assign(look, { flags: new Set(), colour: null, background: null, isInverse: false });
    else if (SET[code]) look.flags.add(SET[code]);
    else if (RESET[code]) RESET[code].forEach((flag) => look.flags.delete(flag));
    else if (code === 7 || code === 27) look.isInverse = code === 7;
    else if (code === 39) look.colour = null;
    else if (code === 49) look.background = null;
    else if (code === 38 || code === 48) {
      const [ink, used] = extended(numbers.slice(index + 1), codes.includes(":"));
      index += used;
      if (ink) look[code === 38 ? "colour" : "background"] = ink;
    } else {
      const name = NAMES[code % 10];
      const tens = Math.floor(code / 10);
      if (name && (tens === 3 || tens === 9)) look.colour = name;
      else if (name && (tens === 4 || tens === 10)) look.background = name;
    }
  }
}

/** Return the colour that *rest* begins with, behind 38 or 48, and how many numbers it takes. */
function extended(rest: readonly number[], hasColons: boolean): [Ink | null, number] {
  if (rest[0] === 5) return [indexed(rest[1] ?? -1), 2];
  if (rest[0] !== 2) return [null, rest.length];
  // Between colons there may be a colour space before the colours: "38:2::255:0:0".
  const first = hasColons && rest.length >= 5 ? 2 : 1;
  const channels = rest.slice(first, first + 3);
  const isColour =
    channels.length === 3 && channels.every((channel) => channel >= 0 && channel < 256);
  return [isColour ? (channels as unknown as Rgb) : null, first + 3];
}

/** Return a colour of the palette of 256: 16 by name, a cube of 216, 24 greys. */
function indexed(index: number): Ink | null {
  if (!Number.isInteger(index) || index < 0 || index > 255) return null;
  if (index < 16) return NAMES[index % 8]!;
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return [grey, grey, grey];
  }
  const level = (digit: number) => (digit === 0 ? 0 : 55 + 40 * digit);
  const cube = index - 16;
  return [level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)];
}

const CONTRAST_MIN = 4.5;

/** Return *colour*, moved towards black or white until it can be read on *ground*. */
export function legible(colour: Rgb, ground: Rgb): Rgb {
  const goal = luminance(ground) > 0.18 ? 0 : 255;
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = colour.map((channel) =>
      Math.round(channel + (goal - channel) * share),
    ) as unknown as Rgb;
    if (contrast(mixed, ground) >= CONTRAST_MIN) return mixed;
  }
  return [goal, goal, goal];
}

/** Return the ratio of contrast that WCAG defines. */
export function contrast(a: Rgb, b: Rgb): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}

function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

/** Return the spans with what is in *places*, from a character to before another, in spans of its own. */
export function marked(
  spans: readonly Span[],
  places: readonly (readonly [start: number, end: number])[],
): (Span & { isMarked?: boolean })[] {
  const parts: (Span & { isMarked?: boolean })[] = [];
  let at = 0;
  for (const span of spans) {
    const characters = [...span.text]; // the server counts code points
    const end = at + characters.length;
    const cut = (from: number, to: number, isMarked: boolean) => {
      const text = characters.slice(Math.max(0, from - at), Math.max(0, to - at)).join("");
      if (text) parts.push(isMarked ? { ...span, text, isMarked } : { ...span, text });
    };
    let done = at;
    for (const [from, to] of places) {
      if (to <= done || from >= end) continue;
      cut(done, from, false);
      cut(Math.max(done, from), to, true);
      done = Math.min(end, to);
    }
    cut(done, end, false);
    at = end;
  }
  return parts;
}
