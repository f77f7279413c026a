"""Reports: what a dashboard showed of certain runs, for readers, for paper, and as one file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from typing import Final
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import BrowserContext
from playwright.sync_api import Page
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

HOSTILE: Final = "</style><script>alert(1)</script><img src=x onerror=alert(1)>"
TEXT: Final = "# Why\n\nIt **learns**, see [the web](https://example.test/a) and [a run](/r/1)."
PLACE: Final = {"title": "", "filter": "", "x": 0, "width": 6, "height": 7}
LINES: Final = {"axis": "step", "smoothing": 0, "is_log": False, "is_full": False}


@pytest.fixture
def july(context: BrowserContext, runs: dict[str, str]) -> str:
    """The address of a report of one run, with much on it."""
    panels: list[dict[str, Any]] = [
        {"type": "text", "text": TEXT},
        {"type": "lines", "metric": "val/loss", **LINES},
        {"type": "lines", "metric": "train/loss", **LINES, "title": HOSTILE},
        {"type": "table", "columns": ["params.lr"], "sort": ""},
        {"type": "histograms", "run": "", "name": "", "view": "layers"},
        {"type": "text", "text": HOSTILE, "title": HOSTILE},
    ]
    placed = [
        {**PLACE, "id": f"p{number}", "y": 7 * number, **one} for number, one in enumerate(panels)
    ]
    frozen = {"dashboard": "a" * 32, "version": 3, "at_ns": 10**18, "runs": [runs["calm-fox"]]}
    tabs = [{"id": "tab1", "title": HOSTILE, "panels": placed}]
    document = {"version": 1, "filter": "", "frozen": frozen, "tabs": tabs}
    new = {"project": "digits", "name": "July", "owner": "", "author": "ada"}
    answer = context.request.post("/api/v1/dashboards", data=new | {"document": document})
    assert answer.status == 201, answer.text()
    return f"/p/digits/reports/{answer.json()['summary']['id']}"


def wait_for_pictures(page: Page) -> None:
    """Wait until everything is drawn."""
    expect(page.get_by_role("button", name="Print")).to_be_enabled()
    expect(page.locator("img.report-chart")).to_have_count(2)
    expect(page.locator(".heatmap canvas")).to_have_attribute("data-drawn", "true")


def test_a_dashboard_is_frozen_and_written_about(page: Page, runs: dict[str, str]) -> None:
    """Its runs stay those that its filter held for; texts stand between the panels."""
    tables = [{"type": "table", **PLACE, "id": "p1", "y": 0, "columns": ["params.lr"], "sort": ""}]
    document = {
        "version": 1,
        "filter": 'name ~ "fox"',
        "frozen": None,
        "tabs": [{"id": "tab1", "title": "", "panels": tables}],
    }
    new = {"project": "digits", "name": "Foxes", "owner": "", "author": ""}
    made = page.request.post("/api/v1/dashboards", data=new | {"document": document}).json()
    source = made["summary"]["id"]
    page.goto(f"/p/digits/dashboards/{source}")
    expect(page.get_by_role("rowheader")).to_have_text(["calm-fox"])

    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Make a report").click()
    expect(page.locator(".report")).to_contain_text("Of 1 run of digits, as version 1")
    page.get_by_role("button", name="Write here").nth(1).click()
    page.get_by_role("dialog").get_by_role("textbox", name="Text").fill("It is **fast**.")
    page.locator(".panel-form button[type=submit]").click()
    page.get_by_role("button", name="Move Text before the one above").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".board-state")).to_contain_text("Version 2")
    page.get_by_role("button", name="Done").click()
    page.reload()

    items = page.locator(".report-item")
    expect(items).to_have_count(2)
    expect(items.nth(0).locator("strong")).to_have_text("fast")
    expect(items.nth(1).get_by_role("rowheader")).to_have_text(["calm-fox"])
    stored = page.request.get(f"/api/v1/dashboards/{page.url.rpartition('/')[2]}").json()
    frozen = stored["document"]["frozen"]
    assert frozen["runs"] == [runs["calm-fox"]]
    assert (frozen["dashboard"], frozen["version"]) == (source, 1)


def test_a_reader_reads(page: Page, july: str) -> None:
    """The link that is handed on shows the report and nothing that would change it."""
    page.goto(f"{july}?read=1&edit=1")

    expect(page.get_by_role("heading", name="July")).to_be_visible()
    expect(page.locator("img.report-chart")).to_have_count(2)
    assert page.locator(".report-page button:has-text('Edit')").count() == 0
    assert page.locator(".report-write, .report-tools, .report input").count() == 0


def test_a_block_is_discussed_beside_the_report(page: Page, july: str) -> None:
    """In Markdown, by name; settled, opened again, and taken back. No reader sees any of it."""
    page.goto(july)
    block = page.locator(".report-item").first
    block.get_by_role("button", name="Comment").click()
    block.get_by_label("Your name").fill("ada")
    block.get_by_label("Comment, as Markdown").fill(f"**Why** {HOSTILE}")
    block.get_by_role("button", name="Send").click()
    expect(block.get_by_role("listitem").locator("strong")).to_have_text("Why")
    expect(block.get_by_role("listitem")).to_contain_text("<script>")

    block.get_by_role("button", name="Resolve").click()
    expect(block.get_by_role("button", name="1 comment, resolved")).to_be_visible()
    block.get_by_label("Comment, as Markdown").fill("still")
    block.get_by_role("button", name="Send").click()
    expect(block.get_by_role("button", name="2 comments", exact=True)).to_be_visible()
    block.get_by_role("button", name="Remove this comment").last.click()
    expect(block.get_by_role("listitem").last).to_contain_text("Removed by its author")

    stored = page.request.get(f"/api/v1/dashboards/{july.rpartition('/')[2]}").json()
    assert stored["version"] == 1
    page.goto(f"{july}?read=1")
    expect(page.locator("img.report-chart")).to_have_count(2)
    expect(page.locator(".comments")).to_have_count(0)


def test_a_run_that_is_gone_is_missed(page: Page, context: BrowserContext, july: str) -> None:
    """A report says that it shows less than it did."""
    at = f"/api/v1/dashboards/{july.rpartition('/')[2]}"
    stored = context.request.get(at).json()
    stored["document"]["frozen"]["runs"].append("0" * 32)
    save = {"version": 1, "name": "July", "owner": "", "author": ""}
    assert context.request.put(at, data=save | {"document": stored["document"]}).ok

    page.goto(july)

    expect(page.locator(".report")).to_contain_text("1 of them is no longer here.")


def test_on_paper_there_is_the_report_alone(page: Page, july: str) -> None:
    """The bar and the buttons are not printed, and it is not cut off at the window's edge."""
    page.goto(july)
    wait_for_pictures(page)

    page.emulate_media(media="print")

    for part in (".bar", ".board-bar"):
        expect(page.locator(part)).to_be_hidden()
    long, page_height = page.evaluate(
        "[document.querySelector('.report').offsetHeight, document.documentElement.scrollHeight]"
    )
    assert page_height >= long > 900  # which is the window's height
    assert page.pdf().startswith(b"%PDF")


@pytest.fixture
def unscripted(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser that runs no script and reaches nobody."""
    context = chromium.new_context(java_script_enabled=False, offline=True)
    yield context
    context.close()


def test_the_file_shows_the_same_alone(
    page: Page, july: str, unscripted: BrowserContext, tmp_path: Path
) -> None:
    """One HTML file, no script, no request: texts, pictures and the numbers behind them."""
    page.goto(july)
    wait_for_pictures(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="As an HTML file").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    asked: list[str] = []
    alone = unscripted.new_page()
    alone.on("request", lambda request: asked.append(request.url))

    alone.goto(file.as_uri())

    assert file.name == "July.html"
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    expect(alone.get_by_role("heading", name="Why")).to_be_visible()
    expect(alone.locator("strong")).to_have_text("learns")
    expect(alone.get_by_role("heading", name=HOSTILE).first).to_be_visible()
    expect(alone.get_by_role("rowheader")).to_have_text(["calm-fox"])
    # Its head says that no script may run; what looks like one in a text is text.
    assert alone.locator("script, iframe, button, input, [onerror], [tabindex]").count() == 0
    assert alone.locator("meta[http-equiv=Content-Security-Policy]").count() == 1
    for image in alone.locator("img").all():
        assert (image.get_attribute("src") or "").startswith("data:image/")
        box = image.bounding_box()
        assert box is not None
        assert box["height"] > 20
    assert [link.get_attribute("href") for link in alone.locator(".markdown a[href]").all()] == [
        "https://example.test/a"
    ]
    numbers = alone.get_by_role("link", name="Numbers of this chart (CSV)").first
    head, _, body = (numbers.get_attribute("href") or "").partition(",")
    assert head == "data:text/csv;charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(unquote(body))))
    assert {row["label"] for row in rows} == {"calm-fox"}
    assert len(rows) > 10
