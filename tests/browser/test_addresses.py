"""Addresses that are typed, cut off in a mail, or years old: never a blank page."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from typing import Final
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

from mltrack_core.records import RunEnded

pytestmark = pytest.mark.slow

GONE: Final = "0" * 32
# Every key that some page reads of its address.
KEYS: Final = (
    "a at all b base c cm cs d ds e edit f g h hm hs hv k l m ms o of only p q r read s sm sx sy "
    "t tab v with x xr y"
).split()
NONSENSE: Final = (
    "zz",
    "-1",
    "1e999",
    "NaN,NaN",
    ",,,",
    "<img src=x onerror=alert(1)>",
    "\u202e\u200b\0",
    "m:gone",
    "params.",
    "9" * 400,
    "x" * 500,
    "constructor",
    "[",
)


def assert_usable(page: Page) -> None:
    """Fail with a page that shows nothing, or from which nothing leads on."""
    main = page.get_by_role("main")
    expect(main.locator(".page-loading, .failure")).to_have_count(0)
    expect(main).to_contain_text(re.compile(r"\S"))
    expect(page.get_by_role("link", name="mltrack")).to_be_visible()


def test_every_tab_of_a_run_is_among_the_addresses(
    page: Page, runs: dict[str, str], addresses: dict[str, str]
) -> None:
    """Tests that look at every page miss none."""
    page.goto(f"/r/{runs['calm-fox']}")
    expect(page.get_by_role("tab").first).to_be_visible()

    tabs = {tab.get_attribute("id") for tab in page.get_by_role("tab").all()}

    assert tabs == {f"tab-{name.partition(' ')[2]}" for name in addresses if "run's" in name}


def test_nonsense_in_any_key_leaves_the_page(refused: Page, addresses: dict[str, str]) -> None:
    """What means nothing is ignored, or said beside what is there."""
    values = itertools.cycle(NONSENSE)

    for address in addresses.values():
        for _ in range(2):
            query = dict(zip(KEYS, values, strict=False))
            refused.goto(f"{address.partition('?')[0]}?{urlencode(query)}")
            assert_usable(refused)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("/nowhere", "There is no such page."),
        ("/p/digits/nothing", "There is no such page."),
        ("/r/zz", "There is no run zz."),
        (f"/r/{GONE}/console", f"There is no run {GONE}."),
        ("/p/nobody", "This project has no runs"),
        ("/p/nobody/table", "This project has no runs"),
        ("/p/nobody/params", "This project has no runs"),
        ("/p/nobody/dashboards", "New dashboard"),
        ("/p/%", "This project has no runs"),
        ("/p/%E0%A4%A/table", "This project has no runs"),
        (f"/p/digits/dashboards/{GONE}", "There is no such dashboard here."),
        (f"/p/digits/reports/{GONE}", "There is no such"),
        (f"/p/digits/compare?r={GONE},zz", "at least two runs"),
        ("/p/digits/compare", "at least two runs"),
    ],
)
def test_what_is_not_there_is_said(
    refused: Page, addresses: object, address: str, says: str
) -> None:
    """In words that name it, below a bar that leads on."""
    refused.goto(address)

    expect(refused.get_by_role("main")).to_contain_text(says)
    expect(refused.get_by_role("link", name="mltrack")).to_be_visible()


def test_a_project_may_be_called_anything_an_address_has_its_own_use_for(
    open_page: Callable[..., Page],
    serve_runs: Callable[..., AbstractContextManager[str]],
    record: Callable[..., Any],
    tmp_path: Path,
) -> None:
    """Its pages open, a filter with a percent sign stays as it was typed, and a reload as well."""
    name = "50% of a/b?c=%41#d"
    runs = [record(tmp_path, run, project=name, params={"part": run}) for run in ("9%41", "9A")]
    for run in runs:
        run.log(1, {"val/loss": 0.5})
        run.end(RunEnded(run.began_ns + 10**9, "finished"))
    with serve_runs(tmp_path, runs) as server:
        page = open_page(server)
        rows = page.locator(".run-row[data-run]")
        expect(rows).to_have_count(2)
        page.get_by_role("link", name="Table", exact=True).click()
        page.get_by_label("Filter runs").fill('name = "9%41"')
        expect(rows).to_have_count(1)
        page.reload()

        expect(page.get_by_label("Filter runs")).to_have_value('name = "9%41"')
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("9%41")
        expect(page.get_by_role("button", name=f"Project: {name}")).to_be_visible()
        for link in ("Workspace", "Parameters", "Dashboards", "Compare"):
            page.get_by_role("link", name=link, exact=True).click()
            expect(page.get_by_role("button", name=f"Project: {name}")).to_be_visible()
            expect(page.get_by_role("main").get_by_role("alert")).to_have_count(0)
        page.close()
