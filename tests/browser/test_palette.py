"""The palette: everything can be gone to and done by keyboard, from any page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


def ask(page: Page, text: str) -> Locator:
    """Open the palette and type *text*; return what it offers."""
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search and commands")
    expect(field).to_be_focused()
    field.fill(text)
    return page.get_by_role("listbox", name="Search and commands").get_by_role("option")


def test_runs_pages_and_metrics_are_gone_to(page: Page, runs: dict[str, str]) -> None:
    """By a part of the name, and Enter; also from within a field."""
    page.goto("/p/digits")
    page.get_by_label("Filter runs").focus()

    expect(ask(page, "wild")).to_have_text([re.compile("^wild-owl")])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("wild-owl")

    expect(ask(page, "page tab").first).to_have_text(re.compile("^Table"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/p/digits/table$"))

    expect(ask(page, "val/loss")).to_have_text([re.compile("^val/loss")])
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="val/loss", exact=True)).to_be_visible()
    expect(page.locator(".card")).to_have_count(1)


def test_commands_are_done_and_escape_leaves_things_as_they_were(
    page: Page, runs: dict[str, str]
) -> None:
    """Theme, density, smoothing, the sheet of keys; arrows choose, and what is chosen is said."""
    page.goto("/p/digits")
    row = page.get_by_role("row").filter(has_text="calm-fox")
    expect(row).to_have_css("height", "30px")

    offers = ask(page, "theme")
    expect(offers).to_have_count(3)
    page.keyboard.press("ArrowDown")
    expect(offers.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    expect(ask(page, "compact")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(row).to_have_css("height", "24px")
    page.reload()
    expect(row).to_have_css("height", "24px")

    expect(ask(page, "gaussian 1.5")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_label("How lines are smoothed")).to_have_value("gauss")
    expect(page).to_have_url(re.compile("sm=gauss(:|%3A)15"))

    expect(ask(page, "no such thing")).to_have_count(0)
    expect(page.get_by_text("Nothing is called so.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)

    expect(ask(page, "keyboard")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Keyboard shortcuts")
