"""What is drawn on canvas is what was measured: places and colours, not only that there is ink."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

Pixels = Callable[[Locator], NDArray[np.uint8]]
Picture = NDArray[np.uint8]

RED: Final = (192, 28, 40)  # --bad in the light theme
LINE: Final = (37, 99, 201)  # --hue-0
# The ends of the ramp of distributions.
LEAST: Final = (0, 32, 81)
MOST: Final = (253, 234, 69)
ROW_PX: Final = 20  # of a heat map
LOOKS_MAX: Final = 1000
PLACES: Final = 21  # of the recorded histograms' axis: ten powers of two, zero, ten of them again


def is_of(picture: Picture, colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Tell of each pixel whether it has this colour, or nearly."""
    apart = np.abs(picture[..., :3].astype(int) - colour).sum(axis=-1)
    found: NDArray[np.bool_] = (apart < 24) & (picture[..., 3] > 200)
    return found


def top(picture: Picture, share: float) -> int:
    """Return the height, from above, at which a column has its first ink."""
    column = picture[:, int(share * picture.shape[1]), 3]
    return int(np.argmax(column > 60))


def shown(page: Page, name: str, pixels: Pixels) -> Picture:
    """Return the picture of this name once it is drawn."""
    canvas = page.get_by_role("img", name=name)
    expect(canvas).to_have_attribute("data-drawn", "true")
    picture = pixels(canvas)
    for _ in range(LOOKS_MAX):
        if picture[..., 3].any():
            break
        picture = pixels(canvas)  # its size has changed, and it is drawn anew
    return picture


@pytest.fixture
def distributions(page: Page, runs: dict[str, str]) -> Page:
    """The tab of the run whose histograms are known: one power of two less every 400 steps."""
    page.goto(f"/r/{runs['calm-fox']}/distributions?h=grad/histogram/stem.weight")
    return page


def test_a_heat_map_has_each_cell_at_its_place(distributions: Page, pixels: Pixels) -> None:
    """Rows are layers, columns steps; broken ones are red, lesser ones lower on the ramp."""
    picture = shown(distributions, "Heat map of typical size: 3 layers over 40 steps", pixels)
    columns = [int((column + 0.5) * picture.shape[1] / 40) for column in range(40)]
    stem, block, head = (picture[row * ROW_PX + 8, columns, :3].astype(int) for row in range(3))

    broken = is_of(picture, RED)[2 * ROW_PX + 8, columns]
    assert broken.tolist() == [step >= 1500 for step in range(0, 2000, 50)]
    assert not is_of(picture, RED)[: 2 * ROW_PX].any()
    for column in range(0, 40, 8):
        assert (stem[column : column + 8] == stem[column]).all(), "one size for 400 steps"
    # Each group is darker than the one before, and block.0 is two groups ahead of the stem.
    assert (np.diff(stem[::8].sum(axis=1)) < 0).all()
    assert (block[:24] == stem[16:]).all()
    assert (head[:30] == stem[:30]).all()
    assert tuple(stem[0]) == MOST
    assert tuple(block[-1]) == LEAST


def test_ridges_peak_where_most_values_are(distributions: Page, pixels: Pixels) -> None:
    """On both sides of zero alike, and further inside the newer they are."""
    distributions.get_by_role("button", name="Ridgeline").click()
    picture = shown(distributions, "Histograms of grad/histogram/stem.weight at 20 steps", pixels)
    ridges = picture[:-22, 8 : picture.shape[1] - 92]  # without its labels

    # The oldest peaks at 2^-5, the sixth place of the last ten, and is the highest there.
    oldest = top(ridges, 18.5 / PLACES)
    assert abs(oldest - 7) <= 2
    assert abs(top(ridges, 2.5 / PLACES) - oldest) <= 2
    # Where the newest peaks no older one does: the first line there is the oldest's own base.
    assert abs(top(ridges, 12.1 / PLACES) - 71) <= 2
    inked = ridges[64 + 14 * 19 - 50 : 64 + 14 * 19 - 20, :, 3] > 60
    assert inked[:, int(14.5 / PLACES * ridges.shape[1])].any(), "the newest peak"


def test_percentiles_narrow_with_what_they_are_of(distributions: Page, pixels: Pixels) -> None:
    """Around zero, by a power of two on each side every 400 steps."""
    distributions.get_by_role("button", name="Percentiles").click()
    name = "Percentiles of grad/histogram/stem.weight over 40 steps"
    picture = shown(distributions, name, pixels)
    inks = is_blueish(picture)

    heights = [int(inks[:, int(at * picture.shape[1])].sum()) for at in (0.1, 0.3, 0.5, 0.7, 0.9)]
    place = picture.shape[0] / PLACES
    assert heights == pytest.approx([(2 * side + 1) * place for side in range(10, 5, -1)], abs=4)
    for at in (0.1, 0.5, 0.9):
        rows = np.flatnonzero(inks[:, int(at * picture.shape[1])])
        assert abs(rows[0] + rows[-1] - picture.shape[0]) <= 4, "as far up as down"


def is_blueish(picture: Picture) -> NDArray[np.bool_]:
    """Tell of each pixel whether it has the first line's hue, however pale."""
    red, _, blue, alpha = np.moveaxis(picture.astype(int), -1, 0)
    found: NDArray[np.bool_] = (alpha > 20) & (blue - red > 90)
    return found


def test_bars_are_as_high_as_their_counts(distributions: Page, pixels: Pixels) -> None:
    """Of one step: 1, 8, 60, 300, 90 and 4 values, on both sides of zero."""
    distributions.get_by_role("button", name="One step").click()
    name = "Histogram of grad/histogram/stem.weight at step 1950"
    inks = is_of(shown(distributions, name, pixels), LINE)

    def bar(place: float) -> int:
        return int(inks[:, int((place + 0.5) / PLACES * inks.shape[1])].sum())

    right, left = [bar(11 + at) for at in range(6)], [bar(9 - at) for at in range(6)]
    assert right == left
    assert right[3] > 100
    shares = [height / right[3] for height in right]
    assert shares == pytest.approx([1 / 300, 8 / 300, 0.2, 1.0, 0.3, 4 / 300], abs=0.03)
    assert bar(17) == 0, "nothing beyond"


def test_a_lane_is_as_high_as_what_was_measured(
    page: Page, runs: dict[str, str], pixels: Pixels
) -> None:
    """60 % and a wave of 20, over ten minutes."""
    page.goto(f"/r/{runs['calm-fox']}/system")
    picture = shown(page, "sys/cpu.percent over time, up to 100 %", pixels)
    height = picture.shape[0]

    for second in range(20, 600, 40):
        value = 60 + 20 * math.sin(second / 40)
        drawn = top(picture, second / 600)
        assert abs(drawn - (height - 1 - value / 100 * (height - 4))) <= 2, f"{second} s"


def test_a_line_is_where_its_values_are(page: Page, runs: dict[str, str], pixels: Pixels) -> None:
    """The chart of a metric that only falls falls, from its upper left to its lower right."""
    page.goto(f"/r/{runs['calm-fox']}")
    canvas = page.get_by_role("region", name="val/loss", exact=True).locator("canvas")
    expect(canvas).to_be_visible()
    inks = is_of(pixels(canvas), LINE)

    rows, columns = np.nonzero(inks)
    assert len(rows) > 50
    middles = [rows[columns == column].mean() for column in sorted(set(columns.tolist()))]
    assert middles[0] < middles[-1] - 40
    assert np.diff(middles).min() > -2
