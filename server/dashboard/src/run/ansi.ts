// The colours that programs print, as spans. Everything else of the terminal's language is dropped.

export interface Span {
  text: string;
  className: string;
}

const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
// eslint-disable-next-line no-control-regex
const SEQUENCE =
  /\x1b(?:\[([0-9;]*)m|\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])/g;

/** Return *text* in spans of one look. */
export function parseAnsi(text: string): Span[] {
  const spans: Span[] = [];
  const look = { colour: "", isBold: false, isDim: false };
  let from = 0;
  const push = (to: number) => {
    if (to <= from) return;
    const className = [look.colour, look.isBold && "ansi-bold", look.isDim && "ansi-dim"]
      .filter(Boolean)
      .join(" ");
    spans.push({ text: text.slice(from, to), className });
  };
  for (const match of text.matchAll(SEQUENCE)) {
    push(match.index);
    from = match.index + match[0].length;
    if (match[1] !== undefined) apply(look, match[1]);
  }
  push(text.length);
  return spans;
}

function apply(look: { colour: string; isBold: boolean; isDim: boolean }, codes: string): void {
  const numbers = codes.split(";").map(Number);
  for (let index = 0; index < numbers.length; index += 1) {
    const code = numbers[index]!;
    if (code === 0) Object.assign(look, { colour: "", isBold: false, isDim: false });
    else if (code === 1) look.isBold = true;
    else if (code === 2) look.isDim = true;
    else if (code === 22) look.isBold = look.isDim = false;
    else if (code >= 30 && code <= 37) look.colour = `ansi-${COLOURS[code - 30]}`;
    else if (code >= 90 && code <= 97) look.colour = `ansi-${COLOURS[code - 90]}`;
    else if (code === 39) look.colour = "";
    else if (code === 38 || code === 48) index += numbers[index + 1] === 5 ? 2 : 4; // palettes of 256 and more
  }
}
