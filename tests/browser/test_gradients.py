"""The run page's gradients: layers over steps, tied to the loss, the layer and its histograms."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import expect

from mltrack_core.records import ByExponent
from mltrack_core.records import Histogram
from mltrack_core.records import Histograms
from mltrack_core.records import RunEnded

pytestmark = pytest.mark.slow
LAYERS = ("stem.weight", *(f"block.{n}.{part}" for n in (0, 1, 2) for part in ("w", "b")))


@pytest.fixture
def run(folder: Path, record: Callable[..., Any], arrive: Callable[[Any], str]) -> str:
    """A run of 200 steps: norms every 10, histograms every 50. Block 2 fades, the stem breaks."""
    recording = record(folder, "flow-eel", project="flows", age_s=900)
    for step in range(0, 201, 10):
        fading = {name: 1e-5 if name.startswith("block.2") else 1.0 for name in LAYERS}
        norms = {f"grad/norm/{name}": value for name, value in fading.items()}
        if step == 200:
            norms["grad/norm/stem.weight"] = math.nan
        ratios = {f"param/update_ratio/{name}": 1e-3 for name in LAYERS}
        recording.log(step, {"train/loss": 1 / (step + 1)} | norms | ratios)
        if step % 50 == 0:
            counts = [4, 3, 2, 1]
            of: dict[str, Histogram] = {
                f"grad/histogram/{name}": ByExponent(-4, counts, -4, counts, 20) for name in LAYERS
            }
            recording.write(Histograms(recording.began_ns + step, step, of))
    recording.end(RunEnded(recording.began_ns + 100 * 10**9, "finished"))
    return arrive(recording)


def picture(page: Page, metric: str) -> Locator:
    """Return the chart of *metric*."""
    return page.get_by_role("region", name=metric, exact=True).get_by_role("img")


def test_gradients_flow_through_the_layers(
    page: Page,
    folder: Path,
    record: Callable[..., Any],
    arrive: Callable[[Any], str],
    pixels: Callable[[Locator], NDArray[np.uint8]],
) -> None:
    """Layers by steps in the order of their numbers; a click draws one, odd ones are named."""
    run = record(folder, "deep-newt", age_s=5000)
    for step in range(0, 200, 10):
        norms = {f"grad/norm/block.{layer}": 10.0**-layer for layer in (10, 2, 1, 0)}
        weights = {f"param/norm/block.{layer}": 1.0 for layer in (2, 10)}
        run.log(step, norms | weights)
    run.end(RunEnded(run.began_ns + 1, "finished"))
    page.goto(f"/r/{arrive(run)}/gradients")

    heat = page.get_by_role("img", name="Heat map of gradient norm: 4 layers over 20 steps")
    expect(heat).to_have_attribute("data-drawn", "true")
    layers = page.locator(".heatmap-names button")
    expect(layers).to_have_text(["block.0", "block.1", "block.2", "block.10"])
    # Of a tenth of the norm each, so at even places of the ramp.
    tints = pixels(heat)[8::20, ::60, :3].astype(int)
    assert (tints == tints[:, :1]).all(), "the same at each step"
    assert tints[0, 0].tolist() == [253, 234, 69]
    assert tints[3, 0].tolist() == [0, 32, 81]
    assert (np.diff(tints[:, 0].sum(axis=1)) < 0).all()
    expect(page.locator(".flow-warnings li")).to_have_text([re.compile("block.10: .*smaller")])
    layers.nth(2).click()
    expect(picture(page, "grad/norm/block.2")).to_be_visible()
    page.get_by_role("button", name="Weight norm").click()

    expect(layers).to_have_text(["block.2", "block.10"])
    expect(picture(page, "param/norm/block.2")).to_be_visible()


def test_rows_say_what_is_wrong_with_them_and_fold_into_modules(page: Page, run: str) -> None:
    """An icon with a word beside the layer; modules stand for their layers, and open."""
    page.goto(f"/r/{run}/gradients")
    rows = page.locator(".heatmap-names li")
    expect(rows).to_have_count(7)
    marked = rows.filter(has=page.locator(".heatmap-flag"))
    expect(marked).to_have_text(
        ["block.2.b vanishing", "block.2.w vanishing", "stem.weight NaN or ∞"]
    )

    page.get_by_role("checkbox", name="By module").check()
    expect(rows).to_have_text(["block.0", "block.1", "block.2 vanishing", "stem NaN or ∞"])
    rows.get_by_role("button", name="block.2").click()
    expect(rows).to_have_text(["block.2.b vanishing", "block.2.w vanishing"])
    page.get_by_role("button", name="Show all modules").click()
    expect(rows).to_have_count(4)


def test_a_cell_is_a_layer_and_a_step(page: Page, run: str) -> None:
    """One cursor for loss and layers; a click draws the layer and its histogram at that step."""
    page.goto(f"/r/{run}/gradients")
    heat = page.get_by_role("img", name="Heat map of gradient norm: 7 layers over 21 steps")
    expect(heat).to_have_attribute("data-drawn", "true")
    box = heat.bounding_box()
    assert box is not None
    x = box["x"] + box["width"] * 10.5 / 21
    page.mouse.move(x, box["y"] + 30)
    loss = page.get_by_role("region", name="train/loss")
    expect(loss.locator(".card-readout")).to_have_text("0.009901")
    page.mouse.click(x, box["y"] + 30)

    histogram = page.get_by_role("region", name="grad/histogram/block.0.w")
    expect(histogram.locator(".step-words b")).to_have_text("step 100")
    expect(
        page.get_by_role("region", name="grad/norm/block.0.w").get_by_role("img")
    ).to_be_visible()
    histogram.get_by_role("button", name="Step after").click()
    expect(histogram.locator(".step-words b")).to_have_text("step 150")
    expect(page.locator(".heatmap-chosen")).to_be_visible()


def test_other_quantities_have_their_own_colours_and_a_table(page: Page, run: str) -> None:
    """Zeros are of histograms; the ratio is coloured around a thousandth; rows are read as text."""
    page.goto(f"/r/{run}/gradients")
    page.get_by_role("button", name="Zeros").click()
    expect(page.get_by_role("img", name="Heat map of zeros: 7 layers")).to_be_visible()
    page.get_by_text("View as table").click()
    row = page.locator(".heatmap-table tbody tr").filter(has_text="stem.weight")
    expect(row).to_have_text("stem.weight50 %50 %50 %0")

    page.get_by_role("button", name="Update to weight").click()
    key = page.locator(".heatmap-key > span")
    expect(key.first).to_have_text("0.0001")
    expect(key.nth(2)).to_have_text("0.01")
    page.get_by_role("button", name="Not finite", exact=True).click()
    expect(page.locator(".heatmap-table tbody tr").filter(has_text="stem.weight")).to_have_text(
        "stem.weight1011"
    )


def test_one_layers_values_are_a_heat_map_too(page: Page, run: str) -> None:
    """Values over steps by how many they are; a click goes to the step, for all that is shown."""
    page.goto(f"/r/{run}/distributions?hv=map")
    values = page.get_by_role("img", name="Values of grad/histogram/stem.weight over 5 steps")
    expect(values).to_have_attribute("data-drawn", "true")
    box = values.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + 40)

    expect(page.locator(".step-words b")).to_have_text("step 100")
    expect(page.locator(".heatmap-key output").last).to_contain_text("step 100 · 40 values")
