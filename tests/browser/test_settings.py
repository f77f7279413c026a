"""A project's settings: how metrics are to be named, and how much of old runs stays."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any
from typing import Final

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

from mltrack_core.records import RunEnded

pytestmark = pytest.mark.slow

# What the server says where a run has been old for long enough, which takes a day at least.
PLAN: Final = {
    "detail": "archive",
    "runs": 1,
    "series": 2,
    "points": 60_000,
    "points_kept": 512,
    "bytes": 300_000,
    "listed": [{"id": "0" * 32, "name": "<i>old", "series": 2, "points": 60_000}],
}


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory,
    record: Callable[..., Any],
    serve_runs: Callable[..., AbstractContextManager[str]],
) -> Iterator[str]:
    """A server on two runs with metrics of two names, one of them markup."""
    folder = tmp_path_factory.mktemp("settings")
    runs = []
    for name in ("one", "other"):
        run = record(folder, name, project="ruled")
        run.log(1, {"train/loss": 1.0, "Loss<b>": 2.0})
        run.end(RunEnded(run.began_ns + 10**9, "finished"))
        runs.append(run)
    with serve_runs(folder, runs) as url:
        yield url


@pytest.fixture
def settings(open_page: Callable[..., Page], address: str) -> Page:
    """A new profile on the settings, found from the workspace; the server refuses some of them."""
    page = open_page(address, "/p/ruled", is_refused=True)
    page.get_by_role("navigation").get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Settings of ruled")).to_be_visible()
    return page


def rules(address: str) -> dict[str, Any]:
    """Return the rules as the server has them."""
    with urllib.request.urlopen(f"{address}/api/v1/rules?project=ruled") as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def test_names_are_checked_while_typed_and_rules_kept_in_versions(
    settings: Page, address: str
) -> None:
    """What would be flagged is listed before it is; an earlier version comes back as a new one."""
    patterns = settings.get_by_label("Patterns of names")
    save = settings.get_by_role("button", name="Save")
    expect(settings.get_by_text("Any name is right: 2 metrics now.")).to_be_visible()
    expect(save).to_be_disabled()

    patterns.fill("train/*")
    expect(settings.get_by_text("1 of 2 metrics would be flagged:")).to_be_visible()
    expect(settings.locator(".settings-flagged li")).to_have_text(["Loss<b> 2 runs"])
    save.click()
    expect(settings.get_by_role("combobox", name="Version")).to_have_value("1")
    assert rules(address)["metrics"] == ["train/*"]
    assert rules(address)["misnamed_runs"] == 2

    patterns.fill("train/*\nLoss*")
    expect(settings.get_by_text("All 2 metrics of the project fit.")).to_be_visible()
    save.click()
    expect(settings.get_by_role("combobox", name="Version")).to_have_value("2")
    settings.get_by_role("combobox", name="Version").select_option("1")
    expect(patterns).to_have_value("train/*")
    save.click()
    expect(settings.get_by_role("combobox", name="Version")).to_have_value("3")
    assert rules(address)["metrics"] == ["train/*"]

    patterns.fill("x\nx")
    save.click()
    expect(settings.get_by_role("alert")).to_have_text(re.compile("is there twice"))
    settings.reload()
    expect(patterns).to_have_value("train/*")


def test_what_thinning_takes_is_shown_before_anything_is_saved(
    settings: Page, address: str
) -> None:
    """Runs are named; an error of the days or the filter is said, and nothing is saved."""
    version = rules(address)["version"]
    plan = settings.locator(".settings-plan")

    settings.get_by_label("Of long series is kept").select_option("archive")
    expect(plan).to_contain_text("Today nothing would be thinned.")
    settings.get_by_label("Runs that keep every point").fill("name =")
    expect(settings.get_by_role("alert")).to_be_visible()
    settings.route("**/api/v1/rules/preview", lambda route: route.fulfill(json=PLAN))
    settings.get_by_label("Runs that keep every point").fill("")
    settings.get_by_label("Days after a run was heard of last").fill("31")
    expect(plan).to_contain_text("Today 1 run would be thinned: of 60K points")
    expect(plan.get_by_role("link")).to_have_text(["<i>old"])
    settings.get_by_label("Days after a run was heard of last").fill("0")
    expect(settings.get_by_role("button", name="Save")).to_be_disabled()
    assert rules(address)["version"] == version


def test_settings_speak_chinese(open_page: Callable[..., Page], address: str) -> None:
    """No heading is left in English, nor what is wrong with a filter."""
    page = open_page(address, "/p/ruled/settings", locale="zh-CN")

    expect(page.get_by_role("heading", name="ruled 的设置")).to_be_visible()
    expect(page.get_by_role("heading", name="指标名称")).to_be_visible()
    page.goto("/p/ruled?q=stat+%3D+3")
    expect(page.get_by_role("alert")).to_contain_text("没有键 `stat`")


def test_a_headline_of_ones_own_comes_first_everywhere(settings: Page) -> None:
    """The table has it as its first metric, what is better by the words; so has a run's head."""
    settings.get_by_label("Metric", exact=True).fill("Loss<b>")
    settings.get_by_label("Better is").select_option("max")
    settings.get_by_role("button", name="Save").click()
    expect(settings.get_by_role("button", name="Save")).to_be_disabled()

    settings.get_by_role("navigation").get_by_role("link", name="Workspace").click()
    heads = settings.get_by_role("columnheader")
    expect(heads.nth(4)).to_contain_text("Loss<b>")
    settings.get_by_role("link", name="other", exact=True).click()
    numbers = settings.get_by_role("region", name="Key numbers")
    expect(numbers.locator("dt").first).to_have_text("Loss<b>")
    expect(numbers.locator("dt").nth(1)).to_contain_text("Loss<b>")

    settings.get_by_role("link", name="ruled").first.click()
    settings.get_by_role("navigation").get_by_role("link", name="Settings").click()
    settings.get_by_label("Metric", exact=True).fill("")
    settings.get_by_role("button", name="Save").click()
    expect(settings.get_by_role("button", name="Save")).to_be_disabled()
