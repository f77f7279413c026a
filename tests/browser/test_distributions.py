"""The run page's distributions: all layers, one of them over the steps, one step's histogram."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


def test_distributions_show_all_layers_and_one_of_them(page: Page, runs: dict[str, str]) -> None:
    """Layers by steps; the pointer reads a cell, a layer's name opens its histograms."""
    page.goto(f"/r/{runs['calm-fox']}/distributions")
    heat = page.get_by_role("img", name="Heat map of typical size: 3 layers over 40 steps")
    expect(heat).to_have_attribute("data-drawn", "true")

    layers = page.locator(".heatmap-names button")
    expect(layers).to_have_text(["stem.weight", "block.0.weight", "head.weight"])
    box = heat.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 5, box["y"] + box["height"] - 5)
    expect(page.locator(".heatmap-key output")).to_contain_text("head.weight · step 1,950")
    expect(page.locator(".heatmap-key output")).to_contain_text("not finite 3")
    layers.filter(has_text="block.0").click()
    page.get_by_role("button", name="param").click()

    ridges = page.get_by_role("img", name="Histograms of param/histogram/head.weight at 20 steps")
    expect(ridges).to_have_attribute("data-drawn", "true")
    expect(page).to_have_url(re.compile("h=param"))


def test_percentiles_over_the_steps_are_said_in_words(page: Page, runs: dict[str, str]) -> None:
    """The pointer reads a step's percentiles as its bins know them; a click shows the step."""
    page.goto(f"/r/{runs['calm-fox']}/distributions")
    page.get_by_role("button", name="Percentiles").click()
    label = "Percentiles of grad/histogram/stem.weight over 40 steps"
    bands = page.get_by_role("img", name=label)
    expect(bands).to_have_attribute("data-drawn", "true")
    words = page.locator(".bands-words")
    # Without a pointer it is the newest step: half of the values lie below some of nine zeros.
    expect(words).to_have_text(re.compile("^step 1,950 · median 0 · 16 to 84 %: .* … .* · all: "))

    box = bands.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 1, box["y"] + 50)
    expect(words).to_have_text(
        "step 0 · median 0 · 16 to 84 %: -0.0625 … 0.0625 · all: -0.25 … 0.25"
    )
    page.mouse.click(box["x"] + 1, box["y"] + 50)

    expect(page).to_have_url(re.compile("hs=0"))
    expect(page.locator(".step-words b")).to_have_text("step 0")


def test_one_step_is_shown_large_with_the_values_of_its_bins(
    page: Page, runs: dict[str, str]
) -> None:
    """The keys go through the steps, the pointer reads a bin, and there is a table of them."""
    page.goto(f"/r/{runs['calm-fox']}/distributions?h=grad/histogram/head.weight&hv=step")
    words = page.locator(".step-words")
    expect(words.locator("b")).to_have_text("step 1,950")
    expect(words).to_contain_text("926 values · NaN 3")

    page.keyboard.press("ArrowLeft")
    expect(words.locator("b")).to_have_text("step 1,900")
    expect(page).to_have_url(re.compile("hs=1900"))
    canvas = page.get_by_role("img", name="Histogram of grad/histogram/head.weight at step 1900")
    box = canvas.bounding_box()
    assert box is not None
    # Of the axis' 21 places, ten on either side of zero, the sixth to the right of it.
    page.mouse.move(box["x"] + box["width"] * 16.5 / 21, box["y"] + 100)
    expect(words.locator("output")).to_have_text("0.00781 … 0.0156: 4 values, 0.432 %")
    page.get_by_text("Bins as a table").click()

    rows = page.locator(".step-histogram table tbody tr")
    expect(rows).to_have_count(12)
    expect(rows.last).to_have_text(re.compile("4.*0.432"))


def test_a_run_without_histograms_says_how_to_log_some(page: Page, runs: dict[str, str]) -> None:
    """An empty page would leave the user alone."""
    page.goto(f"/r/{runs['wild-owl']}/distributions")

    expect(page.get_by_role("tabpanel")).to_contain_text("mltrack.Histogram")
