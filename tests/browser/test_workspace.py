"""A project's workspace: one table that is legend, filter and selection of a wall of all charts."""

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

RUNS: Final = 34  # more than are drawn without being asked for
LIVE_MAX: Final = 24  # canvases at once
RATES: Final = (0.1, 0.01)


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory,
    record: Callable[..., Any],
    serve_runs: Callable[..., AbstractContextManager[str]],
) -> Iterator[str]:
    """A server on one project: many short runs, more metrics than fit on a screen."""
    folder = tmp_path_factory.mktemp("workspace")
    runs = []
    for number in range(RUNS):
        run = record(
            folder,
            f"run-{number:02d}",
            project="wall",
            params={"lr": RATES[number % 2], "seed": number // 2, "kind": "small"},
            age_s=1000.0 - number,
        )
        for step in range(0, 40, 2):
            values = {"train/loss": 100.0 * number + step, "epoch": step / 10}
            layers = {f"grad/norm/layer.{layer}": 1.0 for layer in range(40)}
            run.log(step, values | (layers if number == RUNS - 1 else {}))
            run.log(step + 1, {"val/loss": float(number)})
        run.end(RunEnded(run.began_ns + 10**9, "finished"))
        runs.append(run)
    with serve_runs(folder, runs) as url:
        yield url


@pytest.fixture
def wall(open_page: Callable[..., Page], address: str) -> Page:
    """A new profile on the workspace."""
    return open_page(address, "/p/wall")


def card(page: Page, metric: str) -> Locator:
    """Return the chart card of *metric*."""
    return page.get_by_role("region", name=metric, exact=True)


def lines(page: Page, metric: str) -> Locator:
    """Return the picture of *metric*, whose name says of how many lines it is."""
    return card(page, metric).get_by_role("img")


def row(page: Page, name: str) -> Locator:
    """Return a run's row of the table."""
    return page.get_by_role("row").filter(has_text=name)


def test_all_metrics_are_there_loss_first_and_only_those_near_are_drawn(wall: Page) -> None:
    """Sections by prefix in the order of their importance; a bound on canvases; one request."""
    expect(lines(wall, "val/loss")).to_have_attribute(
        "aria-label", "Line chart of val/loss, 30 runs"
    )
    expect(wall.locator(".section h2")).to_have_text(["val", "train", "metrics", "grad"])
    expect(wall.get_by_text("30 of 34 drawn: the newest")).to_be_visible()

    layers = wall.get_by_role("region", name="Layers of grad/norm/layer.")
    layers.scroll_into_view_if_needed()
    layers.get_by_role("button", name="As lines").click()
    expect(wall.locator(".card")).to_have_count(44)
    card(wall, "grad/norm/layer.12").scroll_into_view_if_needed()

    expect(lines(wall, "grad/norm/layer.12")).to_be_visible()
    assert 0 < wall.locator(".card canvas").count() <= LIVE_MAX


def test_cards_that_come_into_view_together_share_one_request(
    open_page: Callable[..., Page], address: str
) -> None:
    """Three charts of thirty runs are one question to the server."""
    page = open_page(address, "about:blank")
    asked: list[list[str]] = []
    page.on(
        "request",
        lambda request: (
            asked.append((request.post_data_json or {})["names"])
            if request.url.endswith("/api/v1/series")
            else None
        ),
    )
    page.goto("/p/wall")
    expect(lines(page, "val/loss")).to_be_visible()
    expect(lines(page, "train/loss")).to_be_visible()

    assert len(asked) == 1
    assert {"val/loss", "train/loss", "epoch"} <= set(asked[0])


def test_eye_solo_pin_and_the_address_that_keeps_them(wall: Page) -> None:
    """What is drawn follows the table at once, and a reload shows the same."""
    loss = lines(wall, "val/loss")
    expect(loss).to_have_attribute("aria-label", "Line chart of val/loss, 30 runs")

    wall.get_by_role("button", name="Draw run-33 in the charts").click()
    expect(loss).to_have_attribute("aria-label", "Line chart of val/loss, 29 runs")
    row(wall, "run-32").hover()
    wall.get_by_role("button", name="Pin run-32").click()
    row(wall, "run-20").hover()
    wall.keyboard.press("x")
    expect(loss).to_have_attribute("aria-label", "Line chart of val/loss, 2 runs")
    wall.reload()
    expect(loss).to_have_attribute("aria-label", "Line chart of val/loss, 2 runs")
    expect(wall.locator(".run-row .name a").first).to_have_text("run-32")
    wall.get_by_role("button", name="Only run-20 is drawn").click()
    expect(loss).to_have_attribute("aria-label", "Line chart of val/loss, 29 runs")
    wall.get_by_role("button", name="Draw all").click()

    expect(loss).to_have_attribute("aria-label", "Line chart of val/loss, 34 runs")
    assert "d=all" in wall.url


def test_the_best_runs_are_drawn_when_asked_for(wall: Page) -> None:
    """By the headline metric, the lower the better for a loss."""
    wall.get_by_role("button", name="Best 30 by val/loss").click()

    expect(wall.get_by_role("button", name="Draw run-33 in the charts")).to_have_attribute(
        "aria-pressed", "false"
    )
    expect(wall.get_by_text("30 of 34 drawn: the best by val/loss")).to_be_visible()


def test_groups_are_drawn_as_means_of_their_runs(wall: Page) -> None:
    """One line for each value of the parameter; what is averaged is said, and it is right."""
    wall.get_by_label("Group by…").select_option("param:lr")

    loss = card(wall, "val/loss")
    expect(lines(wall, "val/loss")).to_have_attribute(
        "aria-label", "Line chart of val/loss, means of 2 groups"
    )
    expect(wall.get_by_text("2 groups of 34 runs")).to_be_visible()
    loss.hover()
    loss.get_by_role("button", name="View as table").click()

    # lr = 0.1 are the runs 0, 2 … 32: their mean is 16, the least 0, the greatest 32.
    named = "lr = 0.1 · mean of 17 runs"
    cells = loss.get_by_role("row").filter(has_text=named).first.get_by_role("cell")
    expect(cells).to_have_text(["step 1", named, "16", "10.1", "2.4495", "0", "32", "17", "17"])
    # Who is hidden counts all the same.
    wall.get_by_role("button", name="Draw run-32 in the charts").click()
    expect(cells.nth(7)).to_have_text("17")
    group = wall.get_by_role("row").filter(has_text="lr = 0.01 17")
    expect(group.locator(".amount").first).to_have_text("17±10↓1")


def test_each_value_has_a_chart_of_its_own_on_one_scale(wall: Page) -> None:
    """Small multiples by a parameter, of the groups' means too; a reload shows the same."""
    wall.get_by_label("A chart for each…").select_option("param:lr")

    facets = [f"val/loss, lr = {rate}" for rate in sorted(RATES)]
    for facet in facets:
        expect(lines(wall, facet)).to_have_attribute(
            "aria-label", f"Line chart of {facet}, 15 runs"
        )
    wall.reload()
    card(wall, facets[0]).hover()
    card(wall, facets[0]).get_by_role("button", name="View as table").click()
    # lr = 0.01 are the odd runs; of the newest thirty the first is number 5.
    cells = card(wall, facets[0]).get_by_role("row").nth(1).get_by_role("cell")
    expect(cells.first).to_have_text("step 1")
    drawn = card(wall, facets[0]).get_by_role("row").all_inner_texts()[1:]
    assert {text.split("\t")[1] for text in drawn} == {f"run-{n:02d}" for n in range(5, RUNS, 2)}
    wall.get_by_label("Group by…").select_option("param:seed")
    expect(lines(wall, facets[1])).to_have_attribute(
        "aria-label", f"Line chart of {facets[1]}, means of 17 groups"
    )
    assert "f=param%3Alr" in wall.url


def test_lines_are_dashed_by_a_parameter_beside_their_colour(wall: Page) -> None:
    """The table's lines have the dash, and the legend says which is which."""
    wall.get_by_label("Dash by…").select_option("param:lr")
    wall.get_by_label("Colour by…").select_option("state")

    legend = wall.locator(".legend li")
    expect(legend).to_have_text(["finished", "0.01", "0.1"])
    dash = legend.nth(2).locator("line").get_attribute("stroke-dasharray") or ""
    assert dash not in ("", legend.nth(1).locator("line").get_attribute("stroke-dasharray"))
    swatch = wall.get_by_role("button", name="Draw run-32 in the charts").locator("line")
    expect(swatch).to_have_attribute("stroke-dasharray", dash)
    expect(swatch).to_have_attribute("stroke", "var(--hue-0)")
    wall.reload()
    expect(swatch).to_have_attribute("stroke-dasharray", dash)


def test_any_metric_is_an_x_axis(wall: Page) -> None:
    """Points stand where the epoch was at their step; a link reproduces it."""
    wall.get_by_role("combobox", name="x", exact=True).select_option("epoch")
    loss = card(wall, "train/loss")
    expect(lines(wall, "train/loss")).to_be_visible()
    loss.hover()
    loss.get_by_role("button", name="View as table").click()

    last = loss.get_by_role("row").filter(has_text="run-33").last.get_by_role("cell")
    expect(last.first).to_have_text("3.8")  # step 38
    expect(last.nth(2)).to_have_text("3,338")
    assert "x=epoch" in wall.url


def test_the_border_moves_closes_and_stays_so(wall: Page) -> None:
    """By keyboard and pointer; the charts take the room."""
    border = wall.get_by_role("separator", name="Width of the run table")
    expect(border).to_have_attribute("aria-valuenow", "32")
    border.focus()
    wall.keyboard.press("ArrowRight")
    expect(border).to_have_attribute("aria-valuenow", "34")
    wall.locator("body").click(position={"x": 1000, "y": 20})  # where nothing is
    wall.keyboard.press("[")
    expect(row(wall, "run-33")).not_to_be_in_viewport()
    wall.reload()
    expect(lines(wall, "val/loss")).to_be_visible()
    expect(row(wall, "run-33")).not_to_be_in_viewport()
    border.dblclick()

    expect(row(wall, "run-33")).to_be_in_viewport()


def test_a_cursor_and_a_zoom_are_those_of_all_charts(wall: Page) -> None:
    """The line of the pointer is in every chart, and a drag zooms them all."""
    expect(lines(wall, "train/loss")).to_be_visible()
    over = card(wall, "val/loss").locator(".u-over")
    over.hover()  # it is at rest then
    box = over.bounding_box()
    assert box
    wall.mouse.move(box["x"] + 100, box["y"] + 50)
    expect(card(wall, "train/loss").locator(".u-cursor-x")).to_be_visible()
    wall.mouse.down()
    wall.mouse.move(box["x"] + 200, box["y"] + 50, steps=4)
    wall.mouse.up()

    expect(wall.get_by_role("button", name=re.compile("^Zoomed:"))).to_be_visible()
    expect(card(wall, "train/loss").get_by_role("button", name="Reset zoom")).to_have_count(1)
    wall.keyboard.press("0")
    expect(wall.get_by_role("button", name=re.compile("^Zoomed:"))).to_have_count(0)


def test_layers_are_one_picture_or_as_many_lines(wall: Page) -> None:
    """Forty numbered siblings are a heat map of a run that has them; the choice is remembered."""
    layers = wall.get_by_role("region", name="Layers of grad/norm/layer.")
    layers.scroll_into_view_if_needed()

    expect(layers.get_by_role("img")).to_have_attribute("data-drawn", "true")
    expect(layers.locator(".heatmap-names li")).to_have_count(40)
    expect(layers.locator(".heatmap-names li").nth(2)).to_have_text("2")
    expect(layers.get_by_role("combobox")).to_have_count(0)  # only the newest run has layers
    layers.get_by_role("button", name="As lines").click()
    expect(card(wall, "grad/norm/layer.2")).to_have_count(1)
    wall.reload()
    expect(card(wall, "grad/norm/layer.2")).to_have_count(1)
    layers.get_by_role("button", name="As one picture").click()
    expect(card(wall, "grad/norm/layer.2")).to_have_count(0)


def test_training_and_validation_are_one_chart_when_asked_for(wall: Page) -> None:
    """The training's lines are in the validation's card, whose scale has them; a link says so."""
    wall.get_by_role("checkbox", name="Train with val").check()

    expect(card(wall, "train/loss")).to_have_count(0)
    expect(card(wall, "val/loss").get_by_role("heading")).to_have_text(
        re.compile("train/loss dashed")
    )
    wall.reload()
    card(wall, "val/loss").hover()
    card(wall, "val/loss").get_by_role("button", name="View as table").click()
    rows = card(wall, "val/loss").get_by_role("row")
    expect(rows.filter(has_text="run-33 · train/loss").first).to_contain_text("3,300")
    wall.get_by_role("checkbox", name="Train with val").uncheck()
    expect(card(wall, "train/loss")).to_have_count(1)


def test_zooms_follow_each_other_and_go_back_one_by_one(wall: Page) -> None:
    """The wheel with Ctrl, a move with the middle button; a double click undoes the last."""
    expect(lines(wall, "train/loss")).to_be_visible()
    over = card(wall, "val/loss").locator(".u-over")
    over.hover()
    box = over.bounding_box()
    assert box
    middle = (box["x"] + box["width"] / 2, box["y"] + 50)
    zoomed = wall.get_by_role("button", name=re.compile("^Zoomed:"))

    def drag(start: float, end: float) -> None:
        wall.mouse.move(box["x"] + start * box["width"], middle[1])
        wall.mouse.down()
        wall.mouse.move(box["x"] + end * box["width"], middle[1], steps=4)
        wall.mouse.up()

    drag(0.2, 0.8)
    expect(zoomed).to_have_count(1)
    first = zoomed.inner_text()
    drag(0.4, 0.6)
    expect(zoomed).not_to_have_text(first)
    wall.mouse.dblclick(*middle)
    expect(zoomed).to_have_text(first)
    wall.mouse.dblclick(*middle)
    expect(zoomed).to_have_count(0)

    wall.mouse.move(*middle)
    wall.keyboard.down("Control")
    wall.mouse.wheel(0, -100)
    wall.keyboard.up("Control")
    expect(zoomed).to_have_count(1)
    before = zoomed.inner_text()
    wall.mouse.down(button="middle")
    wall.mouse.move(middle[0] - 60, middle[1], steps=3)
    wall.mouse.up(button="middle")
    expect(zoomed).not_to_have_text(before)


def test_the_chart_under_the_pointer_takes_the_width_of_the_page(wall: Page) -> None:
    """By the key f, and back; the settings are gone to by two letters."""
    expect(lines(wall, "val/loss")).to_be_visible()
    card(wall, "val/loss").hover()
    wall.keyboard.press("f")
    expect(wall.locator("[data-metric='val/loss']")).to_have_class(re.compile("is-wide"))
    wall.keyboard.press("f")
    expect(wall.locator("[data-metric='val/loss']")).not_to_have_class(re.compile("is-wide"))
    wall.keyboard.press("g")
    wall.keyboard.press("s")
    expect(wall).to_have_url(re.compile("/p/wall/settings"))


def test_a_filter_that_finds_nothing_says_what_each_condition_takes_away(wall: Page) -> None:
    """How many runs a condition removes, how many are there without it; a click drops it."""
    wall.goto("/p/wall?q=params.lr+%3D+0.1+and+params.seed+%3E+99")

    terms = wall.locator(".no-match li")
    expect(terms).to_have_count(2)
    expect(terms.nth(0)).to_contain_text("removes 17 of 34 runs")
    expect(terms.nth(0)).to_contain_text("without it 0 runs")
    expect(terms.nth(1)).to_contain_text("removes 34 of 34 runs")
    terms.nth(1).get_by_role("button", name="without it 17 runs").click()
    expect(wall.get_by_text("17 runs", exact=True)).to_be_visible()


def test_nonsense_in_the_address_is_not_an_error(wall: Page) -> None:
    """Unknown keys, runs that are gone, a window that is none: the page opens on what there is."""
    wall.goto("/p/wall?x=m:gone&xr=9,1&sm=x&g=param:no&k=param:no&d=?&h=zz&p=12345678&s=,-&zz=1")

    expect(lines(wall, "val/loss")).to_be_visible()


# ---- more runs than a page of the list ----

MANY: Final = 230  # the list's first page has 200


@pytest.fixture(scope="module")
def many(
    tmp_path_factory: pytest.TempPathFactory,
    record: Callable[..., Any],
    serve_runs: Callable[..., AbstractContextManager[str]],
) -> Iterator[str]:
    """A server on runs of which the oldest are the best, which no first page has."""
    folder = tmp_path_factory.mktemp("many")
    runs = []
    for number in range(MANY):
        params = {"kind": "odd" if number % 2 else "even"}
        run = record(
            folder, f"run-{number:03d}", project="many", params=params, age_s=10_000.0 - number
        )
        run.log(1, {"val/loss": float(number)})
        run.end(RunEnded(run.began_ns + 10**9, "finished"))
        runs.append(run)
    with serve_runs(folder, runs) as url:
        yield url


def test_the_best_and_the_newest_are_chosen_among_all_runs(
    open_page: Callable[..., Page], many: str
) -> None:
    """Whatever the list has loaded; the banner counts all; a run is drawn that a link names."""
    page = open_page(many, "/p/many")
    expect(page.get_by_text("30 of 230 drawn: the newest")).to_be_visible()
    key = page.locator(".run-row[data-run]").first.get_attribute("data-run") or ""
    expect(row(page, "run-229")).to_have_attribute("data-run", key)

    page.get_by_role("button", name="Best 30 by val/loss").click()
    card(page, "val/loss").hover()
    card(page, "val/loss").get_by_role("button", name="View as table").click()
    best = card(page, "val/loss").get_by_role("row")
    expect(best.filter(has_text="run-000")).to_have_count(1)
    expect(best.filter(has_text="run-029")).to_have_count(1)
    expect(best).to_have_count(31)

    page.goto("/p/many?s=name")  # whose first page is the oldest
    expect(page.get_by_role("button", name="Draw run-000 in the charts")).to_have_attribute(
        "aria-pressed", "false"
    )
    expect(lines(page, "val/loss")).to_have_attribute(
        "aria-label", "Line chart of val/loss, 30 runs"
    )
    page.goto(f"/p/many?s=name&d=chosen&e={key[:8]}")
    expect(lines(page, "val/loss")).to_have_attribute(
        "aria-label", re.compile(", 1 run, last value 229")
    )


def test_a_group_amounts_to_all_its_runs_whatever_is_loaded(
    open_page: Callable[..., Page], many: str
) -> None:
    """The list has loaded 200 of 230 runs; mean, deviation and best are those of all."""
    page = open_page(many, "/p/many?g=param:kind")

    group = page.get_by_role("row").filter(has_text="kind = even")
    expect(group).to_contain_text("kind = even 115")
    expect(group.locator(".amount").first).to_have_text("114±67↓0")
    card(page, "val/loss").hover()
    card(page, "val/loss").get_by_role("button", name="View as table").click()
    rows = card(page, "val/loss").get_by_role("row")
    expect(rows.filter(has_text="kind = even · mean of 115 runs").first).to_be_visible()
