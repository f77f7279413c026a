"""The model registry: a checkpoint becomes a version, an alias moves, and all of it is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page
from playwright.sync_api import expect

from mltrack_core.records import Checkpoint
from mltrack_core.records import CheckpointFile
from mltrack_core.records import RunEnded

pytestmark = pytest.mark.slow


@pytest.fixture
def run(folder: Path, record: Callable[..., Any], arrive: Callable[[Any], str]) -> str:
    """A run with two checkpoints, of a project of its own."""
    recording = record(folder, "model-maker", project="registry")
    recording.log(0, {"val/acc": 0.5})
    for number in (1, 2):
        recording.write(
            Checkpoint(
                recording.began_ns + number, f"{number:032x}", f"/home/ada/{number}.pt",
                number * 100, ["best"], [CheckpointFile(f"{number}.pt", 700, 1)],
                {"val/acc": number / 4}, "val/acc", "max", "torch.save",
            )
        )  # fmt: skip
    recording.end(RunEnded(recording.began_ns, "finished"))
    return arrive(recording)


def test_a_checkpoint_is_registered_and_its_alias_moves(
    refused: Page, server: str, run: str
) -> None:
    """From the run's tab to the model's page: versions, chips, the card and the history."""
    page = refused  # the server is asked for what it does not do
    page.goto("/p/registry/models")
    expect(page.get_by_role("heading", name="No models yet")).to_be_visible()

    page.goto(f"/r/{run}/checkpoints")
    page.get_by_role("button", name="Register the checkpoint of step 100").click()
    form = page.get_by_role("dialog")
    expect(form).to_contain_text("does not hold this checkpoint")
    form.get_by_label("Model").fill("digits")
    form.get_by_label("Alias").fill("champion")
    form.get_by_label("Why").fill("the first")
    form.get_by_label("Your name").fill("ada")
    form.get_by_role("button", name="Register").click()
    page.get_by_role("link", name="digits 1").click()

    rows = page.get_by_role("region", name="Versions").locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("champion")
    expect(rows).to_contain_text("0.25")
    expect(page.get_by_role("region", name="History of aliases")).to_contain_text("the first")
    second = {"run": run, "checkpoint": f"{2:032x}", "name": "digits", "author": "grace"}
    assert requests.post(f"{server}/api/v1/models", json=second, timeout=30).ok
    page.reload()
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="Alias of version 2").click()
    form.get_by_label("Alias").fill("champion")
    expect(form).to_contain_text("It points at version 1 now.")
    form.get_by_role("button", name="Point it here").click()
    expect(rows.nth(0)).to_contain_text("champion")
    expect(page.get_by_role("region", name="History of aliases")).to_contain_text(
        "version 1 → version 2"
    )
    page.get_by_role("button", name="Delete version 2").click()
    expect(page.get_by_role("alert")).to_contain_text("while champion points at it")

    page.get_by_role("button", name="Edit the model card").click()
    page.get_by_role("textbox", name="Model card").fill("# Digits\n\nFor **tests**.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Digits", exact=True)).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.get_by_role("link", name="digits", exact=True).click()

    page.get_by_role("button", name="Rename…").click()
    form.get_by_label("Model").fill("numbers")
    form.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", name="numbers", exact=True)).to_be_visible()
    page.goto("/p/registry/models/digits")  # somebody has kept that address
    expect(page).to_have_url(re.compile("/models/numbers$"))
    expect(page.get_by_role("region", name="History of aliases")).to_contain_text(
        "digits → numbers"
    )
    page.get_by_role("button", name="Delete…").click()
    expect(form).to_contain_text("Whoever asks for champion will find nothing.")
    form.get_by_role("button", name="Delete").click()
    page.get_by_role("checkbox", name="Show 1 deleted model").check()
    page.get_by_role("button", name="Restore numbers").click()
    page.get_by_role("link", name="numbers", exact=True).click()
    expect(rows).to_have_count(2)
