"""A report's link, where the server wants a token: it shows that report, and nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from typing import Final

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import BrowserContext
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

TOKEN: Final = "correct-horse-battery-staple"
PLACE: Final = {"title": "", "filter": "", "x": 0, "width": 6, "height": 7}
LINES: Final = {"axis": "step", "smoothing": 0, "is_log": False, "is_full": False}


@pytest.fixture
def author(
    chromium: Browser,
    serve: Callable[..., contextlib.AbstractContextManager[str]],
    tmp_path: Path,
) -> Iterator[BrowserContext]:
    """A browser that shows the server its token."""
    with serve(tmp_path, "server", MLTRACK_TOKEN=TOKEN) as address:
        context = chromium.new_context(
            base_url=address, extra_http_headers={"Authorization": f"Bearer {TOKEN}"}
        )
        yield context
        context.close()


@pytest.fixture
def reader(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser of somebody who has no token."""
    context = chromium.new_context()
    yield context
    context.close()


def ask(context: BrowserContext, method: str, path: str, body: dict[str, Any]) -> Any:
    """Return what the server answers."""
    answer = context.request.fetch(f"/api/v1/{path}", method=method, data=body)
    assert answer.ok, answer.text()
    return answer.json()


def test_who_has_the_link_reads_that_report_alone(
    author: BrowserContext, reader: BrowserContext
) -> None:
    """Until it is ended; a version that is saved later is shown when its author wants that."""
    run = ask(author, "POST", "runs", {"project": "digits", "name": "calm-fox"})["id"]
    for step in range(3):
        ask(author, "POST", f"runs/{run}/points", {"values": {"loss": 3 - step}, "step": step})
    panels = [
        {"type": "text", "id": "p1", "y": 0, **PLACE, "text": "It **learns**."},
        {"type": "lines", "id": "p2", "y": 7, **PLACE, **LINES, "metric": "loss"},
    ]
    frozen = {"dashboard": "a" * 32, "version": 1, "at_ns": 10**18, "runs": [run]}
    tabs = [{"id": "tab1", "title": "", "panels": panels}]
    document = {"version": 1, "filter": "", "frozen": frozen, "tabs": tabs}
    saved = {"name": "July", "owner": "", "author": "ada", "document": document}
    report = ask(author, "POST", "dashboards", {"project": "digits", **saved})["summary"]["id"]
    page = author.new_page()
    page.goto(f"/p/digits/reports/{report}")
    expect(page.locator("img.report-chart")).to_be_visible()

    page.get_by_role("button", name="Share…").click()
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Link", exact=True).input_value()
    theirs = reader.new_page()
    theirs.goto(link)

    expect(theirs.get_by_role("heading", name="July")).to_be_visible()
    expect(theirs.locator("strong")).to_have_text("learns")
    expect(theirs.locator("img.report-chart")).to_be_visible()
    assert theirs.locator("script, button, a[href^='/']").count() == 0
    for elsewhere in (f"p/digits/reports/{report}", f"r/{run}", ""):
        theirs.goto(f"{link.partition('/shared')[0]}/{elsewhere}")
        expect(theirs.get_by_label("Token")).to_be_visible()

    ask(author, "PUT", f"dashboards/{report}", {"version": 1, **saved, "name": "August"})
    page.reload()
    expect(page.get_by_role("heading", name="August")).to_be_visible()
    page.get_by_role("button", name="Share…").click()
    page.get_by_role("button", name="Show version 2").click()
    expect(page.get_by_role("dialog")).to_contain_text("shows version 2")
    assert page.get_by_label("Link", exact=True).count() == 0
    theirs.goto(link)
    expect(theirs.get_by_role("heading", name="August")).to_be_visible()

    page.get_by_role("button", name="End the link made").click()
    expect(page.get_by_role("dialog").get_by_role("listitem")).to_have_count(0)
    theirs.goto(link)
    expect(theirs.get_by_role("heading", name="This link shows nothing")).to_be_visible()
