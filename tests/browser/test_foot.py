"""What happened to runs stands below their charts: told, opened, and taken away."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

from mltrack_core.records import Alert
from mltrack_core.records import RunEnded

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory,
    record: Callable[..., Any],
    serve_runs: Callable[..., AbstractContextManager[str]],
) -> Iterator[str]:
    """A server on two runs with an alert at the same step each, and one of them with another."""
    folder = tmp_path_factory.mktemp("foot")
    runs = []
    for name in ("calm-fox", "wild-owl"):
        run = record(folder, name, project="foot")
        for step in range(0, 101, 10):
            run.log(step, {"loss": 1.0 / (step + 1)})
        run.write(Alert(run.began_ns + 1, "error", "<b>odd</b>", step=50))
        if name == "wild-owl":
            run.write(Alert(run.began_ns + 2, "warning", "late", step=100))
        run.end(RunEnded(run.began_ns + 10**9, "finished"))
        runs.append(run)
    with serve_runs(folder, runs) as url:
        yield url


def test_marks_are_told_merged_and_lead_on(open_page: Callable[..., Page], address: str) -> None:
    """Two at one place are one with their number; a click offers both; one alone is a link."""
    page = open_page(address, "/p/foot")
    marks = page.get_by_role("region", name="loss", exact=True).get_by_role("group", name="Marks")
    both = marks.get_by_role("button", name="2 alerts")
    expect(both).to_have_text("⚠2")

    both.focus()
    expect(marks.locator(".tooltip")).to_contain_text("calm-fox · <b>odd</b> · step 50")
    page.keyboard.press("ArrowRight")
    expect(marks.get_by_role("link", name="wild-owl · late · step 100")).to_be_focused()
    page.keyboard.press("Escape")
    expect(marks.locator(".tooltip")).to_be_hidden()
    both.click()
    page.get_by_role("menuitem", name="wild-owl · <b>odd</b> · step 50").click()

    expect(page).to_have_url(re.compile("/r/[0-9a-f]{32}/overview$"))
    page.go_back()
    page.get_by_role("checkbox", name="Marks").uncheck()
    expect(both).to_be_hidden()
    expect(page).to_have_url(re.compile("[?&]fl=0"))


def test_a_note_is_written_at_the_cursor_and_changed(
    open_page: Callable[..., Page], address: str
) -> None:
    """`n` asks for it; it stands below the charts and in the timeline, as text, and comes back."""
    page = open_page(address, "/p/foot")
    chart = page.get_by_role("region", name="loss", exact=True)
    marks = chart.get_by_role("group", name="Marks")
    expect(marks.get_by_role("button", name="2 alerts")).to_be_visible()

    page.keyboard.press("n")
    dialog = page.get_by_role("dialog", name="Write a note here")
    dialog.get_by_label("Step").fill("30")
    dialog.get_by_label("Your name").fill("ada")
    dialog.get_by_label("Note").fill("<i>rate</i> cut")
    dialog.get_by_role("combobox", name="Run").click()
    page.get_by_role("option", name="wild-owl").click()
    dialog.get_by_role("button", name="Save").click()

    expect(dialog).to_be_hidden()
    marks.get_by_role("link", name="wild-owl · <i>rate</i> cut (ada) · step 30").click()
    line = page.get_by_role("list", name="Timeline").locator(".timeline-annotation")
    expect(line).to_contain_text("<i>rate</i> cut · ada · step 30")
    line.get_by_role("button", name="Edit the note").click()
    page.get_by_role("textbox", name="Note").fill("cut")
    page.keyboard.press("Enter")
    expect(line.locator("bdi")).to_have_text("cut")
    line.get_by_role("button", name="Remove the note").click()
    expect(line).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(line).to_contain_text("cut · ada · step 30 · edited")
