"""What a newcomer sees first: the runs of `mltrack demo`, in a real browser."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


def test_the_demos_runs_show_the_nan_the_failure_and_the_kill(
    open_page: Callable[..., Page],
    serve: Callable[..., AbstractContextManager[str]],
    tmp_path: Path,
) -> None:
    """Eight real trainings: the diverged one is marked, the killed one says by which signal.

    With --no-serve the demo trains, says how to look at the runs, and is gone.
    """
    demo = [sys.executable, "-P", "-m", "mltrack._cli", "demo", "--no-serve"]
    done = subprocess.run([*demo, "--folder", str(tmp_path)], check=True, capture_output=True)
    assert b"mltrack ui" in done.stdout

    with serve(tmp_path, "ui", "--no-browser") as address:
        page = open_page(address)
        rows = page.get_by_role("row")
        expect(rows.filter(has_text="lr-range-test")).to_contain_text("NaN")
        expect(rows.filter(has_text="cropped")).to_contain_text("failed")
        expect(rows.filter(has_text="adam-wide")).to_contain_text("finished")
        rows.filter(has_text="killed-half-way").get_by_role("link").first.click()
        expect(page.locator(".state")).to_have_text("killed")
        expect(page.locator(".ending")).to_contain_text("SIGKILL")
        expect(page.get_by_role("region", name="val/loss", exact=True)).to_be_visible()
        page.goto("/")
        rows.filter(has_text="lr-range-test").get_by_role("link").first.click()
        diverged = page.get_by_role("region", name="train/loss", exact=True)
        expect(diverged).to_contain_text("values are NaN or ±∞")
        page.close()
