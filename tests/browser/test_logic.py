"""The dashboard's logic and build, which need Node and no browser."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

DASHBOARD = Path(__file__).parents[2] / "server" / "dashboard"
VITEST = DASHBOARD / "node_modules" / "vitest" / "vitest.mjs"


@pytest.mark.slow
def test_the_dashboards_own_tests_pass() -> None:
    """Columns, tails, ranges, colours, sorting, filtering, texts: what `npm test` checks."""
    node = shutil.which("node")
    if node is None or not VITEST.exists():
        pytest.skip("needs Node, and `npm ci` in server/dashboard")

    done = subprocess.run(
        [node, str(VITEST), "run", "--no-color"],
        cwd=DASHBOARD,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_built_in_any_folder(tmp_path: Path) -> None:
    """A checkout may lie below a folder with blanks and letters of other alphabets."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node")
    server = tmp_path / "my checkout é" / "server"
    page = server / "mltrack_server" / "static" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("<p>" * 512)
    (server / "dashboard" / "scripts").mkdir(parents=True)
    script = shutil.copy(DASHBOARD / "scripts" / "finish.mjs", server / "dashboard" / "scripts")

    subprocess.run([node, script], check=True, capture_output=True)

    assert page.with_name("index.html.gz").exists()
