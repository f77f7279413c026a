"""The run table: a person arranges its columns, and changes many runs at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any
from typing import Final

import pytest
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import expect

from mltrack_core.records import RunEnded

pytestmark = pytest.mark.slow

RUNS: Final = 6
HOSTILE: Final = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory,
    record: Callable[..., Any],
    serve_runs: Callable[..., AbstractContextManager[str]],
) -> Iterator[str]:
    """A server on two projects of six runs, one to look at and one to change."""
    folder = tmp_path_factory.mktemp("table")
    runs = []
    for number, project in ((n, name) for name in ("table", "bulk") for n in range(RUNS)):
        run = record(
            folder,
            f"run-{number}",
            project=project,
            params={"lr": 10.0**-number, "seed": number % 2, "kind": "small", HOSTILE: number},
            age_s=1000.0 - number,
        )
        for step in range(4):
            run.log(step, {"val/loss": number + (5.0 - step), "train/loss": 1.0 * number})
        run.end(RunEnded(run.began_ns + 10**9, "finished"))
        runs.append(run)
    with serve_runs(folder, runs) as url:
        yield url


@pytest.fixture
def table(open_page: Callable[..., Page], address: str) -> Page:
    """A new profile on the full-width table; some of its tests have the server refuse."""
    size = {"width": 1440, "height": 800}
    page = open_page(address, "/p/table/table", viewport=size, is_refused=True)
    expect(page.get_by_role("row").filter(has_text="run-0")).to_be_visible()
    return page


def heads(page: Page) -> list[str]:
    """Return the headings of the columns, those of the tick and the line left out."""
    return [
        text.strip(" ↑↓") for text in page.locator(".run-head > [data-place]").all_inner_texts()
    ]


def cells(page: Page, column: str) -> Locator:
    """Return the column's cells of all runs, in the order of the table."""
    at = heads(page).index(column) + 3
    return page.locator(f".run-row[data-run] > :nth-child({at})")


def head(page: Page, column: str) -> Locator:
    """Return the heading of a column."""
    return page.get_by_role("columnheader", name=column, exact=True)


def test_columns_are_found_shown_and_taken_away_and_stay_so(table: Page) -> None:
    """The least value of a metric, a constant parameter; a name of markup is text."""
    assert {"Run", "State", "val/loss", "lr", "seed", HOSTILE} <= set(heads(table))
    assert "kind" not in heads(table)

    table.get_by_role("button", name="Columns").click()
    picker = table.get_by_role("dialog", name="Columns")
    picker.get_by_label("Find a column").fill("val")
    picker.get_by_role("button", name="val/loss.min").click()
    picker.get_by_label("Find a column").fill("kind")
    picker.get_by_role("checkbox", name="kind").check()
    picker.get_by_label("Find a column").fill("")
    picker.get_by_role("checkbox", name="seed").uncheck()
    expect(picker.get_by_role("checkbox", name="Run", exact=True)).to_be_disabled()
    picker.get_by_role("button", name="Close").click()

    expect(cells(table, "val/loss.min").first).to_have_text("7")
    expect(cells(table, "kind").first).to_have_text("small")
    table.reload()
    expect(head(table, "kind")).to_be_visible()
    assert "seed" not in heads(table)
    table.get_by_role("button", name="Columns").click()
    table.get_by_role("button", name="As proposed").click()
    table.keyboard.press("Escape")
    expect(head(table, "kind")).to_have_count(0)
    expect(head(table, "seed")).to_be_visible()


def test_a_link_has_the_columns_their_order_widths_and_pins(
    table: Page, open_page: Callable[..., Page], address: str
) -> None:
    """Whoever opens it sees the same, and keeps what was theirs on other pages."""
    table.get_by_role("button", name="Columns").click()
    picker = table.get_by_role("dialog", name="Columns")
    picker.get_by_role("checkbox", name="seed").uncheck()
    picker.get_by_role("button", name=f"Keep {HOSTILE} in sight").click()
    picker.get_by_role("button", name="Move lr to the left").click()
    table.keyboard.press("Escape")
    head(table, "Host").get_by_role("button").focus()
    table.keyboard.press("+")
    expect(head(table, "seed")).to_have_count(0)
    shown, width = heads(table), head(table, "Host").bounding_box()
    assert width

    path = table.url.removeprefix(address)
    other = open_page(address, path, viewport={"width": 1440, "height": 800})
    expect(head(other, "lr")).to_be_visible()
    assert heads(other) == shown
    expect(head(other, "Host")).to_have_css("width", f"{width['width']:.0f}px")
    other.goto("/p/table/table")
    expect(head(other, "seed")).to_be_visible()
    table.goto("/p/table/table")
    expect(head(table, "lr")).to_be_visible()
    assert heads(table) == shown


def test_columns_move_by_pointer_and_by_keyboard(table: Page) -> None:
    """A heading is dragged, or goes with shift and arrows; in the list, with the arrows."""
    before = heads(table)
    at = before.index("lr")
    box = head(table, "lr").bounding_box()
    goal = head(table, before[at - 1]).bounding_box()
    assert box
    assert goal
    table.mouse.move(box["x"] + 20, box["y"] + 12)
    table.mouse.down()
    table.mouse.move(goal["x"] + 4, goal["y"] + 12, steps=6)
    table.mouse.up()

    expect(head(table, "lr")).to_have_attribute("aria-sort", "none")  # it was not clicked
    assert heads(table).index("lr") == at - 1
    head(table, "lr").get_by_role("button").focus()
    table.keyboard.press("Shift+ArrowRight")
    assert heads(table) == before
    expect(head(table, "lr").get_by_role("button")).to_be_focused()

    table.get_by_role("button", name="Columns").click()
    table.get_by_role("button", name="Move lr", exact=True).focus()
    table.keyboard.press("ArrowDown")
    expect(table.get_by_role("dialog").get_by_role("status")).to_have_text(
        re.compile(f"^lr is now column {at + 2} of ")
    )
    table.keyboard.press("ArrowDown")  # the focus went with it
    assert heads(table).index("lr") == at + 2
    table.keyboard.press("Escape")
    table.reload()
    expect(head(table, "lr")).to_be_visible()
    assert heads(table).index("lr") == at + 2


def test_columns_are_resized_and_pinned(table: Page) -> None:
    """By dragging the border, by keys, back by a double click; what is pinned stays in sight."""
    wide = head(table, "Host")
    box = wide.bounding_box()
    assert box
    table.mouse.move(box["x"] + box["width"] - 3, box["y"] + 12)
    table.mouse.down()
    table.mouse.move(box["x"] + box["width"] + 897, box["y"] + 12, steps=4)
    table.mouse.up()
    expect(wide).to_have_css("width", "900px")
    wide.get_by_role("button").focus()
    table.keyboard.press("-")
    expect(wide).to_have_css("width", "884px")

    table.get_by_role("button", name="Columns").click()
    table.get_by_role("button", name=f"Keep {HOSTILE} in sight").click()
    table.keyboard.press("Escape")
    assert heads(table)[1] == HOSTILE
    table.get_by_role("table").hover()
    table.mouse.wheel(600, 0)
    expect(head(table, "State")).not_to_be_in_viewport()
    expect(head(table, HOSTILE)).to_be_in_viewport(ratio=1)
    expect(cells(table, HOSTILE).first).to_be_in_viewport(ratio=1)
    table.reload()
    expect(wide).to_have_css("width", "884px")
    wide.locator(".head-border").dblclick()
    expect(wide).to_have_css("width", f"{box['width']:.0f}px")


def test_rows_are_sorted_by_several_columns(table: Page) -> None:
    """A click with shift sorts equals; also by a column that is not shown, from a link."""
    head(table, "seed").get_by_role("button").click()
    head(table, "lr").get_by_role("button").click(modifiers=["Shift"])

    expect(head(table, "seed")).to_have_attribute("aria-sort", "ascending")
    names = table.locator(".run-row[data-run] .name a")
    expect(names).to_have_text(["run-4", "run-2", "run-0", "run-5", "run-3", "run-1"])
    table.goto("/p/table/table?s=-min:val/loss")
    expect(names).to_have_text([f"run-{number}" for number in reversed(range(RUNS))])


# ---- many runs at once ----


@pytest.fixture
def bulk(table: Page) -> Page:
    """The table of the project whose runs are changed."""
    table.goto("/p/bulk/table")
    expect(row(table, "run-0")).to_be_visible()
    return table


def row(page: Page, name: str) -> Locator:
    """Return a run's row."""
    return page.locator(".run-row[data-run]").filter(has_text=name)


def choose(page: Page, *names: str) -> Locator:
    """Tick these runs and no other; return the bar of what can be done with them."""
    bar = page.get_by_role("group", name="Selected runs")
    if bar.is_visible():
        bar.get_by_role("button", name="Clear").click()
    for name in names:
        page.get_by_role("checkbox", name=f"Select {name}").check()
    expect(bar.get_by_role("status")).to_have_text(re.compile(f"^{len(names)} run"))
    return bar


def test_runs_are_tagged_and_grouped_together_and_back(bulk: Page) -> None:
    """Tags of markup are text; what was so already stays; the undo gives back what was."""
    choose(bulk, "run-0", "run-1").get_by_role("button", name="Tags…").click()
    bulk.get_by_role("dialog").get_by_role("textbox").or_(
        bulk.get_by_role("dialog").get_by_role("combobox")
    ).fill(f"paper, {HOSTILE}")
    bulk.keyboard.press("Enter")
    expect(bulk.get_by_text("Add tags: done for 2 runs")).to_be_visible()
    expect(row(bulk, "run-0").locator(".tag")).to_have_text(["paper", HOSTILE])
    expect(row(bulk, "run-2").locator(".tag")).to_have_count(0)

    choose(bulk, "run-0", "run-2").get_by_role("button", name="Tags…").click()
    bulk.get_by_role("button", name="Remove the tag paper").click()
    expect(bulk.get_by_text("Remove tags: done for 1 run")).to_be_visible()
    expect(row(bulk, "run-0").locator(".tag")).to_have_text([HOSTILE])
    bulk.get_by_role("button", name="Undo", exact=True).click()
    expect(row(bulk, "run-0").locator(".tag")).to_have_text(["paper", HOSTILE])

    choose(bulk, "run-3", "run-4").get_by_role("button", name="Group…").click()
    bulk.get_by_label("Group name").fill("sweep 7")
    bulk.keyboard.press("Enter")
    expect(head(bulk, "Group name")).to_be_visible()
    expect(cells(bulk, "Group name").filter(has_text="sweep 7")).to_have_count(2)
    bulk.get_by_label("Filter runs").fill('group = "sweep 7"')
    expect(bulk.locator(".run-row[data-run]")).to_have_count(2)


def test_runs_are_put_away_and_brought_back(bulk: Page) -> None:
    """They leave the list, and the feed does not bring them back; the filter finds them."""
    choose(bulk, "run-4", "run-5").get_by_role("button", name="Put away").click()
    expect(bulk.get_by_text("Put away: done for 2 runs")).to_be_visible()
    expect(row(bulk, "run-5")).to_have_count(0)
    expect(bulk.get_by_text("4 runs", exact=True)).to_be_visible()

    bulk.get_by_label("Filter runs").fill("archived = true")
    expect(bulk.locator(".run-row[data-run]")).to_have_count(2)
    bulk.get_by_role("checkbox", name="Select all runs of the table").check()
    bulk.get_by_role("button", name="Bring back").click()
    expect(bulk.get_by_text("Bring back: done for 2 runs")).to_be_visible()
    bulk.get_by_label("Filter runs").fill("")
    expect(bulk.locator(".run-row[data-run]")).to_have_count(RUNS)


def test_deleting_says_what_it_means_what_failed_and_the_way_back(bulk: Page) -> None:
    """One of three fails and stays, with the reason; a second try does it; the undo all of it."""
    refused = row(bulk, "run-1").get_attribute("data-run") or ""
    bulk.route(
        "**/api/v1/runs/*",
        lambda route: (
            route.fulfill(
                status=503,
                content_type="application/problem+json",
                body='{"title": "busy", "detail": "The store is busy."}',
            )
            if route.request.method == "DELETE" and route.request.url.endswith(refused)
            else route.continue_()
        ),
    )
    choose(bulk, "run-0", "run-1", "run-2").get_by_role("button", name="Delete…").click()
    dialog = bulk.get_by_role("dialog", name="Delete 3 runs?")
    expect(dialog).to_contain_text("removed for good in 30 days")
    expect(dialog).to_contain_text("run-2")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    dialog.get_by_role("button", name="Delete", exact=True).click()

    expect(bulk.get_by_text("Delete: done for 2 of 3 runs")).to_be_visible()
    expect(bulk.get_by_role("alert")).to_have_text("run-1: The store is busy.")
    expect(row(bulk, "run-0")).to_have_count(0)
    expect(row(bulk, "run-1")).to_be_visible()
    expect(bulk.get_by_text("1 run selected")).to_be_visible()
    bulk.unroute("**/api/v1/runs/*")
    bulk.get_by_role("button", name="Try 1 again").click()
    expect(bulk.get_by_text("Delete: done for 3 runs", exact=True)).to_be_visible()
    expect(bulk.locator(".run-row[data-run]")).to_have_count(RUNS - 3)
    bulk.get_by_role("button", name="Undo", exact=True).click()
    expect(bulk.get_by_text("Undo “Delete”: done for 3 runs")).to_be_visible()
    expect(bulk.locator(".run-row[data-run]")).to_have_count(RUNS)
    bulk.get_by_role("button", name="Dismiss").click()
    expect(bulk.locator(".bulk-note")).to_have_count(0)


# ---- in the table itself ----


def test_a_name_tags_and_notes_are_edited_in_place(bulk: Page) -> None:
    """F2, then Tab from field to field; Escape keeps nothing; markup is text."""
    bulk.get_by_role("button", name="Columns").click()
    for column, is_shown in {"Tags": True, "Notes": True, "Group name": False}.items():
        bulk.get_by_role("checkbox", name=column, exact=True).set_checked(is_shown)
    assert bulk.evaluate("document.activeElement.closest('[role=dialog]') !== null")
    bulk.keyboard.press("Escape")
    expect(bulk.get_by_role("dialog")).to_have_count(0)

    row(bulk, "run-5").get_by_role("link").focus()
    bulk.keyboard.press("F2")
    field = bulk.get_by_label("Name of run-5")
    expect(field).to_be_focused()
    field.fill(f"six {HOSTILE}")
    bulk.keyboard.press("Tab")
    expect(bulk.get_by_label("Tags of six")).to_be_focused()
    bulk.keyboard.type("one, two")
    bulk.keyboard.press("Tab")
    expect(bulk.get_by_label("Notes of six")).to_be_focused()
    bulk.keyboard.type("first")
    bulk.keyboard.press("Shift+Enter")
    bulk.keyboard.type("second")
    bulk.keyboard.press("Enter")
    expect(bulk.locator(".cell-editor")).to_have_count(0)
    six = row(bulk, "six")
    expect(six.locator(".tag")).to_have_text(["one", "two"])
    bulk.reload()
    expect(six.get_by_role("link")).to_have_text(f"six {HOSTILE}")
    expect(six.locator("[data-edit=notes]")).to_have_text("first second")

    six.locator("[data-edit=notes]").dblclick()
    bulk.keyboard.type("something else")
    bulk.keyboard.press("Escape")
    expect(six.locator("[data-edit=notes]")).to_have_text("first second")
    expect(six.locator("[data-edit=notes]")).to_be_focused()
    bulk.keyboard.press("Enter")
    expect(bulk.get_by_label("Notes of six")).to_have_value("first\nsecond")
    bulk.keyboard.press("Escape")


def test_an_edit_that_is_refused_stays_and_says_why(bulk: Page) -> None:
    """What was typed is not lost: Enter tries again, a click elsewhere keeps it there."""
    refuse = "**/api/v1/runs/*"
    bulk.route(
        refuse,
        lambda route: (
            route.fulfill(
                status=507,
                content_type="application/problem+json",
                body='{"title": "full", "detail": "The disk is full."}',
            )
            if route.request.method == "PATCH"
            else route.continue_()
        ),
    )
    cell = row(bulk, "run-4").locator("[data-edit=name]")
    box = cell.bounding_box()
    assert box
    cell.dblclick(position={"x": box["width"] / 2, "y": 4})
    field = bulk.get_by_label("Name of run-4")
    field.fill("run-four")
    bulk.keyboard.press("Enter")
    expect(bulk.get_by_role("alert")).to_have_text("The disk is full.")
    bulk.get_by_label("Filter runs").click()
    expect(field).to_have_value("run-four")

    bulk.unroute(refuse)
    field.press("Enter")
    expect(field).to_have_count(0)
    expect(row(bulk, "run-four")).to_be_visible()


def test_the_course_and_the_place_of_each_run_stand_in_its_row(table: Page) -> None:
    """One request draws what is on screen; the greatest of all has the longest bar."""
    paths = cells(table, "val/loss").locator(".spark path")
    expect(paths).to_have_count(RUNS)
    for number in range(RUNS):
        expect(paths.nth(number)).to_have_attribute("d", re.compile("^M0.0 2.0L.*L64.0 14.0$"))
    bars = cells(table, "val/loss").locator(".mini-bar")

    shares = [bar.evaluate("(bar) => bar.style.width") for bar in bars.all()]

    assert shares == ["100%", "80%", "60%", "40%", "20%", "0%"]
