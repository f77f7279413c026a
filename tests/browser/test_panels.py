"""Panels of one run, charts of many metrics, and how much of the runs a dashboard draws."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from typing import Final

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import BrowserContext
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import expect

from mltrack_core.records import Checkpoint
from mltrack_core.records import CheckpointFile
from mltrack_core.records import RunEnded
from mltrack_core.records import Scalars

pytestmark = pytest.mark.slow

SECOND: Final = 1_000_000_000
STEPS: Final = 100
LINES: Final = {"metric": "val/acc", "axis": "step", "smoothing": 0, "is_log": False}
FULL: Final = {**LINES, "is_full": False}

Make = Callable[..., str]


def panel(number: int, kind: str, **fields: Any) -> dict[str, Any]:
    """Return a panel that lies below those of lower numbers."""
    place = {"x": 0, "y": 12 * number, "width": 12, "height": 12}
    return {"type": kind, "id": f"p{number}", "title": "", "filter": "", **place} | fields


@pytest.fixture(scope="module")
def project(
    folder: Path, record: Callable[..., Any], arrive: Callable[[Any], str]
) -> dict[str, str]:
    """Two runs with layers, devices, checkpoints and lines; their names and ids."""
    ids = {}
    for age_s, name in ((900.0, "panel-hare"), (800.0, "panel-wolf")):
        run = record(folder, name, project="panels", age_s=age_s, params={"lr": age_s})
        began = run.began_ns
        for step in range(STEPS + 1):
            norms = {f"grad/norm/block.{layer}": 10.0**-layer for layer in range(3)}
            values = {"val/acc": step / STEPS, "train/acc": step / 50, **norms}
            run.write(Scalars(began + step * SECOND, step, values))
            run.print(f"step {step}: accuracy {step / STEPS}")
        for second in range(0, STEPS, 2):
            run.sample(second, {"sys/cpu.percent": 25.0, "sys/gpu.0.power_watts": 300.0})
        file = [CheckpointFile("50.pt", 9, 1)]
        best = Checkpoint(began + 50 * SECOND, f"{7:032x}", "/50.pt", 50, ["best"], file,
                          {"val/acc": 0.5}, "val/acc", "max")  # fmt: skip
        run.write(best)
        run.end(RunEnded(began + STEPS * SECOND, "finished"))
        ids[name] = arrive(run)
    return ids


@pytest.fixture
def make(context: BrowserContext, project: dict[str, str]) -> Make:
    """What stores a dashboard, or a report of the runs, and returns its address."""

    def stored(*panels: dict[str, Any], is_report: bool = False, of: str = "panels") -> str:
        runs = list(project.values())
        frozen = {"dashboard": "a" * 32, "version": 1, "at_ns": 10**18, "runs": runs}
        tabs = [{"id": "tab1", "title": "", "panels": list(panels)}]
        document = {"version": 1, "filter": "", "frozen": frozen if is_report else None}
        new = {"project": of, "name": "Panels", "owner": "", "author": "ada"}
        body = new | {"document": document | {"tabs": tabs}}
        answer = context.request.post("/api/v1/dashboards", data=body)
        assert answer.status == 201, answer.text()
        kind = "reports" if is_report else "dashboards"
        return f"/p/{of}/{kind}/{answer.json()['summary']['id']}"

    return stored


def all_of_one(run: str) -> list[dict[str, Any]]:
    """Return every kind of panel that shows one run, and the one that compares several."""
    return [
        panel(0, "flow", run=run, flow="gradient"),
        panel(1, "devices", run=run),
        panel(2, "checkpoints", run=run),
        panel(3, "console", run=run, search="step 9[0-9]", is_regex=True, is_case=False),
        panel(4, "compare", summary="last", baseline=run, is_all=False),
        panel(5, "lines", **FULL, more=["train/acc"]),
    ]


def of_kind(page: Page, kind: str) -> Locator:
    """Return the panel of a kind."""
    return page.locator(f".board-panel.is-{kind}")


def test_a_panel_shows_what_the_runs_page_does(
    page: Page, make: Make, project: dict[str, str]
) -> None:
    """Layers and the one that is clicked, lanes, checkpoints, the console and its search."""
    page.goto(make(*all_of_one(project["panel-hare"])))

    flow = of_kind(page, "flow")
    flow.get_by_role("button", name="block.2", exact=True).click()
    expect(flow.get_by_role("region", name="grad/norm/block.2", exact=True)).to_be_visible()
    devices = of_kind(page, "devices")
    expect(devices.get_by_role("heading", name="GPU 0")).to_be_visible()
    checkpoints = of_kind(page, "checkpoints")
    expect(checkpoints.get_by_role("rowheader", name="50", exact=True)).to_be_visible()
    console = of_kind(page, "console")
    expect(console.get_by_role("search")).to_contain_text("10 matches")
    expect(console.locator(".console-line").filter(has_text="step 100:")).to_be_visible()
    compare = of_kind(page, "compare")
    row = compare.get_by_role("row").filter(has_text="lr")
    expect(row).to_contain_text("900")
    expect(row).to_contain_text("800")


def test_two_panels_of_a_kind_do_not_share_a_zoom(
    page: Page, make: Make, project: dict[str, str]
) -> None:
    """What is zoomed in one stands in the address under its name, and comes back with it."""
    hare, wolf = project.values()
    page.goto(make(panel(0, "devices", run=hare), panel(1, "devices", run=wolf)))
    first, second = page.locator(".board-panel").first, page.locator(".board-panel").last
    expect(first.get_by_text("Marks")).to_be_visible()  # it comes later, and moves the others
    strip = first.locator(".lane", has_text="power").locator(".cursor-strip")
    box = strip.bounding_box()
    assert box is not None

    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 100, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, y)
    page.mouse.up()
    page.wait_for_url("**p0.xr=*")
    page.reload()

    expect(first.get_by_role("button", name="Reset zoom")).to_be_visible()
    expect(second.get_by_role("heading", name="GPU 0")).to_be_visible()
    expect(second.get_by_role("button", name="Reset zoom")).to_have_count(0)


def test_a_chart_of_several_metrics(page: Page, make: Make) -> None:
    """Each is a line of each run; the form takes them, one a line."""
    address = make(panel(0, "lines", **FULL))
    page.goto(f"{address}?edit=1")
    page.get_by_role("button", name="Change val/acc").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Others in the same chart").fill("train/acc\ngrad/norm/block.0")
    form.locator("button[type=submit]").click()

    chart = page.get_by_role("img", name="Line chart of val/acc, train/acc, grad/norm/block.0")
    expect(chart).to_be_visible()
    page.get_by_role("button", name="Done").click()
    chart.hover()  # which shows what the card can do
    page.get_by_role("button", name="View as table").click()
    for name in ("val/acc", "train/acc", "grad/norm/block.0"):
        expect(page.get_by_role("cell", name=f"{name} · panel-wolf").first).to_be_visible()


def test_a_panel_shows_a_part_of_its_axis(page: Page, make: Make) -> None:
    """Until somebody wants all of it; a dot says so."""
    page.goto(make(panel(0, "lines", **FULL, window=[20, 40])))

    dot = page.get_by_role("img", name="It shows a part of its axis.")
    expect(dot).to_be_visible()
    page.get_by_role("button", name="View as table").click()
    cells = page.locator(".track-table tbody tr")
    expect(cells).to_have_count(2 * 21)
    page.get_by_role("button", name="Reset zoom").click()
    expect(cells).to_have_count(2 * (STEPS + 1))


def test_it_says_how_many_runs_are_drawn(page: Page, context: BrowserContext, make: Make) -> None:
    """And draws the others where somebody wants that; the dashboard keeps it."""
    for number in range(33):
        new = {"project": "many-panels", "name": f"run-{number}"}
        made = context.request.post("/api/v1/runs", data=new).json()
        points = {"values": {"val/acc": number}, "step": 1}
        assert context.request.post(f"/api/v1/runs/{made['id']}/points", data=points).ok
    own = panel(1, "lines", **FULL, filter='name ~ "run"')
    address = make(panel(0, "lines", **FULL), own, of="many-panels")
    page.goto(address)
    told = "The 30 newest of 33 runs are drawn"
    expect(page.locator(".board-legend summary")).to_have_text(told)
    expect(page.get_by_role("note")).to_have_text(told)

    page.get_by_role("button", name="Draw all").click()

    for chart in page.get_by_role("img", name="Line chart of val/acc, 33 runs").all():
        expect(chart).to_be_visible()
    expect(page.get_by_role("note")).to_have_count(0)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".board-state")).to_contain_text("Version 2")
    stored = page.request.get(f"/api/v1/dashboards/{address.rpartition('/')[2]}").json()
    assert stored["document"]["drawn_max"] == 200


@pytest.fixture
def unscripted(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser that runs no script and reaches nobody."""
    context = chromium.new_context(java_script_enabled=False, offline=True)
    yield context
    context.close()


def test_a_report_has_them_standing_still(
    page: Page, make: Make, project: dict[str, str], unscripted: BrowserContext, tmp_path: Path
) -> None:
    """All of each is there, and so it is in the file that needs no server."""
    page.goto(make(*all_of_one(project["panel-hare"]), is_report=True))
    lanes = page.locator(".is-devices .lane canvas")
    expect(page.locator(".is-console .console-line")).to_have_count(10)
    expect(page.locator(".is-flow .heatmap canvas")).to_have_attribute("data-drawn", "true")
    expect(page.locator(".is-checkpoints .card canvas")).to_be_attached()
    expect(page.locator("img.report-chart")).to_be_visible()
    expect(lanes.last).to_have_attribute("data-drawn", "true")
    count = lanes.count()
    expect(page.locator(".lane[aria-busy=true]")).to_have_count(0)

    with page.expect_download() as download:
        page.get_by_role("button", name="As an HTML file").click()
    file = tmp_path / "panels.html"
    download.value.save_as(file)
    alone = unscripted.new_page()
    alone.goto(file.as_uri())

    found = "The first 10 of 10 lines with “step 9[0-9]”."
    expect(alone.locator(".is-console")).to_contain_text(found)
    expect(alone.locator(".is-console .console-line")).to_have_count(10)
    expect(alone.locator(".is-devices .lane img")).to_have_count(count)
    expect(alone.locator(".is-flow .heatmap img")).to_have_count(1)
    expect(alone.locator(".is-checkpoints .card img").first).to_be_visible()
    expect(alone.locator(".is-compare")).to_contain_text("panel-wolf")
    assert alone.locator("script, button, input, canvas, select").count() == 0
