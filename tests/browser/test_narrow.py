"""Pages on a narrow screen: nothing makes a page wider than it."""

from __future__ import annotations

from typing import Final

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

NARROW: Final = 400
# Gives what reaches beyond the screen and is in no box that scrolls by itself.
TOO_WIDE: Final = """() => {
  const page = document.querySelector("main");
  const width = document.documentElement.clientWidth;
  if ([document.documentElement, page].every((one) => one.scrollWidth <= one.clientWidth))
    return [];
  const isHeld = (one) => {
    for (let at = one.parentElement; at && at !== page; at = at.parentElement)
      if (getComputedStyle(at).overflowX !== "visible") return true;
    return false;
  };
  const wide = [...page.querySelectorAll("*")].filter(
    (one) => one.getBoundingClientRect().right > width + 0.5 && !isHeld(one));
  return [page.scrollWidth, ...wide.slice(0, 12).map((one) => one.cloneNode(false).outerHTML)];
}"""


def test_no_page_scrolls_sideways(
    page: Page, addresses: dict[str, str], runs: dict[str, str]
) -> None:
    """What is wider, such as a table, scrolls in a box of its own."""
    page.set_viewport_size({"width": NARROW, "height": 800})
    found = {}

    three = f"{addresses['compare']},{runs['lost-elk']}&all=1"
    for name, address in {**addresses, "three compared": three}.items():
        page.goto(address)
        expect(page.get_by_role("main")).not_to_be_empty()
        expect(page.locator(".page-loading, [aria-busy='true']")).to_have_count(0)
        if too_wide := page.evaluate(TOO_WIDE):
            found[name] = too_wide

    assert found == {}
