"""Confusion matrices and curves: what was counted is what is seen, alone and beside another's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import expect

import mltrack
from mltrack_core.records import Media
from mltrack_core.records import RunEnded

pytestmark = pytest.mark.slow

LABELS = ["cat", "dog", "<b>owl</b>"]
TRUTH = [0, 0, 1, 1]
EARLY = [[4, 4, 0], [0, 8, 0], [0, 2, 6]]
LATE = [[6, 2, 0], [0, 8, 0], [0, 0, 8]]
OTHER = [[2, 6, 0], [0, 8, 0], [0, 0, 8]]


@pytest.fixture
def judged(folder: Path, record: Callable[..., Any], arrive: Callable[[Any], str]) -> list[str]:
    """Two runs, the first with two steps."""

    def recorded(name: str, matrices: dict[int, list[list[int]]], scores: list[float]) -> str:
        recording = record(folder, name, project="judged")
        for step, counts in matrices.items():
            media = {
                "val/confusion": mltrack.ConfusionMatrix(matrix=counts, labels=LABELS),
                "val/roc": mltrack.RocCurve(TRUTH, scores),
                "val/pr": mltrack.PrCurve(TRUTH, scores),
                "val/seen": mltrack.Image(np.full((8, 16), scores[1]), caption=f"of {name}"),
            }
            for key, medium in media.items():
                item = medium.encode(lambda text: text).item
                recording.write(Media(recording.began_ns + step, step, key, [item]))
        recording.end(RunEnded(recording.began_ns, "finished"))
        return arrive(recording)

    return [
        recorded("keen-owl", {0: EARLY, 100: LATE}, [0.1, 0.2, 0.3, 0.4]),
        recorded("dull-owl", {100: OTHER}, [0.1, 0.3, 0.2, 0.4]),
    ]


def section(page: Page, name: str) -> Locator:
    """Return what one name shows."""
    return page.get_by_role("region", name=name, exact=True)


def cells(picture: NDArray[np.uint8], left: float, size: float) -> list[list[tuple[int, ...]]]:
    """Return the colour of each cell, near its corner, where no number is written."""
    return [
        [
            tuple(map(int, picture[int(row * size) + 5, int(left + column * size) + 5, :3]))
            for column in range(3)
        ]
        for row in range(3)
    ]


def test_a_matrix_and_curves_are_seen_step_by_step(
    page: Page,
    judged: list[str],
    pixels: Callable[[Locator], NDArray[np.uint8]],
    saved: Callable[[Locator, str], str],
) -> None:
    """Colours, numbers under the pointer, shares, tables."""
    page.goto(f"/r/{judged[0]}/media")
    matrix = section(page, "val/confusion")
    canvas = matrix.locator("canvas[data-drawn]")
    expect(matrix).to_contain_text("24 samples, 3 classes · 92% right")
    matrix.get_by_text("View as table").click()
    row = matrix.get_by_role("table").first.get_by_role("row", name="cat")
    expect(row.get_by_role("cell")).to_have_text(["6", "2", "0"])
    expect(matrix.get_by_role("columnheader", name="<b>owl</b>")).to_be_visible()

    # Three cells of 56 pixels, the longest name left of them.
    size = 56
    left = pixels(canvas).shape[1] and float(
        canvas.evaluate("""(canvas) => {
          const context = new OffscreenCanvas(1, 1).getContext("2d");
          context.font = "11px system-ui, sans-serif";
          return Math.ceil(context.measureText("<b>owl</b>").width) + 8;
        }""")
    )
    found = cells(pixels(canvas), left, size)
    assert found[1][1] == found[2][2] == (253, 234, 69), "the most there is"
    assert found[0][2] == found[1][0] == found[2][1], "nothing happened there"
    assert len({found[0][0], found[0][1], found[0][2], found[1][1]}) == 4
    canvas.hover(position={"x": left + 1.5 * size, "y": 0.5 * size})
    expect(matrix.locator("output")).to_have_text(
        "true cat → predicted dog: 2 · 25% of the true class · 20% of what was predicted"
    )
    assert "&lt;b&gt;owl&lt;/b&gt;</text>" in saved(matrix, "SVG")
    assert saved(matrix, "CSV").splitlines()[:2] == ["true,predicted,value", "cat,cat,6"]
    matrix.get_by_role("button", name="Row %").click()
    expect(row.get_by_role("cell")).to_have_text(["75%", "25%", "0%"])
    matrix.get_by_text("By class").click()
    expect(matrix.get_by_role("row", name="cat 0.75 1 0.8571 8")).to_be_visible()

    roc = section(page, "val/roc")
    curve = roc.get_by_role("list", name="Curves").get_by_role("button")
    expect(curve).to_have_text("positiveAUC 1.0000")
    legend = section(page, "val/pr").get_by_role("list", name="Curves")
    expect(legend.get_by_role("button")).to_have_text("positiveAP 1.0000")
    curve.click()
    expect(roc.get_by_role("img", name="ROC curves val/roc: 0 drawn")).to_be_visible()

    page.get_by_role("button", name="Step before").click()
    expect(row.get_by_role("cell")).to_have_text(["50%", "50%", "0%"])


def test_two_runs_matrices_and_curves_are_compared(page: Page, judged: list[str]) -> None:
    """By their difference, in shares and counts, whichever is the first."""
    page.goto(f"/p/judged/compare?r={judged[0]},{judged[1]}&with=media")
    difference = section(page, "Difference")
    difference.get_by_text("View as table").click()
    row = difference.get_by_role("row", name="cat")
    expect(row.get_by_role("cell")).to_have_text(["+50%", "\N{MINUS SIGN}50%", "0%"])
    difference.get_by_label("First run").select_option(label="dull-owl")
    expect(row.get_by_role("cell")).to_have_text(["\N{MINUS SIGN}50%", "+50%", "0%"])
    difference.get_by_role("button", name="Counts").click()
    expect(row.get_by_role("cell")).to_have_text(["\N{MINUS SIGN}4", "+4", "0"])
    legend = section(page, "val/roc").get_by_role("list", name="Curves").first
    expect(legend.get_by_role("button")).to_have_text(["keen-owlAUC 1.0000", "dull-owlAUC 0.7500"])


def test_one_runs_image_is_uncovered_below_anothers(page: Page, judged: list[str]) -> None:
    """As far as a slider says, which the keyboard moves too; the runs can change places."""
    page.goto(f"/p/judged/compare?r={judged[0]},{judged[1]}&with=media")
    swipe = section(page, "One over the other")
    over = swipe.locator(".media-swipe-over")
    expect(swipe.get_by_role("img")).to_have_count(2)
    expect(over.get_by_alt_text("of dull-owl")).to_be_visible()
    slider = swipe.get_by_label("How far the second is covered")
    slider.fill("75")
    expect(over).to_have_css("clip-path", "inset(0px 0px 0px 75%)")
    slider.press("ArrowLeft")
    expect(over).to_have_css("clip-path", "inset(0px 0px 0px 74%)")
    expect(slider).to_have_attribute("aria-valuetext", "keen-owl up to 74 %, then dull-owl")
    swipe.get_by_label("First run").select_option(label="dull-owl")
    expect(over.get_by_alt_text("of keen-owl")).to_be_visible()
