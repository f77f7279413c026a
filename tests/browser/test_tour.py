"""The tour of the workspace: at a first visit, and when it is asked for."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

# Browsers that a program drives are shown the tour when they ask; people at their first visit.
ASK = "localStorage.getItem('mltrack.tour') ?? localStorage.setItem('mltrack.tour', 'ask')"


def test_it_goes_by_keyboard_and_comes_once(page: Page, runs: dict[str, str]) -> None:
    """From stop to stop and back; once it has ended, no visit begins it again."""
    page.add_init_script(ASK)
    page.goto("/p/digits")
    card = page.get_by_role("dialog")
    expect(card).to_be_focused()
    expect(card).to_contain_text("1 of 5")
    expect(card).to_be_in_viewport(ratio=1)
    for at in range(2, 6):
        card.get_by_role("button", name="Next").press("Enter")
        expect(card).to_contain_text(f"{at} of 5")
        expect(card).to_be_in_viewport(ratio=1)
    card.get_by_role("button", name="Back").press("Enter")
    expect(card).to_contain_text("4 of 5")
    card.get_by_role("button", name="Next").press("Enter")
    card.get_by_role("button", name="Done").press("Enter")
    expect(card).to_have_count(0)

    page.reload()
    expect(page.get_by_role("row").filter(has_text="calm-fox")).to_be_visible()
    expect(page.get_by_role("region", name="val/loss", exact=True)).to_be_visible()
    expect(card).to_have_count(0)


def test_escape_ends_it_and_the_palette_begins_it(page: Page, runs: dict[str, str]) -> None:
    """The page is usable all the while; a narrow one has fewer stops."""
    page.add_init_script(ASK)
    page.goto("/p/digits")
    card = page.get_by_role("dialog")
    expect(card).to_be_visible()
    page.get_by_label("Filter runs").fill("calm")
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    expect(page.get_by_label("Filter runs")).to_have_value("calm")

    page.set_viewport_size({"width": 420, "height": 800})
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Search and commands").fill("show me")
    page.keyboard.press("Enter")
    expect(card).to_contain_text("1 of 3")
    expect(card).to_be_in_viewport(ratio=1)
