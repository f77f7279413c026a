import { describe, expect, it } from "vitest";

import en from "../src/i18n/en";
import chinese from "../src/i18n/zh-CN";

const blanks = (text: string) => (text.match(/\{\{\w+\}\}/g) ?? []).sort();

describe("zh-CN", () => {
  const keys = Object.keys(en).filter((key) => !key.endsWith("_one"));

  it("says everything that English says", () => {
    expect(Object.keys(chinese).sort()).toEqual(keys.sort());
  });

  it.each(Object.entries(chinese))("fills the same blanks in %s", (key, text) => {
    const english = en[key as keyof typeof en];
    expect(blanks(text)).toEqual(blanks(english));
  });
});
