"""A chart is taken out of the page, as pictures, numbers and a link, and is read at two places."""

from __future__ import annotations

import csv
import math
import re
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pytest
from playwright.sync_api import BrowserContext
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

PNG: Final = b"\x89PNG\r\n\x1a\n"


def card(page: Page, metric: str) -> Locator:
    """Return the chart card of *metric*."""
    return page.get_by_role("region", name=metric, exact=True)


def loss_at(step: int) -> float:
    """Return the loss of calm-fox."""
    return 2.3 * math.exp(-step / 150) + 0.12 + 0.03 * math.sin(step * 1.7)


def take(page: Page, metric: str, choice: str) -> Path:
    """Choose from the chart's menu; return the file that comes of it."""
    card(page, metric).hover()
    card(page, metric).get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=choice).click()
    assert download.value.suggested_filename.startswith("train-loss.")
    return download.value.path()


def test_a_chart_is_saved_as_numbers_and_pictures(page: Page, runs: dict[str, str]) -> None:
    """The CSV has the buckets with the spike in them; the pictures are what they say."""
    page.goto(f"/r/{runs['calm-fox']}")
    expect(card(page, "train/loss").get_by_role("img")).to_be_visible()

    table = take(page, "train/loss", "CSV").read_text(encoding="utf-8")
    rows = list(csv.DictReader(table.splitlines()))
    svg = take(page, "train/loss", "SVG").read_text(encoding="utf-8")
    png = take(page, "train/loss", "PNG").read_bytes()

    assert len(rows) == 400
    assert {row["id"] for row in rows} == {runs["calm-fox"]}
    assert sum(int(row["points"]) for row in rows) == 2000
    assert sum(float(row["max"]) > 40 for row in rows) == 1
    assert svg.startswith("<svg ")
    assert svg.count(">calm-fox</text>") == 1
    assert png.startswith(PNG)


def test_a_link_shows_the_same_chart_of_the_same_runs(
    context: BrowserContext, page: Page, runs: dict[str, str]
) -> None:
    """Zoom, smoothing, axis and runs, and nothing of what is kept in this browser."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/p/digits?sm=0.6&xr=100,900")
    loss = card(page, "train/loss")
    expect(loss.get_by_role("img")).to_be_visible()
    page.get_by_role("button", name="Draw lost-elk in the charts").click()
    loss.hover()
    loss.get_by_role("button", name="Logarithmic y axis").click()
    loss.get_by_role("button", name="Export").click()
    page.get_by_role("menuitem", name="Copy a link").click()
    expect(loss.get_by_role("status")).to_have_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")

    page.goto(link)

    expect(page.get_by_role("region", name="train/loss")).to_be_visible()
    expect(page.locator(".card")).to_have_count(1)
    expect(page.get_by_role("button", name="Draw calm-fox in the charts")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.get_by_role("button", name="Draw lost-elk in the charts")).to_have_attribute(
        "aria-pressed", "false"
    )
    expect(page.get_by_role("checkbox", name="Log y")).to_be_checked()
    expect(page.get_by_label("Smoothing")).to_have_value("0.6")
    expect(page.get_by_role("button", name=re.compile("Zoomed: 100 . 900"))).to_be_visible()


def test_two_pinned_cursors_show_what_lies_between_them(page: Page, runs: dict[str, str]) -> None:
    """By a field or by a click with Alt; all charts show them, and a reload keeps them."""
    page.goto("/p/digits?q=name+%3D+calm-fox")  # no other run has a step that is nearer
    loss = card(page, "val/loss")
    expect(loss.get_by_role("img")).to_be_visible()
    field = page.get_by_label("Pin cursor at…")
    for step in ("99", "1999"):
        field.fill(step)
        field.press("Enter")

    table = loss.get_by_role("region", name="Values of val/loss at the pinned cursors")
    expect(table.get_by_role("columnheader")).to_have_text(
        ["Run", "A step 99", "B step 1,999", "Δ +1,900"]
    )
    row = table.get_by_role("row").filter(has_text="calm-fox")
    first, last = (loss_at(step) + 0.05 for step in (99, 1999))
    wanted = [f"{first:.4f}", f"{last:.5f}", f"−{first - last:.4f}"]  # noqa: RUF001 - a minus
    expect(row.get_by_role("cell")).to_have_text(wanted)
    page.reload()
    expect(row.get_by_role("cell")).to_have_text(wanted)
    expect(
        page.get_by_role("region", name="Values of train/loss at the pinned cursors")
    ).to_be_visible()
    page.get_by_role("button", name="A step 99").click()
    loss.locator(".u-over").click(position={"x": 2, "y": 40}, modifiers=["Alt"])

    expect(table.get_by_role("columnheader")).to_have_text(
        ["Run", "A step 1,999", "B step 99", "Δ −1,900"]  # noqa: RUF001 - a minus
    )


def test_every_other_picture_is_saved_too(
    page: Page, runs: dict[str, str], addresses: dict[str, str]
) -> None:
    """With the words around it, as SVG and PNG; its numbers as CSV, where it has any."""
    fox = f"/r/{runs['calm-fox']}"
    found = {}

    for address, names in {
        f"{fox}/distributions?hv=ridges": ("grad: typical size", "grad/histogram/stem.weight"),
        f"{fox}/distributions?hv=map": ("grad/histogram/stem.weight",),
        f"{fox}/distributions?hv=bands": ("grad/histogram/stem.weight",),
        f"{fox}/distributions?hv=step": ("grad/histogram/stem.weight 1950",),
        f"{fox}/system": ("CPU",),
        addresses["params"]: ("lr, ",),
    }.items():
        page.goto(address)
        for name in names:
            button = page.locator(f'.picture-tools button[aria-label*="{name}"]')
            for kind in ("SVG", "PNG", "CSV"):
                button.last.click()
                expect(page.get_by_role("menuitem").first).to_be_visible()
                item = page.get_by_role("menuitem", name=kind)
                if not item.count():
                    page.keyboard.press("Escape")
                    continue
                with page.expect_download() as download:
                    item.click()
                found[address, name, kind] = download.value.path()

    for (_, _, kind), path in found.items():
        if kind == "PNG":
            assert path.read_bytes().startswith(PNG)
        elif kind == "CSV":
            head, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
            assert rows
            assert {len(row) for row in rows} == {len(head)}
        else:
            shapes = [element.tag.partition("}")[2] for element in ElementTree.parse(path).iter()]
            assert shapes.count("text") >= 2
            assert shapes.count("rect") + shapes.count("path") >= 2
    assert len(found) == 20
