import { describe, expect, it } from "vitest";

import { placeBeside } from "../src/tour/tour";

const PAGE = { width: 1000, height: 600 };
const CARD = { width: 300, height: 150 };

describe("placeBeside", () => {
  it.each([
    ["below", { left: 50, top: 20, width: 200, height: 40 }, { left: 50, top: 70 }],
    [
      "above, at the lower border",
      { left: 50, top: 500, width: 9, height: 90 },
      { left: 50, top: 340 },
    ],
    [
      "inside, at the right border",
      { left: 980, top: 0, width: 20, height: 40 },
      { left: 690, top: 50 },
    ],
    [
      "over what fills the page",
      { left: 0, top: 5, width: 400, height: 590 },
      { left: 10, top: 410 },
    ],
    ["in sight on a tiny page", { left: 0, top: -900, width: 9, height: 5 }, { left: 10, top: 10 }],
  ])("stands %s", (_, target, expected) => {
    expect(placeBeside(target, CARD, PAGE)).toEqual(expected);
  });
});
