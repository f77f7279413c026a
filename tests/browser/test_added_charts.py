"""A chart of the workspace or of a run is put onto a dashboard as it is seen."""

from __future__ import annotations

from typing import Any
from typing import Final

import pytest
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

PLACE: Final = {"title": "", "filter": "", "x": 0, "y": 0, "width": 12, "height": 3}
TEXT: Final = {"type": "text", "id": "p1", **PLACE, "text": "Beside it."}


def adding(page: Page, metric: str) -> Locator:
    """Open the form that puts the chart of a metric onto a dashboard."""
    card = page.get_by_role("region", name=metric, exact=True)
    expect(card.get_by_role("img")).to_be_visible()
    card.hover()
    card.get_by_role("button", name="Export").click()
    page.get_by_role("menuitem", name="Add to a dashboard…").click()
    return page.get_by_role("dialog")


def stored(page: Page, name: str) -> Any:
    """Return the document of the dashboard of that name."""
    listed = page.request.get("/api/v1/dashboards?project=digits").json()["dashboards"]
    (found,) = (one["id"] for one in listed if one["name"] == name)
    return page.request.get(f"/api/v1/dashboards/{found}").json()["document"]


def store(page: Page, name: str, **fields: Any) -> None:
    """Store a dashboard, or a report, of a text."""
    tabs = [
        {"id": "one", "title": "One", "panels": [TEXT]},
        {"id": "two", "title": "Two", "panels": []},
    ]
    document = {"version": 1, "filter": "", "frozen": None, "tabs": tabs} | fields
    new = {"project": "digits", "name": name, "owner": "", "author": ""}
    answer = page.request.post("/api/v1/dashboards", data=new | {"document": document})
    assert answer.status == 201, answer.text()


def test_a_chart_of_the_workspace_begins_a_dashboard(page: Page) -> None:
    """Its axis, smoothing, scale and groups come along, and which runs the page was about."""
    page.goto('/p/digits?q=name ~ "fox"&x=relative&sm=gauss:15&y=log&o=full&g=host&b=sem')

    form = adding(page, "val/loss")
    form.get_by_label("Name").fill("From the wall")
    form.get_by_role("button", name="Add", exact=True).click()
    expect(form).to_contain_text("Added to From the wall.")
    form.get_by_role("link", name="Open it").click()

    expect(page.get_by_role("heading", name="From the wall")).to_be_visible()
    expect(page.locator(".board-panel .card canvas").first).to_be_visible()
    expect(page.locator(".board-panel .metric-key")).to_contain_text("mean of 1 run")
    (panel,) = stored(page, "From the wall")["tabs"][0]["panels"]
    wanted = {"metric": "val/loss", "axis": "relative", "smoothing": 15, "window": None}
    wanted |= {"smoothing_kind": "gauss", "by": ["host"], "spread": "sem"}
    assert {key: panel[key] for key in wanted} == wanted
    assert (panel["is_log"], panel["is_full"], panel["filter"]) == (True, True, 'name ~ "fox"')


def test_a_chart_of_a_run_comes_into_a_tab(page: Page, runs: dict[str, str]) -> None:
    """Of a dashboard that is there: of this run alone, and the part of its axis that was seen."""
    store(page, "Kept")
    page.goto(f"/r/{runs['calm-fox']}?xr=100,900")

    form = adding(page, "train/loss")
    form.get_by_label("Dashboard or report").select_option("Kept")
    form.get_by_label("Tab").select_option("Two")
    form.get_by_role("button", name="Add", exact=True).click()
    expect(form).to_contain_text("Added to Kept.")

    one, two = stored(page, "Kept")["tabs"]
    assert [panel["type"] for panel in one["panels"]] == ["text"]
    (panel,) = two["panels"]
    assert panel["filter"] == f'id = "{runs["calm-fox"]}"'
    assert panel["window"] == [100, 900]


def test_a_report_says_that_it_does_not_show_these_runs(page: Page, runs: dict[str, str]) -> None:
    """It is of its own runs; what is added stands at its end."""
    frozen = {"dashboard": "a" * 32, "version": 1, "at_ns": 1, "runs": [runs["wild-owl"]]}
    store(page, "Of an owl", frozen=frozen)
    page.goto(f"/r/{runs['calm-fox']}")

    form = adding(page, "train/loss")
    form.get_by_label("Dashboard or report").select_option("Of an owl")
    expect(form).to_contain_text("A report shows its own runs alone")
    form.get_by_label("Only the runs of this page").uncheck()
    form.get_by_role("button", name="Add", exact=True).click()
    expect(form).to_contain_text("Added to Of an owl.")

    panels = stored(page, "Of an owl")["tabs"][0]["panels"]
    assert [panel["type"] for panel in panels] == ["text", "lines"]
    assert panels[1]["filter"] == ""
