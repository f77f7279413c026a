"""The run table: a person arranges its columns, and this browser keeps them."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any
from typing import Final

import pytest
from playwright.sync_api import Browser
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
    serve: Callable[..., AbstractContextManager[str]],
    arrive_at: Callable[[str, Any], str],
) -> Iterator[str]:
    """A server on six runs whose parameters and metrics fill a table."""
    folder = tmp_path_factory.mktemp("table")
    runs = []
    for number in range(RUNS):
        run = record(
            folder,
            f"run-{number}",
            project="table",
            params={"lr": 10.0**-number, "seed": number % 2, "kind": "small", HOSTILE: number},
            age_s=1000.0 - number,
        )
        for step in range(4):
            run.log(step, {"val/loss": number + (5.0 - step), "train/loss": 1.0 * number})
        run.end(RunEnded(run.began_ns + 10**9, "finished"))
        runs.append(run)
    with serve(folder, "ui", "--no-browser") as url:
        for each in runs:
            arrive_at(url, each)
        yield url


@pytest.fixture
def table(chromium: Browser, address: str) -> Iterator[Page]:
    """A new profile on the full-width table, which fails its test if a script fails."""
    page = chromium.new_page(base_url=address, viewport={"width": 1440, "height": 800})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", lambda dialog: errors.append(dialog.message))
    page.goto("/p/table/table")
    expect(page.get_by_role("row").filter(has_text="run-0")).to_be_visible()
    yield page
    page.close()
    assert errors == []


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
