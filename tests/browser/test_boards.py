"""Dashboards of one's own: made, arranged, saved, restored, and never lost to somebody else's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from typing import Final

import pytest
from playwright.sync_api import BrowserContext
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import expect

from mltrack_server.testing import wait_until

pytestmark = pytest.mark.slow

LIST: Final = "/p/digits/dashboards"
HOSTILE: Final = "<img src=x onerror=alert(1)> \u202e{{n}} " + "x" * 120
TYPES: Final = (
    "Line chart",
    "Run table",
    "Text",
    "Histograms",
    "Scatter",
    "Parallel coordinates",
    "Importance of parameters",
    "Media",
    "Differences of runs",
    "Gradient flow",
    "Devices over time",
    "Checkpoints",
    "Console",
)

DRAFTS: Final = """() =>
  Object.keys(localStorage).filter((key) => key.startsWith("mltrack.dashboard.")).length"""

Make = Callable[..., str]


def panel(number: int, kind: str, **fields: Any) -> dict[str, Any]:
    """Return a panel that lies below those of lower numbers."""
    place = {"x": 0, "y": 7 * number, "width": 6, "height": 7}
    return {"type": kind, "id": f"p{number}", "title": "", "filter": "", **place} | fields


def lines(number: int, metric: str, **fields: Any) -> dict[str, Any]:
    """Return a line chart."""
    own = {"metric": metric, "axis": "step", "smoothing": 0, "is_log": False, "is_full": False}
    return panel(number, "lines", **(own | fields))


@pytest.fixture
def make(context: BrowserContext) -> Make:
    """What stores a dashboard of these panels, and returns its address."""

    def stored(*panels: dict[str, Any], name: str = "Mine", **fields: Any) -> str:
        tabs = [{"id": "tab1", "title": "", "panels": list(panels)}]
        document = {"version": 1, "filter": "", "frozen": None, "tabs": tabs} | fields
        new = {"project": "digits", "name": name, "owner": "", "author": "ada"}
        answer = context.request.post("/api/v1/dashboards", data=new | {"document": document})
        assert answer.status == 201, answer.text()
        return f"{LIST}/{answer.json()['summary']['id']}"

    return stored


def read(page: Page, address: str) -> Any:
    """Return what the server has of a dashboard."""
    return page.request.get(f"/api/v1/dashboards/{address.rpartition('/')[2]}").json()


def save(page: Page) -> None:
    """Save, and wait until that is done."""
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".board-state")).to_contain_text("Version")


def region(page: Page, title: str) -> Locator:
    """Return a panel."""
    return page.locator(f'.board-panel[aria-label="{title}"]')


def drag(page: Page, handle: Locator, right: float, down: float) -> None:
    """Move a handle by pixels."""
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + 12, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right / 2, y + down / 2)
    page.mouse.move(x + right, y + down)
    page.mouse.up()


def test_a_dashboard_of_every_panel_is_there_at_the_next_visit(page: Page) -> None:
    """It begins with the charts that tell most; each type of panel is added, seen, and kept."""
    page.goto(LIST)
    page.get_by_role("button", name="New dashboard").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name", exact=False).first.fill("All of it")
    form.get_by_label("Your name").fill("ada")
    form.get_by_role("button", name="Create").click()
    expect(region(page, "val/loss").locator("canvas").first).to_be_visible()
    before = page.locator(".board-panel").count()

    for kind in TYPES:
        page.get_by_role("button", name="Add panel", exact=True).click()
        page.get_by_role("menuitem", name=kind, exact=True).click()
        form = page.get_by_role("dialog")
        if kind == "Text":
            form.get_by_role("textbox", name="Text").fill("# Why\n\n**Less** is more")
        if kind == "Line chart":
            form.get_by_label("Metric").fill("train/loss")
        form.locator("button[type=submit]").click()
    expect(page.locator(".board-state")).to_have_text("Unsaved changes")
    save(page)
    page.goto(LIST)
    page.get_by_role("link", name="All of it").click()

    expect(page.locator(".board-panel")).to_have_count(before + len(TYPES))
    expect(page.locator(".board-state")).to_contain_text("Version 2 · ada")
    text = page.locator(".board-panel.is-text")
    expect(text.get_by_role("heading", name="Why")).to_be_visible()
    expect(text.locator("strong")).to_have_text("Less")
    for kind in ("scatter", "parallel"):
        picture = page.locator(f".board-panel.is-{kind} canvas[role=img]")
        expect(picture).to_have_attribute("data-drawn", "true")
    expect(page.locator(".is-histograms .heatmap canvas")).to_be_visible()
    expect(page.locator(".is-console .console-line").first).to_be_visible()
    expect(page.locator(".is-devices .lane canvas").first).to_be_attached()
    expect(page.locator(".is-compare .compare-table")).to_contain_text("calm-fox")
    expect(page.locator(".is-flow")).to_contain_text("None of these runs has norms")
    expect(page.locator(".is-checkpoints")).to_contain_text("None of these runs has checkpoints")
    expect(page.locator(".is-importance")).to_contain_text("too few to tell")
    row = page.locator(".is-table").first.get_by_role("row").filter(has_text="calm-fox")
    expect(row.locator(".swatch")).to_be_visible()


def test_panels_are_dragged_and_resized_by_pointer(page: Page, make: Make) -> None:
    """They snap to columns and rows; what is in the way moves; Ctrl-Z takes it back."""
    address = make(lines(0, "val/loss"), lines(1, "train/loss"))
    page.goto(f"{address}?edit=1")
    width = page.locator(".board-grid").bounding_box()["width"]  # type: ignore[index]
    column, row = (width + 8) / 12, 40

    drag(page, page.get_by_role("button", name="Move val/loss", exact=True), 6 * column, 0)
    drag(
        page, page.get_by_role("button", name="Resize train/loss", exact=True), -2 * column, 3 * row
    )
    save(page)

    places = {
        one["metric"]: [one[key] for key in ("x", "y", "width", "height")]
        for one in read(page, address)["document"]["tabs"][0]["panels"]
    }
    assert places == {"val/loss": [6, 0, 6, 7], "train/loss": [0, 0, 4, 10]}
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(page.locator(".board-state")).to_have_text("Unsaved changes")
    save(page)
    panels = read(page, address)["document"]["tabs"][0]["panels"]
    assert [(one["x"], one["y"], one["width"]) for one in panels] == [(0, 0, 6), (0, 7, 6)]


def test_the_keyboard_does_the_same(page: Page, make: Make) -> None:
    """Arrow keys on a panel's handles; where it lies is said."""
    address = make(lines(0, "val/loss"), lines(1, "train/loss"))
    page.goto(f"{address}?edit=1")
    said = page.locator(".board-page [role=status].only-said")

    page.get_by_role("button", name="Move val/loss", exact=True).focus()
    page.keyboard.press("ArrowDown")
    expect(said).to_have_text("val/loss: column 1, row 8, 6 wide, 7 high")
    page.keyboard.press("ArrowRight")
    expect(said).to_have_text("val/loss: column 2, row 8, 6 wide, 7 high")
    page.get_by_role("button", name="Resize val/loss", exact=True).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    expect(said).to_have_text("val/loss: column 2, row 8, 7 wide, 6 high")
    expect(page.get_by_role("button", name="Resize val/loss", exact=True)).to_be_focused()


def test_changes_that_were_not_saved_survive_the_visit(page: Page, make: Make) -> None:
    """The browser keeps them, and says that they are not saved; they can be dropped."""
    page.goto(f"{make(lines(0, 'val/loss'))}?edit=1")
    page.get_by_role("button", name="Copy val/loss").click()
    expect(page.locator(".board-panel")).to_have_count(2)
    wait_until(lambda: page.evaluate(DRAFTS) == 1, "the browser to keep what was not saved")

    page.reload()

    expect(page.locator(".board-panel")).to_have_count(2)
    expect(page.locator(".board-state")).to_have_text("Unsaved changes")
    page.get_by_role("button", name="Discard").click()
    expect(page.locator(".board-panel")).to_have_count(1)


def test_two_people_do_not_overwrite_each_other(
    refused: Page, open_page: Callable[..., Page], server: str, make: Make
) -> None:
    """The second to save is told by whom and what is there now, and decides."""
    address = make(lines(0, "val/loss"))
    refused.goto(f"{address}?edit=1")
    refused.get_by_role("button", name="Copy val/loss").click()
    hers = open_page(server)
    hers.evaluate("localStorage.setItem('mltrack.person', '\"grace\"')")
    hers.goto(f"{address}?edit=1")
    hers.get_by_label("Name", exact=True).fill("Hers")
    save(hers)

    refused.get_by_role("button", name="Save", exact=True).click()
    notice = refused.get_by_role("alert")
    expect(notice).to_contain_text("Version 2 was saved by grace since you began.")
    assert read(refused, address)["summary"]["name"] == "Hers"
    expect(refused.locator(".board-panel")).to_have_count(2)
    notice.get_by_role("button", name="Save mine over it").click()
    expect(refused.locator(".board-state")).to_contain_text("Version 3")
    assert len(read(refused, address)["document"]["tabs"][0]["panels"]) == 2

    refused.get_by_role("button", name="More").click()
    refused.get_by_role("menuitem", name="Versions").click()
    refused.get_by_role("button", name="Take over version 2").click()
    expect(refused.locator(".board-panel")).to_have_count(1)
    expect(refused.locator(".board-state")).to_have_text("Unsaved changes")


def test_tabs_hold_panels_of_their_own(page: Page, make: Make) -> None:
    """One more is added, named, filled, moved; the address says which is seen."""
    address = make(lines(0, "val/loss"))
    page.goto(f"{address}?edit=1")

    page.get_by_role("button", name="Add a tab").click()
    expect(page.locator(".board-panel")).to_have_count(0)
    page.get_by_label("Title of the tab").fill("Text")
    page.get_by_role("button", name="Add panel", exact=True).click()
    page.get_by_role("menuitem", name="Text", exact=True).click()
    page.get_by_role("dialog").get_by_role("textbox", name="Text").fill("second tab")
    page.locator(".panel-form button[type=submit]").click()
    page.get_by_role("button", name="Move tab Text to the left").click()
    save(page)
    page.reload()

    tabs = page.get_by_role("group", name="Tabs").get_by_role("button")
    expect(tabs).to_have_text(["Text", "Tab 2"])
    expect(page.locator(".board-panel")).to_contain_text("second tab")
    tabs.nth(1).click()
    expect(region(page, "val/loss")).to_be_visible()
    assert "tab=tab1" in page.url


def test_a_filter_and_a_panels_own_choose_the_runs(page: Page, make: Make) -> None:
    """The dashboard's narrows all panels, a panel's own only itself; a wrong one is explained."""
    page.goto(
        make(
            panel(0, "table", columns=["params.lr"], sort=""),
            panel(1, "table", columns=["params.lr"], sort="", filter='name ~ "wild"'),
            panel(2, "table", columns=["params.lr"], sort="", filter="name ~"),
            filter='name ~ "fox" or name ~ "owl"',
        )
    )
    tables = page.locator(".board-panel")

    expect(tables.nth(0).get_by_role("rowheader")).to_have_count(2)
    expect(tables.nth(1).get_by_role("rowheader")).to_have_text(["wild-owl"])
    expect(tables.nth(2).get_by_role("alert")).to_contain_text("Character")


def test_a_file_goes_out_and_comes_back(page: Page, make: Make, tmp_path: Path) -> None:
    """What is exported is imported whole; a file that is none is refused with the reason."""
    address = make(lines(0, "val/loss"), name="Travels")
    page.goto(address)
    page.get_by_role("button", name="More").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Export as JSON").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.name == "Travels.json"

    page.goto(LIST)
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_role("heading", name="Travels")).to_be_visible()
    assert page.url.rpartition("/")[2] != address.rpartition("/")[2]
    assert read(page, page.url)["document"] == read(page, address)["document"]

    page.goto(LIST)
    wrong = json.loads(file.read_text())
    for content, told in (
        ("{", "This file is no dashboard"),
        (json.dumps({"dashboard": {"version": 9}}), "another version"),
    ):
        file.write_text(content)
        page.locator("input[type=file]").set_input_files(file)
        expect(page.get_by_role("alert")).to_contain_text(told)
    wrong["dashboard"]["tabs"][0]["panels"][0]["smoothing"] = 3
    file.write_text(json.dumps(wrong))
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_role("alert")).to_contain_text("smoothing twema takes 0 to 0.99")


def test_hostile_names_and_texts_are_text(page: Page, make: Make) -> None:
    """Tags stand there as they were typed, links go nowhere bad, and nothing else is asked."""
    text = f"{HOSTILE}\n\n[a](javascript:alert(1)) ![b](https://evil.test/x.png)"
    page.goto(
        make(
            panel(0, "text", title=HOSTILE, text=text),
            lines(1, HOSTILE, title=HOSTILE),
            panel(2, "table", columns=[], sort="", title=HOSTILE),
            name=HOSTILE,
        )
    )

    expect(page.get_by_role("heading", name=HOSTILE, exact=True).first).to_be_visible()
    expect(page.locator(".markdown")).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator(".markdown img, .markdown a[href^='javascript']").count() == 0
    page.get_by_role("button", name="Edit", exact=True).click()
    page.goto(LIST)
    expect(page.get_by_role("link", name=HOSTILE, exact=True)).to_be_visible()


def test_deleted_and_brought_back(page: Page, make: Make) -> None:
    """A deleted one is out of sight and whole."""
    make(lines(0, "val/loss"), name="Old ideas")
    page.goto(LIST)

    page.get_by_role("button", name="Delete Old ideas").click()
    expect(page.get_by_role("link", name="Old ideas")).to_have_count(0)
    page.get_by_label("Show deleted ones").check()
    page.get_by_role("button", name="Restore Old ideas").click()
    page.get_by_label("Show deleted ones").uncheck()
    page.get_by_role("link", name="Old ideas").click()

    expect(region(page, "val/loss").locator("canvas").first).to_be_visible()


def test_an_address_that_nothing_has(refused: Page) -> None:
    """A dashboard that was never there is said so."""
    refused.goto(f"{LIST}/{'0' * 32}")

    expect(refused.get_by_role("alert")).to_contain_text("There is no such dashboard here.")
