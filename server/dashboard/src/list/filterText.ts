// The text of a filter (docs/query.md): its terms, and what can be written where the cursor is.

import type { ParamValue, RunSummary } from "../api/types";

/** What ends a plain word in the filter's language. */
const SPECIAL = /[\s()[\],=!<>~"']/;

interface Token {
  text: string;
  start: number;
}

/** Return words, texts in quotes, and marks, each with its place; half-typed texts reach to the end. */
function tokensOf(text: string): Token[] {
  return [
    ...text.matchAll(
      /"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|[()[\],]|[=!<>~]+|[^\s()[\],=!<>~"']+/g,
    ),
  ].map((match) => ({ text: match[0], start: match.index }));
}

/**
 * Return the conditions of *text* that must all hold, as they are written; one where there is an
 * "or" outside of parentheses, for then none of them must.
 */
export function termsOf(text: string): string[] {
  const terms: string[] = [];
  let depth = 0;
  let from = 0;
  for (const token of tokensOf(text)) {
    if (token.text === "(" || token.text === "[") depth += 1;
    if (token.text === ")" || token.text === "]") depth -= 1;
    if (depth !== 0) continue;
    const word = token.text.toLowerCase();
    if (word === "or") return [text.trim()].filter(Boolean);
    if (word !== "and") continue;
    terms.push(text.slice(from, token.start));
    from = token.start + token.text.length;
  }
  return [...terms, text.slice(from)].map((term) => term.trim()).filter(Boolean);
}

/** Return the filter without one of its terms. */
export function withoutTerm(text: string, at: number): string {
  return termsOf(text)
    .filter((_, index) => index !== at)
    .join(" and ");
}

/** Return the filter with one more condition. */
export function withTerm(text: string, term: string): string {
  const terms = termsOf(text);
  if (terms.includes(term)) return text;
  const hasOr =
    terms.length === 1 && tokensOf(text).some((token) => token.text.toLowerCase() === "or");
  return [...(hasOr ? [`(${terms[0]})`] : terms), term].join(" and ");
}

/** Return how the filter names a parameter or a metric. */
export function keyText(prefix: "params" | "metrics", name: string): string {
  return SPECIAL.test(name) || /\.(last|min|max|best|count|nonfinite|step)$/.test(name)
    ? `${prefix}[${JSON.stringify(name)}]`
    : `${prefix}.${name}`;
}

/** Return how the filter writes a value. */
export function valueText(value: ParamValue): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(", ")}]`;
  if (typeof value === "string") return JSON.stringify(value);
  return String(value);
}

const ATTRIBUTES = [
  "name",
  "state",
  "tags",
  "notes",
  "created",
  "duration",
  "group",
  "host",
  "user",
  "framework",
  "step",
  "archived",
];
const STATES = ["running", "finished", "failed", "interrupted", "killed", "silent"];
const CHOICES_MAX = 12;

export interface Completion {
  /** What stands there already and is replaced. */
  start: number;
  end: number;
  choices: string[];
}

/** Return what could be written at *caret*: keys, or values of the key before an operator. */
export function completionAt(text: string, caret: number, runs: readonly RunSummary[]): Completion {
  const tokens = tokensOf(text.slice(0, caret));
  const last = tokens.at(-1);
  const isTyping =
    last !== undefined &&
    last.start + last.text.length === caret &&
    !/^[()[\],=!<>~]/.test(last.text);
  const start = isTyping ? last.start : caret;
  const before = isTyping ? tokens.slice(0, -1) : tokens;
  const word = text.slice(start, caret).toLowerCase();
  const operator = before.at(-1);
  const key = before.at(-2);
  const isValue =
    operator !== undefined && key !== undefined && /^([=!<>~]+|has)$/i.test(operator.text);
  const all = isValue ? valuesOf(keyBefore(before), runs) : keysOf(runs);
  const bare = word.replace(/^["']/, "");
  const matches = all.filter((choice) => choice.toLowerCase().includes(bare));
  // What begins with the word is meant more often than what holds it.
  const rank = (choice: string) => {
    const plain = choice.toLowerCase().replace(/^"/, "");
    return plain.startsWith(bare)
      ? 0
      : plain.split(/[./]/).some((part) => part.startsWith(bare))
        ? 1
        : 2;
  };
  const choices = matches.sort((a, b) => rank(a) - rank(b)).slice(0, CHOICES_MAX);
  const isDone = choices.length === 1 && choices[0]!.toLowerCase() === word;
  return { start, end: caret, choices: isDone ? [] : choices };
}

/** Return the key before the last token: a word, or a prefix with a name in brackets. */
function keyBefore(tokens: readonly Token[]): string {
  const [prefix, open, name, close] = tokens.slice(-5, -1).map((token) => token.text);
  if (open === "[" && close === "]") return `${prefix}[${name}]`;
  return tokens.at(-2)!.text;
}

function keysOf(runs: readonly RunSummary[]): string[] {
  const params = new Set<string>();
  const metrics = new Set<string>();
  for (const run of runs) {
    for (const name of Object.keys(run.params)) params.add(name);
    for (const name of Object.keys(run.metrics)) metrics.add(name);
  }
  return [
    ...[...params].map((name) => keyText("params", name)),
    ...ATTRIBUTES,
    ...[...metrics].flatMap((name) =>
      ["", ".min", ".max", ".best"].map((statistic) => keyText("metrics", name) + statistic),
    ),
  ];
}

function valuesOf(key: string, runs: readonly RunSummary[]): string[] {
  const plain = key.toLowerCase();
  if (plain === "state" || plain === "status") return STATES;
  if (plain === "archived") return ["true", "false"];
  const named = (run: RunSummary): ParamValue[] => {
    switch (plain) {
      case "tags":
        return run.tags;
      case "name":
      case "host":
      case "user":
      case "group":
      case "framework":
        return [run[plain]];
      default:
        return Object.entries(run.params).flatMap(([name, value]) =>
          [keyText("params", name), `params[${JSON.stringify(name)}]`].includes(key) ? [value] : [],
        );
    }
  };
  const values = new Map(
    runs
      .flatMap(named)
      .filter((value) => value !== "" && value !== null)
      .map((value) => [JSON.stringify(value), value]),
  );
  return [...values.values()]
    .sort((a, b) =>
      typeof a === "number" && typeof b === "number"
        ? a - b
        : String(a).localeCompare(String(b), "en", { numeric: true }),
    )
    .map(valueText);
}
