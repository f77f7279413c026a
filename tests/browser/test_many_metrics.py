"""Runs of more metrics than a run's page is sent at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page
from playwright.sync_api import expect

COUNT = 1500


def named(number: int) -> str:
    """Return a name without a digit: numbered siblings would share one heat map."""
    return "norm/layer_" + "".join("abcdefghij"[int(digit)] for digit in f"{number:04}")


def test_any_of_very_many_metrics_is_found_and_drawn(
    open_page: Callable[..., Page],
    serve_runs: Callable[..., AbstractContextManager[str]],
    record: Callable[..., Any],
    tmp_path: Path,
) -> None:
    """Only the first charts are there at once; a search finds the last metric as well."""
    run = record(tmp_path, "wide-run", age_s=5)
    for step in range(3):
        run.log(step, {named(number): float(number) for number in range(COUNT)})
    with serve_runs(tmp_path, [run]) as address:
        page = open_page(address, f"/r/{run.run}")
        cards = page.locator(".card")
        expect(page.locator(".section summary").first).to_contain_text(f"{COUNT} charts")
        expect(cards).to_have_count(60)
        page.get_by_role("button", name=f"60 of {COUNT} charts: show more").click()
        expect(cards).to_have_count(120)

        page.get_by_label("Find a chart").fill("layer_bejj")
        expect(cards).to_have_count(1)
        expect(cards).to_contain_text("3 points")

        page.goto(f"/r/{run.run}/overview")
        table = page.get_by_role("region", name="Metrics")
        expect(table.get_by_role("rowheader")).to_have_count(200)
        table.get_by_role("button", name=re.compile(f"200 of {COUNT} metrics")).click()
        expect(table.get_by_role("rowheader")).to_have_count(400)
        table.get_by_label("Find a metric").fill("LAYER_BEJJ")
        expect(table.get_by_role("rowheader")).to_have_text([named(1499)])
        page.close()
