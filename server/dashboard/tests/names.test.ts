import { expect, it } from "vitest";

import { nameOf } from "../src/list/names";

it("a name that nobody sees gives way to the id, every other one stays", () => {
  const id = "0123456789abcdef".repeat(2);

  for (const name of [
    "",
    " ",
    "\u200b",
    "\u200b\u2060\ufeff",
    "\u3164",
    "\u2800",
    "\u0301",
    "\n\t",
  ])
    expect(nameOf({ id, name }), JSON.stringify(name)).toBe("01234567");
  for (const name of ["a", "\u200bx", "运行", "-", "🦊", "\u202eabc"])
    expect(nameOf({ id, name }), JSON.stringify(name)).toBe(name);
});
