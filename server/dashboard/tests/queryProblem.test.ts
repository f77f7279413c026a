import i18next from "i18next";
import { beforeAll, expect, it } from "vitest";

import { explained, type QueryProblem } from "../src/api/queryProblem";
import en from "../src/i18n/en";
import zh from "../src/i18n/zh-CN";

const PROBLEM: QueryProblem = {
  type: "urn:mltrack:query",
  title: "Unprocessable Entity",
  status: 422,
  detail: "Character 1: there is no key `lr`; do you mean params.lr?",
  at: "q",
  request: "r",
  start: 0,
  end: 2,
  expected: [],
  nearest: "params.lr",
  reason: "key_unknown",
  words: { token: "lr" },
};

beforeAll(async () => {
  await i18next.init({
    resources: { "en": { translation: en }, "zh-CN": { translation: zh } },
    lng: "en",
    keySeparator: false,
    nsSeparator: false,
    interpolation: { escapeValue: false },
  });
});

it("is said in the page's language, with what was meant", async () => {
  expect(explained(PROBLEM)).toBe("Character 1: there is no key `lr`. Do you mean params.lr?");
  await i18next.changeLanguage("zh-CN");
  expect(explained(PROBLEM)).toBe("第 1 个字符：没有键 `lr`。 是不是 params.lr？");
  await i18next.changeLanguage("en");
});

it("translates what is expected where that is no word of the language, and types", () => {
  const missing = { ...PROBLEM, nearest: "", reason: "no_begin", words: { token: ")" } };
  expect(explained({ ...missing, expected: ["a key", "("] })).toBe(
    "Character 1: `)` cannot begin a condition. Expected: a key (.",
  );
  const words = { key: "step", kind: "number" };
  expect(explained({ ...missing, reason: "contains_nothing", words })).toBe(
    "Character 1: step is a number and contains no text.",
  );
});

it("leaves to the server what a newer one says, and what is no query", () => {
  expect(explained({ ...PROBLEM, reason: "of_tomorrow" })).toBeNull();
  const { reason: _, ...plain } = PROBLEM;
  expect(explained(plain)).toBeNull();
});
