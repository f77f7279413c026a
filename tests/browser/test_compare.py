"""The compare page: what differs between runs, by how much, and their curves over each other."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


def test_runs_that_were_ticked_are_compared_by_what_differs(
    page: Page, runs: dict[str, str]
) -> None:
    """Only differences, against a baseline that can be chosen; equal rows on demand."""
    page.goto("/p/digits")
    for name in ("calm-fox", "wild-owl"):
        page.get_by_role("checkbox", name=f"Select {name}").check()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Compare", exact=True).click()

    table = page.get_by_role("region", name="Comparison")
    lr = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name="lr", exact=True))
    batch = table.get_by_role("rowheader", name="batch_size")
    expect(lr.get_by_role("cell")).to_have_text(["0.001", "0.5+0.499 (+49,900 %)"])
    expect(batch).to_have_count(0)
    page.get_by_role("radio").nth(1).check()
    expect(lr.get_by_role("cell")).to_have_text(
        [re.compile(r"^0\.001.0\.499 \(.99\.8 %\)$"), "0.5"]
    )
    assert f"base={runs['wild-owl']}" in page.url
    page.get_by_label("Only differences").uncheck()
    expect(batch).to_be_visible()

    page.get_by_role("region", name="train/loss", exact=True).scroll_into_view_if_needed()
    expect(page.get_by_role("img", name="Line chart of train/loss, 2 runs")).to_be_visible()


def test_runs_are_added_and_taken_out(page: Page, runs: dict[str, str]) -> None:
    """A page of one run asks for another."""
    page.goto(f"/p/digits/compare?r={runs['calm-fox']}")
    expect(page.get_by_text("A comparison needs at least two runs")).to_be_visible()

    page.get_by_label("Add a run…").select_option(runs["lost-elk"])

    table = page.get_by_role("region", name="Comparison")
    expect(table.get_by_role("link")).to_have_text(["calm-fox", "lost-elk"])
    table.get_by_role("button", name="Take calm-fox out").click()
    expect(page.get_by_text("A comparison needs at least two runs")).to_be_visible()
