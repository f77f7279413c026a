"""One run's page: what people say of the run, and the code that it was made of."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext
from playwright.sync_api import Page
from playwright.sync_api import expect

from mltrack_core.records import Alert
from mltrack_core.records import Params
from mltrack_core.records import ParamValue
from mltrack_core.records import RunEnded

pytestmark = pytest.mark.slow
NOTES = """# Why
**Less** noise, see [the paper](https://example.org/p).

<img src=x onerror=alert(1)> [click](javascript:alert(1))

| lr | loss |
|---|---|
| 0.1 | 0.5 |
"""


@pytest.fixture
def edited(folder: Path, record: Callable[..., Any], arrive: Callable[[Any], str]) -> str:
    """A run that nobody else looks at."""
    recording = record(folder, "shy-yak", project="edits", age_s=60)
    recording.end(RunEnded(recording.began_ns, "finished"))
    return arrive(recording)


def test_name_tags_and_notes_are_edited_where_they_stand(page: Page, edited: str) -> None:
    """The server keeps them; notes are Markdown, of which a tag or a script is a text."""
    page.goto(f"/r/{edited}/overview")
    notes = page.get_by_role("region", name="Notes")
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Name").fill("calm-yak")
    page.get_by_label("Name").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("calm-yak")
    page.get_by_role("button", name="Edit the tags").click()
    page.get_by_label("Tags, a comma between two").fill("paper, <b>best</b>, paper")
    notes.get_by_role("button", name="Edit the notes").click()  # leaving the field keeps the tags
    expect(page.locator(".run-facts .chip")).to_have_text(
        ["uncommitted changes", "paper", "<b>best</b>"]
    )
    notes.get_by_role("textbox").fill(NOTES)
    notes.get_by_role("textbox").press("Control+Enter")

    expect(notes.get_by_role("heading", name="Why")).to_be_visible()
    page.reload()
    expect(notes.locator("strong")).to_have_text("Less")
    expect(notes.get_by_role("link")).to_have_count(1)
    expect(notes.get_by_role("cell", name="0.5")).to_be_visible()
    expect(notes).to_contain_text("<img src=x onerror=alert(1)> [click](javascript:alert(1))")
    expect(page.get_by_role("heading", level=1)).to_have_text("calm-yak")

    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Name").fill("never")
    page.get_by_label("Name").press("Escape")
    expect(page.get_by_role("heading", level=1)).to_have_text("calm-yak")
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Name").fill("")
    page.get_by_label("Name").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("shy-yak")


def test_what_cannot_be_saved_is_said_and_stays(page: Page, edited: str) -> None:
    """A name that is too long is not thrown away with the answer that says so."""
    page.goto(f"/r/{edited}/overview")
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Name").fill("a" * 2000)
    page.get_by_label("Name").press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("1024")
    expect(page.get_by_label("Name")).to_have_value("a" * 2000)


PATCH = """\
diff --git a/train.py b/train.py
index 83db48f..bf269f4 100644
--- a/train.py
+++ b/train.py
@@ -1,3 +1,3 @@
 import os
-lr = 0.1
+lr = 0.2  # <script>alert(1)</script> \u202e
 end
diff --git a/models/net.py b/models/net.py
new file mode 100644
--- /dev/null
+++ b/models/net.py
@@ -0,0 +1,2 @@
+class Net:
+    pass
"""


@pytest.fixture
def patched(
    folder: Path, record: Callable[..., Any], arrive: Callable[[Any], str]
) -> Callable[[str, str, str], str]:
    """What records a run of a commit and a patch."""

    def make(name: str, commit: str, patch: str) -> str:
        recording = record(folder, name, project="patches", age_s=60)
        facts: dict[str, ParamValue] = {
            "commit": commit,
            "branch": "main",
            "dirty": True,
            "diff": patch,
        }
        recording.write(Params(recording.began_ns, "git", facts))
        recording.log(0, {"train/loss": 1.0})
        recording.end(RunEnded(recording.began_ns, "finished"))
        return arrive(recording)

    return make


def test_what_was_not_committed_is_folded_by_file_and_can_be_applied(
    page: Page, patched: Callable[..., str], tmp_path: Path
) -> None:
    """Files with their counts; the lines are text; the download is what git takes."""
    run = patched("bold-ant", "1" * 40, PATCH)
    page.goto(f"/r/{run}/overview")
    patch = page.get_by_role("region", name="Uncommitted changes")
    expect(patch.locator("header")).to_contain_text("2 files+3−1")  # noqa: RUF001 - a minus
    expect(patch.get_by_text("lr = 0.2")).to_have_count(0)
    patch.get_by_text("train.py").click()
    expect(patch.locator(".patch-added")).to_have_text(
        "+lr = 0.2  # <script>alert(1)</script> \u202e"
    )

    with page.expect_download() as download:
        patch.get_by_role("button", name="Patch", exact=True).click()

    assert download.value.suggested_filename == "bold-ant.patch"
    download.value.save_as(tmp_path / "a.patch")
    (tmp_path / "train.py").write_text("import os\nlr = 0.1\nend\n", encoding="utf-8")
    subprocess.run(["git", "apply", "a.patch"], cwd=tmp_path, check=True)
    assert (tmp_path / "models" / "net.py").read_text(encoding="utf-8").startswith("class Net")


def test_the_code_of_two_runs_is_compared(page: Page, patched: Callable[..., str]) -> None:
    """Other commits, and the files whose changes are not the same."""
    one = patched("bold-ant", "1" * 40, PATCH)
    other = patched("calm-bee", "2" * 40, PATCH.replace("lr = 0.2", "lr = 0.3"))
    page.goto(f"/p/patches/compare?r={one},{other}")

    page.get_by_role("heading", name="Differences of the code").click()
    difference = page.get_by_role("figure")
    expect(difference).to_contain_text("calm-bee against bold-ant")
    expect(difference).to_contain_text("Another commit: 11111111 → 22222222")
    expect(difference.locator(".patch-path")).to_have_text(["train.py"])
    expect(difference.locator(".patch-removed")).to_contain_text("lr = 0.2")
    expect(difference.locator(".patch-added")).to_contain_text("lr = 0.3")
    page.get_by_role("radio").nth(1).check()
    expect(difference).to_contain_text("bold-ant against calm-bee")
    expect(difference.locator(".patch-added")).to_contain_text("lr = 0.2")


def test_the_timeline_says_how_it_went_and_what_is_behind_the_end(
    page: Page, folder: Path, record: Callable[..., Any], arrive: Callable[[Any], str]
) -> None:
    """Attempts, alerts and ends by time; a bare signal is explained, a known cause is not."""
    run = record(folder, "late-cat", project="ends", age_s=600)
    run.log(0, {"train/loss": 1.0})
    run.write(Alert(run.began_ns + 30 * 10**9, "warning", "<b>Loss</b> spiked", "", 7, ""))
    run.die(9, "killed by SIGKILL")
    page.goto(f"/r/{arrive(run)}/overview")

    timeline = page.get_by_role("region", name="Timeline")
    expect(timeline.get_by_role("listitem")).to_have_text(
        [
            "+0 sAttempt 1 began on gpu-box",
            "+30 s<b>Loss</b> spiked · step 7",
            "+1 m 00 sAttempt 1: killed · killed by SIGKILL",
        ]
    )
    expect(timeline).to_contain_text("SIGKILL ends a program at once")


def test_the_head_has_the_numbers_that_matter(
    page: Page, folder: Path, record: Callable[..., Any], arrive: Callable[[Any], str]
) -> None:
    """The best value with its very step among many, the pace, what is left, what it takes."""
    run = record(folder, "busy-bee", project="heads", age_s=2500)
    run.write(Params(run.began_ns, "trainer", {"max_steps": 8000, "epochs": 3}))
    for step in range(5000):
        run.log(step, {"val/loss": 0.125 if step == 3217 else 1 + step / 5000})
    for second in range(0, 100, 5):
        used = {"sys/gpu.0.utilization_percent": 70.0, "sys/gpu.1.utilization_percent": 80.0}
        run.sample(second, used | {"sys/gpu.0.memory_used_bytes": 2.0**30 * (1 + second // 50)})
    page.goto(f"/r/{arrive(run)}")

    numbers = page.locator(".key-numbers > div")
    expect(numbers).to_have_text(
        [
            "val/loss1.9998 last, step 4,999",
            "best val/loss0.125 at step 3,217",
            "Pace2 steps/s ",
            re.compile(r"^Time left25 m 0\d s of 8,000 steps$"),
            "GPU use75 % on average",
            "GPU memory2 GiB at most",
        ]
    )
    run.end(RunEnded(time.time_ns(), "finished"))
    expect(page.locator(".state")).to_have_text("finished")
    expect(page.get_by_text("Time left")).to_have_count(0)


def test_parameters_and_commands_can_be_taken_along(
    page: Page, context: BrowserContext, folder: Path, record: Callable[..., Any], arrive: Any
) -> None:
    """As JSON, YAML and options; and what to type to have the run once more."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    params = {"lr": 1e-7, "optimizer.name": "adam w", "seed": 1}
    run = record(folder, "again-ant", project="again", age_s=60, params=params)
    run.write(Params(run.began_ns, "git", {"remote": "https://host.example/net.git"}))
    run.write(Params(run.began_ns, "environment", {"numpy": "2.3.1"}))
    run.end(RunEnded(run.began_ns, "finished"))
    page.goto(f"/r/{arrive(run)}/overview")

    def copied(name: str) -> str:
        page.get_by_role("button", name=name).click()
        expect(page.get_by_text("Copied")).to_be_visible()
        text: str = page.evaluate("navigator.clipboard.readText()")
        expect(page.get_by_text("Copied")).to_have_count(0)
        return text

    assert copied("Copy as YAML") == 'lr: 1.0e-7\noptimizer:\n  name: "adam w"\nseed: 1'
    assert copied("Copy as options") == "--lr 1e-7 --optimizer.name 'adam w' --seed 1"
    assert json.loads(copied("Copy as JSON"))["optimizer"] == {"name": "adam w"}
    again = page.get_by_role("region", name="Do it again")
    expect(again.locator("pre")).to_have_text(
        "git clone https://host.example/net.git again\ncd again\n"
        f"git checkout {'8f3a1c5e' * 5}\ngit apply again-ant.patch\n"
        "pip install -r requirements.txt\npython train.py --lr 0.001"
    )
    with page.expect_download() as download:
        again.get_by_role("button", name="requirements.txt").click()
    assert Path(download.value.path()).read_text(encoding="utf-8") == "numpy==2.3.1\n"
