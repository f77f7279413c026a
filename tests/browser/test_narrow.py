"""Pages on a narrow screen, and from right to left: nothing makes a page wider than it."""

from __future__ import annotations

from typing import Final

import pytest
from playwright.sync_api import Page
from playwright.sync_api import ViewportSize
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

NARROW: Final[ViewportSize] = {"width": 360, "height": 740}
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
    """What is wider, such as a table, scrolls in a box of its own.

    No language from right to left is offered yet: it is one file away, so no page breaks under it.
    """
    wide = page.viewport_size
    assert wide is not None
    found = {}

    three = f"{addresses['compare']},{runs['lost-elk']}&all=1"
    for name, address in {**addresses, "three compared": three}.items():
        page.set_viewport_size(NARROW)
        page.goto(address)
        expect(page.get_by_role("main")).not_to_be_empty()
        expect(page.locator(".page-loading, [aria-busy='true']")).to_have_count(0)
        if too_wide := page.evaluate(TOO_WIDE):
            found[name] = too_wide
        page.set_viewport_size(wide)
        page.evaluate("document.documentElement.dir = 'rtl'")
        if (beyond := page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0:
            found[f"{name}, from right to left"] = beyond

    assert found == {}


def test_a_narrow_screen_shows_one_pane_at_a_time(page: Page, runs: dict[str, str]) -> None:
    """The charts first, the runs a click away; there is room to type a filter."""
    page.set_viewport_size(NARROW)
    page.goto("/p/digits")
    expect(page.get_by_role("region", name="val/loss", exact=True)).to_be_visible()
    page.get_by_role("button", name="Runs", exact=True).click()
    expect(page.locator("main")).to_contain_text("calm-fox")

    field = page.get_by_label("Filter runs").bounding_box()
    assert field is not None
    assert field["width"] > 200
