"""Runs of a real process, and what lies in the spool afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from mltrack_core.testing.spool import RecordedSpool


@pytest.fixture
def spool(own_folder: Path) -> RecordedSpool:
    """An empty MLTRACK_DIR that this process records into, without an agent."""
    return RecordedSpool(own_folder)


@pytest.fixture
def script(spool: RecordedSpool, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs Python source in a process of its own, without an agent."""

    def run(source: str, **environment: str) -> subprocess.CompletedProcess[str]:
        quiet = "import mltrack_core._launch as l; l.ensure_agent = lambda settings: False\n"
        path = tmp_path / "script.py"
        path.write_text(quiet + textwrap.dedent(source))
        return subprocess.run(
            [sys.executable, "-P", str(path)],
            capture_output=True,
            text=True,
            errors="replace",  # threads that print at once can garble each other, without us too
            check=False,
            cwd=tmp_path,
            env={**os.environ, **environment},
        )

    return run
