"""The compare page: what differs between runs, by how much, and their curves over each other."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

import mltrack
from mltrack_core.records import ByExponent
from mltrack_core.records import Histogram
from mltrack_core.records import Histograms
from mltrack_core.records import Media
from mltrack_core.records import RunEnded
from mltrack_core.spool import attachments

pytestmark = pytest.mark.slow


def test_runs_that_were_ticked_are_compared_by_what_differs(
    page: Page, runs: dict[str, str]
) -> None:
    """Only differences, against a baseline that can be chosen; equal rows on demand."""
    page.goto("/p/digits")
    for name in ("calm-fox", "wild-owl"):
        page.get_by_role("checkbox", name=f"Select {name}").check()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Compare", exact=True).click()

    table = page.get_by_role("region", name="Comparison")
    lr = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name="lr", exact=True))
    batch = table.get_by_role("rowheader", name="batch_size")
    expect(lr.get_by_role("cell")).to_have_text(["0.001", "0.5+0.499 (+49,900 %)"])
    expect(batch).to_have_count(0)
    page.get_by_role("radio").nth(1).check()
    expect(lr.get_by_role("cell")).to_have_text(
        [re.compile(r"^0\.001.0\.499 \(.99\.8 %\)$"), "0.5"]
    )
    assert f"base={runs['wild-owl']}" in page.url
    page.get_by_label("Only differences").uncheck()
    expect(batch).to_be_visible()

    page.get_by_role("region", name="train/loss", exact=True).scroll_into_view_if_needed()
    expect(page.get_by_role("img", name="Line chart of train/loss, 2 runs")).to_be_visible()


def test_runs_are_added_and_taken_out(page: Page, runs: dict[str, str]) -> None:
    """A page of one run asks for another."""
    page.goto(f"/p/digits/compare?r={runs['calm-fox']}")
    expect(page.get_by_text("A comparison needs at least two runs")).to_be_visible()

    page.get_by_label("Add a run…").select_option(runs["lost-elk"])

    table = page.get_by_role("region", name="Comparison")
    expect(table.get_by_role("link")).to_have_text(["calm-fox", "lost-elk"])
    table.get_by_role("button", name="Take calm-fox out").click()
    expect(page.get_by_text("A comparison needs at least two runs")).to_be_visible()


@pytest.fixture
def pair(folder: Path, record: Callable[..., Any], arrive: Callable[[Any], str]) -> list[str]:
    """Two runs with histograms, gradient norms and texts; the second one ends at half the steps."""
    ids = []
    for number, name in enumerate(("long-fox", "short-fox")):
        run = record(folder, name, project="pair", age_s=600)
        for step in range(0, 200 // (number + 1), 10):
            norms = {f"grad/norm/block.{layer}": 10.0 ** -(layer + number) for layer in range(3)}
            run.log(step, norms)
            first = -6 - 2 * number - step // 50
            bins = ByExponent(first, [1, 60, 300, 4], first, [1, 60, 300, 4], nans=number)
            layers: dict[str, Histogram] = {
                "grad/histogram/stem": bins,
                "param/histogram/stem": bins,
            }
            run.write(Histograms(run.began_ns + step, step, layers))
            text = mltrack.Text(f"{name} at {step}").encode(lambda text: text)
            for digest, data in text.files.items():
                attachments.write(folder, run.run, digest, data)
            run.write(Media(run.began_ns + step, step, "val/answer", [text.item]))
        run.end(RunEnded(run.began_ns, "finished"))
        ids.append(arrive(run))
    return ids


def test_histograms_of_several_runs_are_laid_over_each_other(page: Page, pair: list[str]) -> None:
    """One axis and one step for all; a run that has ended stays at its last one."""
    page.goto(f"/p/pair/compare?r={','.join(pair)}")
    page.get_by_role("heading", name="Histograms").click()

    picture = page.get_by_role("img", name="Histograms grad/histogram/stem of 2 runs")
    expect(picture).to_have_attribute("data-drawn", "true")
    part = page.get_by_role("region", name="grad/histogram/stem")
    rows = part.get_by_role("row")
    expect(rows).to_have_text(
        [
            re.compile("Step"),
            re.compile(r"long-fox\s*step 190730\s*0"),
            re.compile(r"short-fox\s*step 90730\s*1"),
        ]
    )
    part.get_by_label("Step", exact=True).fill("3")
    expect(rows.nth(1)).to_contain_text("step 30")
    expect(rows.nth(2)).to_contain_text("step 30")
    page.reload()
    expect(rows.nth(2)).to_contain_text("step 30")
    part.get_by_role("combobox").select_option("param/histogram/stem")
    expect(
        page.get_by_role("img", name="Histograms param/histogram/stem of 2 runs")
    ).to_be_visible()


def test_gradients_of_several_runs_flow_by_one_scale(page: Page, pair: list[str]) -> None:
    """Maps below each other from the same first to the same last step; a click shows the lines."""
    page.goto(f"/p/pair/compare?r={','.join(pair)}")
    page.get_by_role("heading", name="Gradient flow").click()

    maps = page.get_by_role("img", name="Heat map of gradient norm: 3 layers over 20 steps")
    expect(maps).to_have_count(2)
    scales = page.locator(".heatmap-key")
    expect(scales).to_have_text([re.compile(r"^0\.0011"), re.compile(r"^0\.0011")])
    page.locator(".heatmap-names button", has_text="block.2").first.click()
    lines = page.get_by_role("region", name="grad/norm/block.2").first
    expect(lines.get_by_role("img", name="Line chart of grad/norm/block.2, 2 runs")).to_be_visible()


def test_media_of_several_runs_stand_side_by_side(page: Page, pair: list[str]) -> None:
    """At one step; the columns are the runs."""
    page.goto(f"/p/pair/compare?r={','.join(pair)}&with=media")
    row = page.get_by_role("region", name="val/answer")
    columns = row.locator(".media-columns .media-section")

    expect(columns).to_have_text(
        [re.compile("long-fox.*long-fox at 190"), re.compile("short-fox.*short-fox at 90")]
    )
    page.get_by_label("Step", exact=True).fill("2")
    expect(columns).to_have_text([re.compile("long-fox at 20"), re.compile("short-fox at 20")])
    changes = row.get_by_role("region", name="What differs").locator("pre")
    expect(changes).to_have_text("\N{MINUS SIGN}long-fox at 20\n+short-fox at 20\n")
    row.get_by_label("First run").select_option(label="short-fox")
    expect(changes).to_have_text("\N{MINUS SIGN}short-fox at 20\n+long-fox at 20\n")
