"""The run page's media: what was logged at a step is what is seen, and nothing in it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import expect

import mltrack
from mltrack_core.blobs import digest_of
from mltrack_core.media.medium import Medium
from mltrack_core.records import Media
from mltrack_core.records import RunEnded
from mltrack_core.spool import attachments

pytestmark = pytest.mark.slow

HOSTILE: Final = "<img src=x onerror=document.title='owned'><script>alert(1)</script>"
# How many pixels of a canvas are painted.
PAINTED: Final = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let at = 3; at < data.length; at += 4) if (data[at] > 0) found += 1;
  return found;
}"""


def samples(step: int) -> list[Medium]:
    """Return a photo-like image with boxes and a mask, and small grey digits."""
    rows, columns = np.mgrid[0:240, 0:320]
    photo = np.dstack([(columns * k + rows + 40 * step) % 256 for k in (1, 2, 3)]).astype(np.uint8)
    disc = (rows - 120) ** 2 + (columns - 200) ** 2 < 60**2
    first = mltrack.Image(
        photo,
        caption=f"step {step}",
        boxes=[
            mltrack.Box(130, 50, 270, 190, "sun", 0.93, "prediction"),
            mltrack.Box(20, 30, 90, 110, "tree", None, "truth"),
        ],
        masks={"segments": (disc.astype(np.uint8), {0: "background", 1: "disc"})},
    )
    grey = [np.tri(28, 28, 3 * n - 9) for n in range(6)]
    return [first, *(mltrack.Image(each, caption=f"{n} → {n}") for n, each in enumerate(grey))]


@pytest.fixture
def run(folder: Path, record: Callable[..., Any], arrive: Callable[[Any], str]) -> str:
    """A run with media of every kind at steps 0, 100 and 200."""
    recording = record(folder, "seen-heron", project="seen")

    def log(step: int, name: str, media: list[Medium]) -> None:
        encoded = [medium.encode(lambda text: text) for medium in media]
        for each in encoded:
            for digest, data in each.files.items():
                attachments.write(folder, recording.run, digest, data)
        items = [each.item for each in encoded]
        recording.write(Media(recording.began_ns + step, step, name, items))

    for step in (0, 100, 200):
        log(step, "val/samples", samples(step))
    log(100, "val/answer", [mltrack.Text(f"An answer.\n{HOSTILE}", caption=HOSTILE)])
    tone = np.sin(np.arange(8000) / 8)
    log(100, "val/tone", [mltrack.Audio(tone, sample_rate=8000, caption="a tone")])
    rows = [[n, f"row {n}", n / 7] for n in range(1000)]
    log(100, "val/errors", [mltrack.Table(["n", "name", HOSTILE], rows)])
    recording.end(RunEnded(recording.began_ns, "finished"))
    return arrive(recording)


def section(page: Page, name: str) -> Locator:
    """Return what one name shows."""
    return page.get_by_role("region", name=name, exact=True)


def test_media_are_seen_step_by_step(
    page: Page, run: str, pixels: Callable[[Locator], NDArray[np.uint8]]
) -> None:
    """Images with boxes and masks over them, one slider for all names; tables by the row."""
    page.goto(f"/r/{run}/media")
    images = section(page, "val/samples")
    canvas = images.locator("canvas").first

    expect(images.locator("img")).to_have_count(7)
    expect(images).to_contain_text("step 200")
    expect(section(page, "val/answer")).to_contain_text("of step 100")
    page.wait_for_function(
        """() => [...document.querySelectorAll(".media-image img")].every(
          (image) => image.complete && image.naturalWidth > 0)"""
    )
    page.wait_for_function(f"(canvas) => ({PAINTED})(canvas) > 3000", arg=canvas.element_handle())
    # Over the photo's own pixels: the disc around (200, 120), the sun's box from (130, 50).
    picture = pixels(canvas)
    scale = picture.shape[1] / 320
    alpha = picture[..., 3]
    assert alpha[int(120 * scale), int(200 * scale)] > 0
    assert alpha[int(120 * scale), int(300 * scale)] == 0
    assert alpha[int(50 * scale) - 1 : int(50 * scale) + 3, int(240 * scale)].any()
    for name in ("prediction: sun", "truth: tree", "segments: disc"):
        images.get_by_role("button", name=name).click()
    page.wait_for_function(f"(canvas) => ({PAINTED})(canvas) === 0", arg=canvas.element_handle())

    page.get_by_role("button", name="Step before").click()
    expect(images).to_contain_text("step 100")
    page.keyboard.press("ArrowLeft")
    expect(images).to_contain_text("step 0")
    expect(section(page, "val/answer")).to_have_count(0)
    page.get_by_role("button", name="Newest").click()

    table = page.get_by_role("table")
    expect(table.get_by_role("cell", name="row 0", exact=True)).to_be_visible()
    table.evaluate("(element) => element.scrollTo(0, element.scrollHeight)")
    expect(table.get_by_role("cell", name="row 999", exact=True)).to_be_visible()
    assert table.get_by_role("row").count() < 60, "only rows in sight are in the page"


def test_masks_are_as_pale_and_boxes_as_sure_as_wanted(page: Page, run: str) -> None:
    """Sliders for the opacity of masks and the least score; boxes without one stay."""
    page.goto(f"/r/{run}/media")
    images = section(page, "val/samples")
    canvas = images.locator("canvas").first.element_handle()
    painted = f"(canvas) => ({PAINTED})(canvas)"
    page.wait_for_function(f"(canvas) => ({PAINTED})(canvas) > 3000", arg=canvas)
    whole = page.evaluate(painted, canvas)
    images.get_by_label("Least score").fill("0.95")
    page.wait_for_function(f"([canvas, whole]) => ({PAINTED})(canvas) < whole", arg=[canvas, whole])
    surer = page.evaluate(painted, canvas)
    images.get_by_label("Masks").fill("0")
    page.wait_for_function(f"([canvas, surer]) => ({PAINTED})(canvas) < surer", arg=[canvas, surer])

    assert page.evaluate(painted, canvas) > 100, "a box without a score is a fact"


def test_what_a_training_says_of_itself_runs_nowhere(page: Page, run: str) -> None:
    """Captions, texts and names of columns are text; a file opened by itself is in a sandbox."""
    page.goto(f"/r/{run}/media")

    answer = section(page, "val/answer")
    expect(answer.locator("pre")).to_have_text(f"An answer.\n{HOSTILE}")
    expect(answer.locator("figcaption")).to_have_text(HOSTILE)
    expect(page.get_by_role("columnheader", name=HOSTILE)).to_be_visible()
    text = digest_of(f"An answer.\n{HOSTILE}".encode())
    page.goto(f"/api/v1/runs/{run}/media/files/{text}")
    expect(page.locator("body")).to_contain_text("<script>alert(1)</script>")
    assert page.title() != "owned"


def test_a_sound_is_played(page: Page, run: str) -> None:
    """Its bytes are fetched when it is, and the player knows how long it is."""
    page.goto(f"/r/{run}/media")
    player = section(page, "val/tone").locator("audio")

    seconds = player.evaluate(
        """(audio) => new Promise((resolve, reject) => {
          audio.onloadedmetadata = () => resolve(audio.duration);
          audio.onerror = () => reject(audio.error.message);
          audio.preload = "metadata";
          audio.load();
        })"""
    )

    assert seconds == pytest.approx(1.0)


def test_a_sound_is_drawn_and_walked_by_keys(
    page: Page, run: str, pixels: Callable[[Locator], NDArray[np.uint8]]
) -> None:
    """Decoded here, without a word of the page's policy against it; the page keeps its step."""
    page.goto(f"/r/{run}/media")
    tone = section(page, "val/tone")
    tone.get_by_role("button", name="Waveform").click()

    slider = tone.get_by_role("slider", name="Place in a tone")
    expect(slider.locator("canvas")).to_have_attribute("data-drawn", "true")
    alpha = pixels(slider.locator("canvas"))[:, :, 3]
    assert (alpha > 0).any(axis=0).mean() > 0.95  # it swings from the beginning to the end
    before = page.url
    slider.focus()
    page.keyboard.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "1.00 s of 1.00 s")
    page.keyboard.press("PageDown")
    expect(slider).to_have_attribute("aria-valuetext", "0.50 s of 1.00 s")
    assert tone.locator("audio").evaluate("(audio) => audio.currentTime") == pytest.approx(0.5)
    assert page.url == before


def test_a_run_without_media_says_how_to_log_some(page: Page, runs: dict[str, str]) -> None:
    """An empty page would leave the user alone."""
    page.goto(f"/r/{runs['wild-owl']}/media")

    expect(page.get_by_role("tabpanel")).to_contain_text("mltrack.Image")
