"""The parameters page: parallel coordinates that write the filter, importance, scatter, a table."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import expect

from mltrack_core.records import RunEnded

pytestmark = pytest.mark.slow

RUNS: Final = 30
# As geometry.ts has them.
SIDE: Final = 64
AXIS_TOP: Final = 12
AXIS_BOTTOM: Final = 284


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory,
    record: Callable[..., Any],
    serve_runs: Callable[..., AbstractContextManager[str]],
) -> Iterator[str]:
    """A server on a sweep whose loss is that of the learning rate."""
    folder = tmp_path_factory.mktemp("params")
    runs = []
    for number in range(RUNS):
        lr = 10 ** (-5 + 4 * number / (RUNS - 1))
        params: dict[str, Any] = {"lr": lr, "kind": ("adam", "sgd", "lion")[number % 3]}
        if number % 5:
            params["warmup"] = number
        run = record(
            folder, f"run-{number:02d}", project="sweep", params=params, age_s=1000.0 - number
        )
        loss = math.nan if number == 0 else (math.log10(lr) + 3) ** 2
        run.log(0, {"val/loss": loss, "val/accuracy": 1 / (number + 1)})
        run.end(RunEnded(run.began_ns + 10**9, "finished"))
        runs.append(run)
    with serve_runs(folder, runs) as url:
        yield url


@pytest.fixture
def sweep(open_page: Callable[..., Page], address: str) -> Page:
    """A new profile on the page."""
    return open_page(address, "/p/sweep/params", viewport={"width": 1440, "height": 1000})


def parallel(page: Page) -> Locator:
    """Return the picture, whose name says how many runs it shows on which axes."""
    # Not by its role: a dialog over the page takes the page away from those who ask for roles.
    return page.locator(".parallel canvas[role=img]")


def shows(runs: int, axes: str = "kind, lr, warmup, val/loss.best") -> re.Pattern[str]:
    """Return the picture's name when so many runs are chosen."""
    return re.compile(f"^{runs} of {RUNS} runs as lines over the axes {re.escape(axes)}$")


def test_a_brush_writes_the_filter_and_the_filter_is_the_brush(sweep: Page) -> None:
    """Dragging on an axis chooses runs; its chip, the address and the other pages follow."""
    picture = parallel(sweep)
    expect(picture).to_have_attribute("aria-label", shows(RUNS))
    box = picture.bounding_box()
    assert box
    x = box["x"] + SIDE + (box["width"] - 2 * SIDE) / 3
    sweep.mouse.move(x, box["y"] + (AXIS_TOP + AXIS_BOTTOM) / 2)
    sweep.mouse.down()
    sweep.mouse.move(x, box["y"] + AXIS_BOTTOM + 4, steps=4)
    sweep.mouse.up()

    expect(picture).to_have_attribute("aria-label", shows(15))
    chip = sweep.locator(".filter-terms .chip")
    expect(chip).to_have_text(re.compile(r"^params\.lr <= 0\.001"))
    expect(sweep.get_by_text(f"15 of {RUNS} runs chosen")).to_be_visible()
    sweep.get_by_role("link", name="Workspace").click()
    expect(sweep.get_by_text("15 runs")).to_be_visible()
    sweep.go_back()
    expect(picture).to_have_attribute("aria-label", shows(15))
    chip.click()

    expect(picture).to_have_attribute("aria-label", shows(RUNS))


def test_all_of_an_axis_is_reached_by_keyboard(sweep: Page) -> None:
    """Its values, its scale, its place among the others, and whether it is there at all."""
    picture = parallel(sweep)
    expect(picture).to_have_attribute("aria-label", shows(RUNS))
    head = sweep.get_by_role("button", name="Axis kind")
    head.focus()
    sweep.keyboard.press("Enter")
    menu = sweep.get_by_role("dialog", name="kind")
    menu.get_by_label("adam").check()
    expect(picture).to_have_attribute("aria-label", shows(10))
    menu.get_by_role("button", name="Right").click()
    expect(picture).to_have_attribute("aria-label", shows(10, "lr, kind, warmup, val/loss.best"))
    menu.get_by_role("button", name="All values").click()
    expect(picture).to_have_attribute("aria-label", shows(30, "lr, kind, warmup, val/loss.best"))
    menu.get_by_role("button", name="Take out").click()
    expect(picture).to_have_attribute("aria-label", shows(30, "lr, warmup, val/loss.best"))

    sweep.get_by_role("button", name="Axis warmup").click()
    menu = sweep.get_by_role("dialog", name="warmup")
    menu.get_by_label("only the 6 runs without it").check()
    expect(picture).to_have_attribute("aria-label", shows(6, "lr, warmup, val/loss.best"))
    menu.get_by_label("only the 6 runs without it").uncheck()
    menu.get_by_label("from").fill("20")
    sweep.keyboard.press("Enter")
    expect(picture).to_have_attribute("aria-label", shows(8, "lr, warmup, val/loss.best"))
    sweep.keyboard.press("Escape")
    lr = sweep.get_by_role("button", name="Axis lr")
    expect(lr).to_contain_text("log")
    lr.click()
    sweep.get_by_role("button", name="Logarithmic").click()
    sweep.keyboard.press("Escape")
    expect(lr).not_to_contain_text("log")
    sweep.get_by_label("Add an axis…").select_option("params.kind")
    expect(picture).to_have_attribute("aria-label", shows(8, "lr, warmup, val/loss.best, kind"))
    sweep.reload()

    expect(picture).to_have_attribute("aria-label", shows(8, "lr, warmup, val/loss.best, kind"))
    expect(lr).not_to_contain_text("log")


def test_axes_are_dragged_to_other_places(sweep: Page) -> None:
    """By their names."""
    picture = parallel(sweep)
    expect(picture).to_have_attribute("aria-label", shows(RUNS))
    head, last = (sweep.get_by_role("button", name=f"Axis {name}") for name in ("kind", "val/loss"))
    start, end = head.bounding_box(), last.bounding_box()
    assert start
    assert end
    sweep.mouse.move(start["x"] + start["width"] / 2, start["y"] + 10)
    sweep.mouse.down()
    sweep.mouse.move(end["x"] + end["width"] / 2, end["y"] + 10, steps=5)
    sweep.mouse.up()

    expect(picture).to_have_attribute("aria-label", shows(RUNS, "lr, warmup, val/loss.best, kind"))
    expect(sweep.get_by_role("dialog")).to_have_count(0)


def test_importance_says_what_matters_of_how_many_and_what_it_leaves_out(sweep: Page) -> None:
    """The learning rate, for the loss; below twenty runs a sentence instead."""
    panel = sweep.get_by_role("region", name="Importance")
    expect(panel.get_by_role("rowheader").first).to_have_text("lr")
    expect(panel.get_by_text("29 runs; 20 random forests")).to_be_visible()
    expect(panel.get_by_text("1 run without a finite result is left out.")).to_be_visible()
    scatter = sweep.get_by_role("region", name="Scatter").get_by_role("img")
    expect(scatter).to_have_attribute("aria-label", "val/loss.best against lr, 29 runs")
    panel.get_by_role("button", name="kind").click()
    expect(scatter).to_have_attribute("aria-label", "val/loss.best against kind, 29 runs")

    field = sweep.get_by_role("combobox", name="Filter runs")
    field.fill("params.kind = adam")
    field.press("Enter")

    expect(panel.get_by_text("9 runs have a finite val/loss.best: too few")).to_be_visible()


def test_a_point_and_a_line_open_their_run(
    sweep: Page, saved: Callable[[Locator, str], str]
) -> None:
    """The pointer names the run before; what is drawn can be saved."""
    scatter = sweep.get_by_role("region", name="Scatter")
    scatter.get_by_role("combobox", name="y", exact=True).select_option("metrics.val/accuracy")
    scatter.get_by_role("combobox", name="x", exact=True).select_option("params.lr")
    picture = scatter.get_by_role("img")
    expect(picture).to_have_attribute("aria-label", "val/accuracy against lr, 30 runs")
    expect(scatter.locator("canvas[data-runs='30']")).to_be_visible()
    assert saved(scatter, "SVG").count("a3.5 3.5 0 1 0 7 0") == RUNS
    assert len(saved(scatter, "CSV").splitlines()) == 1 + RUNS
    # The first run has the least learning rate and the greatest accuracy: top left, within margins.
    picture.hover(position={"x": 72, "y": 18})
    expect(scatter.get_by_role("status")).to_contain_text("run-00")
    picture.click(position={"x": 72, "y": 18})

    expect(sweep.get_by_role("heading", name="run-00")).to_be_visible()
    sweep.goto("/p/sweep/params?a=params.lr,metrics.val/accuracy")
    lines = parallel(sweep)
    expect(lines).to_have_attribute("aria-label", shows(RUNS, "lr, val/accuracy"))
    box = lines.bounding_box()
    assert box
    # Its line goes from the bottom of the one axis to the top of the other, alone near its end.
    x = SIDE + 0.75 * (box["width"] - 2 * SIDE)
    y = AXIS_BOTTOM - 0.75 * (AXIS_BOTTOM - AXIS_TOP)
    lines.hover(position={"x": x, "y": y})
    readout = sweep.get_by_role("region", name="Parallel coordinates").get_by_role("status")
    expect(readout).to_contain_text("run-00")
    lines.click(position={"x": x, "y": y})

    expect(sweep.get_by_role("heading", name="run-00")).to_be_visible()


def test_lines_and_points_stand_where_their_values_are(
    sweep: Page, pixels: Callable[[Locator], NDArray[np.uint8]]
) -> None:
    """Thirty rates, at even distances of a logarithmic axis; the best run is the top left point."""
    sweep.goto("/p/sweep/params?a=params.lr,metrics.val/accuracy")
    expect(parallel(sweep)).to_have_attribute("aria-label", shows(RUNS, "lr, val/accuracy"))
    lines = sweep.locator(".parallel canvas[data-runs='30']")
    expect(lines).to_be_visible()

    inks = pixels(lines)[..., 3] > 40
    step = (AXIS_BOTTOM - AXIS_TOP) / (RUNS - 1)
    beside = inks[:, SIDE + 2]
    for number in range(RUNS):
        y = AXIS_BOTTOM - step * number
        assert beside[int(y) - 2 : int(y) + 3].any(), f"run {number}"
    assert not inks[:, : SIDE - 2].any(), "nothing beside the axes"
    gaps = [beside[int(AXIS_BOTTOM - step * (number + 0.5))] for number in range(RUNS - 1)]
    assert sum(gaps) < RUNS / 3, "lines, and room between them"

    scatter = sweep.get_by_role("region", name="Scatter")
    scatter.get_by_role("combobox", name="y", exact=True).select_option("metrics.val/accuracy")
    scatter.get_by_role("combobox", name="x", exact=True).select_option("params.lr")
    points = scatter.locator("canvas[data-runs='30']")
    expect(scatter.get_by_role("img")).to_have_attribute(
        "aria-label", "val/accuracy against lr, 30 runs"
    )
    expect(points).to_be_visible()
    picture = pixels(points).astype(int)
    spots = (picture[..., 3] > 200) & (picture[..., :3].sum(axis=-1) < 560)  # darker than the grid
    bottom, right = 288, spots.shape[1] - 22
    for number in range(RUNS):
        x = int(72 + (right - 72) * number / (RUNS - 1))
        height = (1 / (number + 1) - 1 / RUNS) / (1 - 1 / RUNS)
        y = int(bottom - (bottom - 18) * height)
        assert spots[y - 3 : y + 4, x - 3 : x + 4].any(), f"run {number}"
    assert not spots[:200, 160:].any(), "none above the curve"


def test_the_same_as_a_table(sweep: Page) -> None:
    """Runs as rows, sorted by any column, those without a value last."""
    sweep.get_by_role("button", name="View as table").click()

    table = sweep.get_by_role("table", name="Parameters and results")
    expect(table.get_by_role("row")).not_to_have_count(1)
    first = table.get_by_role("row").nth(1)
    expect(first.get_by_role("rowheader")).to_have_text("run-29")
    table.get_by_role("button", name="warmup").click()
    expect(first.get_by_role("rowheader")).to_have_text("run-01")
    table.get_by_role("button", name="warmup").click()
    expect(first.get_by_role("cell")).to_have_text(["lion", "0.1", "29", "4"])
    first.get_by_role("link").click()

    expect(sweep.get_by_role("heading", name="run-29")).to_be_visible()


def test_another_result_colours_and_weighs(sweep: Page) -> None:
    """Its axis goes with it, and the address says which."""
    sweep.get_by_label("Result").select_option("val/accuracy")

    expect(parallel(sweep)).to_have_attribute(
        "aria-label", shows(RUNS, "kind, lr, warmup, val/accuracy.best")
    )
    expect(sweep.get_by_text("has to do with val/accuracy.best")).to_be_visible()
    assert "of=metrics.val%2Faccuracy.best" in sweep.url


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("q=params.lr+%3C", "Character"),
        ("a=zz,params.lr&of=%21&t=%22&sx=metrics.gone&v=9", "30 of 30 runs chosen"),
        ("a=params.lr,facts.nonsense.of", "The address names an axis"),
    ],
)
def test_nonsense_in_the_address_is_no_blank_page(sweep: Page, query: str, says: str) -> None:
    """It is ignored, or said, with a way on."""
    sweep.goto(f"/p/sweep/params?{query}")

    expect(sweep.get_by_text(says).first).to_be_visible()
