"""One run's page: what people say of the run, and the code that it was made of."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

pytestmark = pytest.mark.slow
NOTES = """# Why
**Less** noise, see [the paper](https://example.org/p).

<img src=x onerror=alert(1)> [click](javascript:alert(1))

| lr | loss |
|---|---|
| 0.1 | 0.5 |
"""


def test_name_tags_and_notes_are_edited_where_they_stand(page: Page, live: Any) -> None:
    """The server keeps them; notes are Markdown, of which a tag or a script is a text."""
    page.goto(f"/r/{live.run}/overview")
    notes = page.get_by_role("region", name="Notes")
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Name").fill("calm-yak")
    page.get_by_label("Name").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("calm-yak")
    page.get_by_role("button", name="Edit the tags").click()
    page.get_by_label("Tags, a comma between two").fill("paper, <b>best</b>, paper")
    notes.get_by_role("button", name="Edit the notes").click()  # leaving the field keeps the tags
    expect(page.locator(".run-facts .chip")).to_have_text(
        ["uncommitted changes", "paper", "<b>best</b>"]
    )
    notes.get_by_role("textbox").fill(NOTES)
    notes.get_by_role("textbox").press("Control+Enter")

    expect(notes.get_by_role("heading", name="Why")).to_be_visible()
    page.reload()
    expect(notes.locator("strong")).to_have_text("Less")
    expect(notes.get_by_role("link")).to_have_count(1)
    expect(notes.get_by_role("cell", name="0.5")).to_be_visible()
    expect(notes).to_contain_text("<img src=x onerror=alert(1)> [click](javascript:alert(1))")
    expect(page.get_by_role("heading", level=1)).to_have_text("calm-yak")

    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Name").fill("never")
    page.get_by_label("Name").press("Escape")
    expect(page.get_by_role("heading", level=1)).to_have_text("calm-yak")
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Name").fill("")
    page.get_by_label("Name").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("live-yak")


def test_what_cannot_be_saved_is_said_and_stays(page: Page, live: Any) -> None:
    """A name that is too long is not thrown away with the answer that says so."""
    page.goto(f"/r/{live.run}/overview")
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Name").fill("a" * 2000)
    page.get_by_label("Name").press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("1024")
    expect(page.get_by_label("Name")).to_have_value("a" * 2000)
