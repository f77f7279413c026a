"""Charts as a project's people have arranged them."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import Route
from playwright.sync_api import expect

COUNT = 120


def cards(page: Page) -> Locator:
    """Return the charts of the first section, in their order."""
    return page.locator(".sections .cards").first.locator("> .cell")


def order(page: Page, *names: str) -> None:
    """Wait until the first charts are those of *names*."""
    for place, name in enumerate(names):
        expect(cards(page).nth(place)).to_have_attribute("data-metric", name)


def grip(page: Page, name: str) -> Locator:
    """Return the handle of a chart or section, in sight."""
    return page.get_by_role("button", name=f"Arrange {name}", exact=True)


def choose(page: Page, name: str, item: str) -> None:
    """Click something in the menu of a handle."""
    grip(page, name).focus()
    page.keyboard.press("Enter")
    page.get_by_text(item, exact=True).click()


def test_what_one_arranges_another_sees(
    open_page: Callable[..., Page],
    serve_runs: Callable[..., AbstractContextManager[str]],
    record: Callable[..., Any],
    tmp_path: Path,
) -> None:
    """By keys, by dragging, by menu; of two at once neither loses anything; and the way back."""
    run = record(tmp_path, "calm-fox", age_s=5)
    named = ["val/loss", "val/accuracy", "val/top", "train/loss"]
    for step in range(3):
        run.log(step, {name: float(step) for name in named})
    with serve_runs(tmp_path, [run]) as address:
        ada, grace = (
            open_page(address, "/p/digits", is_refused=True),  # a conflict is an answer
            open_page(address, "/p/digits", is_refused=True),
        )
        for page in (ada, grace):
            order(page, "val/loss", "val/accuracy", "val/top")

        grip(ada, "val/top").focus()
        ada.keyboard.press("ArrowLeft")
        order(ada, "val/loss", "val/top", "val/accuracy")
        expect(grip(ada, "val/top")).to_be_focused()
        expect(ada.get_by_text("val/top: place 2 of 3")).to_be_attached()
        expect(ada.get_by_text("Arranged for everybody in this project.")).to_be_visible()

        # Grace has not seen that: what she does is done to what Ada has saved.
        choose(grace, "val/loss", "Full row")
        expect(grace.get_by_text("Arranged for everybody in this project.")).to_be_visible()
        order(grace, "val/loss", "val/top", "val/accuracy")
        expect(cards(grace).first).to_have_attribute("data-size", "large")

        card = cards(grace).nth(2)
        card.hover()
        grip(grace, "val/accuracy").hover()
        grace.mouse.down()
        over = cards(grace).first.bounding_box()
        assert over is not None
        grace.mouse.move(over["x"] + 60, over["y"] + 60, steps=4)
        expect(cards(grace).first).to_have_class("cell drops-before")
        grace.mouse.move(over["x"] + 60, over["y"] + 40)
        grace.mouse.up()
        order(grace, "val/accuracy", "val/loss", "val/top")
        choose(grace, "train", "Move to the start")
        expect(grace.locator(".section h2")).to_have_text(["train", "val"])
        expect(grace.get_by_role("menu")).to_have_count(0)

        ada.reload()
        expect(ada.locator(".section h2")).to_have_text(["train", "val"])
        expect(ada.locator("[data-metric='val/loss']")).to_have_attribute("data-size", "large")
        choose(ada, "val", "Automatic order and size of everything")
        order(ada, "val/loss", "val/accuracy", "val/top")
        expect(cards(ada).first).to_have_attribute("data-size", "small")
        ada.get_by_role("button", name="Take back").click()
        expect(ada.locator(".section h2")).to_have_text(["train", "val"])
        ada.close()
        grace.close()


def test_what_cannot_be_saved_says_so_and_is_not_lost(
    open_page: Callable[..., Page],
    serve_runs: Callable[..., AbstractContextManager[str]],
    record: Callable[..., Any],
    tmp_path: Path,
) -> None:
    """The page shows what was done, and tries again when it is told to; many charts stay lazy."""
    run = record(tmp_path, "wide-run", age_s=5)
    named = ["".join("jklmnopqrs"[int(digit)] for digit in f"{no:03}") for no in range(COUNT)]
    run.log(0, {f"norm/{name}": 1.0 for name in named})
    first, second = (f"norm/{name}" for name in named[:2])

    def refuse(route: Route) -> None:
        if route.request.method == "PUT":
            route.abort()
        else:
            route.continue_()

    with serve_runs(tmp_path, [run]) as address:
        page = open_page(address, "/p/digits", is_refused=True)
        order(page, first, second)
        page.route("**/api/v1/wall*", refuse)
        grip(page, second).focus()
        page.keyboard.press("Home")
        order(page, second, first)
        expect(page.get_by_role("alert")).to_contain_text("is not saved")
        page.unroute("**/api/v1/wall*")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_text("Arranged for everybody in this project.")).to_be_visible()

        with urllib.request.urlopen(f"{address}/api/v1/wall?project=digits") as answer:
            stored = json.load(answer)["layout"]
        assert stored["cards"] == [{"section": "norm", "cards": [second]}]
        assert page.locator(".card canvas").count() <= 24
        page.close()
