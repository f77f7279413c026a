import { describe, expect, it } from "vitest";

import en from "../src/i18n/en";
import { pseudo, pseudoLocale } from "../src/i18n/pseudo";

const blanks = (text: string) => (text.match(/\{\{\w+\}\}/g) ?? []).sort();

/** Every file of a language but English: named by its tag, as "zh-CN". */
const locales = import.meta.glob<{ default: Record<string, string> }>(
  ["../src/i18n/??.ts", "../src/i18n/??-*.ts", "!**/en.ts"],
  { eager: true },
);

it("finds the languages", () => {
  expect(Object.keys(locales)).toContain("../src/i18n/zh-CN.ts");
});

describe.each(Object.entries(locales))("%s", (path, { default: strings }) => {
  const tag = path.replace(/^.*\/|\.ts$/g, "");
  const plurals = new Intl.PluralRules(tag).resolvedOptions().pluralCategories;
  const keys = Object.keys(en).flatMap((key) => {
    const [, stem, form] = /^(.*)_(one|other)$/.exec(key) ?? [];
    if (stem === undefined) return [key];
    return form === "other" ? plurals.map((plural) => `${stem}_${plural}`) : [];
  });

  it("says everything that English says, and nothing else", () => {
    expect(Object.keys(strings).sort()).toEqual(keys.sort());
  });

  it.each(Object.entries(strings))("fills the same blanks in %s", (key, text) => {
    const english =
      en[key as keyof typeof en] ?? en[key.replace(/_\w+$/, "_other") as keyof typeof en];
    expect(blanks(text)).toEqual(blanks(english));
  });
});

describe("the pseudo-locale", () => {
  it("has no plain letter left outside of blanks, and is longer", () => {
    expect(pseudo("Draw {{name}} alone")).toBe("Đřřááŵ {{name}} ááľóóñéé");
    const all = pseudoLocale(en);
    expect(Object.keys(all)).toEqual(Object.keys(en));
    for (const [key, text] of Object.entries(all)) {
      expect(text.replace(/\{\{\w+\}\}/g, ""), key).not.toMatch(/[a-z]/i);
      expect(blanks(text)).toEqual(blanks(en[key as keyof typeof en]));
    }
    const length = (strings: Record<string, string>) => Object.values(strings).join("").length;
    expect(length(all)).toBeGreaterThan(1.3 * length(en));
  });
});
