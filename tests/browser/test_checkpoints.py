"""The run page's checkpoints: what is told is what is there, and a stored file comes down."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

from mltrack_core import wire
from mltrack_core.blobs import BlobFolder
from mltrack_core.blobs import digest_of
from mltrack_core.records import Artifact
from mltrack_core.records import ArtifactFile
from mltrack_core.records import Checkpoint
from mltrack_core.records import CheckpointFile
from mltrack_core.records import CheckpointRole
from mltrack_core.records import RunEnded
from mltrack_core.spool import layout

pytestmark = pytest.mark.slow
DATA = b"weights" * 1000


@pytest.fixture
def run(folder: Path, record: Callable[..., Any], arrive: Callable[[Any], str]) -> str:
    """A run with two checkpoints: one is stored, of the other it is said why not."""
    recording = record(folder, "saved-lynx", project="saved")
    for step in range(0, 300, 50):
        recording.log(step, {"val/acc": step / 400, "train/loss": 1.0})
    roles: list[CheckpointRole] = ["best"]
    for number, acc in ((1, 0.5), (2, 0.75)):
        recording.write(
            Checkpoint(
                recording.began_ns + number,
                f"{number:032x}",
                f"/home/ada/{number}.pt",
                number * 100,
                roles,
                [CheckpointFile(f"{number}.pt", len(DATA), 1)],
                {"val/acc": acc},
                "val/acc",
                "max",
                "torch.save",
                kept="copy" if number == 2 else "",
                reason="" if number == 2 else "there is no room on the disk for a copy",
            )
        )
    digest = digest_of(DATA)
    BlobFolder(folder / layout.BLOBS_FOLDER).put(digest, DATA)
    artifact = Artifact(1, f"{2:032x}", [ArtifactFile("2.pt", len(DATA), digest, [digest])])
    recording.agent.append(*wire.encode(artifact))
    gone = Artifact(2, f"{1:032x}", [], gone="deleted")
    recording.agent.append(*wire.encode(gone))
    recording.end(RunEnded(recording.began_ns, "finished"))
    return arrive(recording)


def test_checkpoints_say_which_is_best_and_what_became_of_it(page: Page, run: str) -> None:
    """The newest first; the one that holds the role stands out; the file is the one stored."""
    page.goto(f"/r/{run}/checkpoints")
    rows = page.locator(".checkpoints > table > tbody > tr")
    expect(rows).to_have_count(2)

    expect(rows.nth(0)).to_contain_text("200")
    expect(rows.nth(0).locator(".is-held")).to_have_text(["best", "last"])
    expect(rows.nth(0)).to_contain_text("val/acc 0.75")
    expect(rows.nth(0)).to_contain_text("stored")
    expect(rows.nth(1).locator(".is-held")).to_have_count(0)
    expect(rows.nth(1)).to_contain_text("there is no room on the disk for a copy")
    expect(rows.nth(1)).to_contain_text("deleted where it was written")
    rows.nth(0).get_by_role("button", name="1 file").click()
    expect(page.locator(".checkpoint-files")).to_contain_text(digest_of(DATA))
    with page.expect_download() as download:
        page.get_by_role("link", name="2.pt").click()
    assert Path(download.value.path()).read_bytes() == DATA


def test_rules_can_be_tried_and_loading_is_copied(page: Page, context: Any, run: str) -> None:
    """What would go is struck out, and nothing goes; each row has the lines that load it."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/r/{run}/checkpoints")
    rows = page.locator(".checkpoints > table > tbody > tr")
    expect(rows.nth(0)).to_contain_text("ago")
    page.get_by_text("What would stay by which rules").click()
    page.get_by_label("Each so many steps").fill("1000")
    expect(page.get_by_text("1 would go")).to_be_visible()
    expect(rows.nth(0)).to_contain_text("would be let go of")
    page.get_by_label("Newest", exact=True).fill("1")
    expect(page.get_by_text("0 would go")).to_be_visible()
    expect(rows.nth(0)).not_to_contain_text("would be let go of")

    rows.nth(0).get_by_role("button", name="Copy Python").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == (
        "import mltrack\nimport torch\n\n"
        f'path = mltrack.open().run("{run}").checkpoint("{2:032x}").download()\n'
        'state = torch.load(path, map_location="cpu")'
    )


def test_the_bytes_of_one_are_deleted(page: Page, run: str) -> None:
    """What that means is said before; what was recorded stays."""
    page.goto(f"/r/{run}/checkpoints")
    rows = page.locator(".checkpoints > table > tbody > tr")
    rows.nth(0).get_by_role("button", name="1 file").click()
    page.get_by_role("button", name="Delete its bytes…").click()
    dialog = page.get_by_role("dialog", name="Delete the bytes of step 200?")
    expect(dialog).to_contain_text("nothing brings it back")
    dialog.get_by_role("button", name="Delete for good").click()

    expect(dialog).to_have_count(0)
    expect(rows.nth(0)).to_contain_text("let go of")
    expect(page.get_by_role("button", name="Delete its bytes…")).to_have_count(0)
    expect(page.get_by_role("rowheader", name="2.pt").get_by_role("link")).to_have_count(0)


def test_checkpoints_stand_on_the_metric_that_chose_them(page: Page, run: str) -> None:
    """A click on one leads to its files; the chart is above the list of them too."""
    page.goto(f"/r/{run}")
    chart = page.get_by_role("region", name="val/acc", exact=True)
    flags = chart.get_by_role("link")
    expect(flags).to_have_count(2)
    expect(
        page.get_by_role("region", name="train/loss", exact=True).locator("canvas")
    ).to_be_visible()
    other = page.get_by_role("region", name="train/loss", exact=True)
    expect(other.locator(".flag")).to_have_count(0)
    expect(other.get_by_role("link", name="checkpoint, best · step 100")).to_have_class(
        "foot-mark is-checkpoint"
    )
    best = chart.get_by_role("link", name="checkpoint, step 200 · best · last · val/acc 0.75")
    expect(best).to_have_class("flag is-best")

    best.click()

    expect(page).to_have_url(re.compile(f"/r/{run}/checkpoints\\?c={2:032x}$"))
    row = page.locator(".checkpoints tr[aria-current]")
    expect(row).to_contain_text("200")
    expect(page.locator(".checkpoint-files")).to_contain_text(digest_of(DATA))
    other = page.get_by_role("region", name="val/acc").get_by_role("link", name="step 100")
    other.focus()
    page.keyboard.press("Enter")
    expect(row).to_contain_text("100")


def test_a_run_without_checkpoints_says_how_to_record_some(
    page: Page, runs: dict[str, str]
) -> None:
    """An empty page would leave the user alone."""
    page.goto(f"/r/{runs['wild-owl']}/checkpoints")

    expect(page.get_by_role("tabpanel")).to_contain_text("run.log_checkpoint()")
