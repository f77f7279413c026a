"""The dashboard and the server mean the same by every field."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

DASHBOARD = Path(__file__).parents[2] / "server" / "dashboard"


@pytest.mark.slow
def test_the_dashboards_types_are_those_of_the_api() -> None:
    """src/api/types.ts is what its script writes from the server's resources today."""
    written = subprocess.run(
        [sys.executable, "scripts/api_types.py"],
        cwd=DASHBOARD,
        check=True,
        capture_output=True,
        text=True,
    )

    assert (DASHBOARD / "src/api/types.ts").read_text(encoding="utf-8") == written.stdout
