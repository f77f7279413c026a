// What is wrong with a filter, in the language of the page.

import i18next from "i18next";

import type { Problem } from "./types";

/** A problem, with what is wrong and where if it is one of a filter, an order or a list of fields. */
export type QueryProblem = Problem & {
  start?: number;
  end?: number;
  expected?: string[];
  nearest?: string;
  reason?: string;
  words?: Record<string, string>;
};

/** What may be expected and is no word of the filter language itself. */
const EXPECTED: Readonly<Record<string, string>> = {
  "a key": "query.a_key",
  "a value": "query.a_value",
  "a number": "query.a_number",
};

/** Return what is wrong in words of the page's language; null where there are none for it. */
export function explained(problem: QueryProblem): string | null {
  const { reason, words = {}, start = 0, expected = [], nearest = "" } = problem;
  const key = `query.${reason}`;
  if (reason === undefined || !i18next.exists(key)) return null;
  const say = (name: string, values: Record<string, unknown> = {}) =>
    i18next.t(name as "retry", values);
  const { kind } = words;
  const what = say(key, kind ? { ...words, kind: say(`query.kind_${kind}`) } : words);
  const parts = [say("query.at", { at: start + 1, what })];
  if (expected.length > 0) {
    const list = expected.map((one) => (EXPECTED[one] ? say(EXPECTED[one]) : one)).join(" ");
    parts.push(say("query.expected", { list }));
  }
  if (nearest) parts.push(say("query.nearest", { key: nearest }));
  return parts.join(" ");
}
