"""The random tests of `tests/system` again, with the counts of a release."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SYSTEM = Path(__file__).parents[1] / "system"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "setting", "value"),
    [
        ("test_kill.py", "MLTRACK_TEST_KILLS", "200000"),
        ("test_chaos.py", "MLTRACK_TEST_CHAOS_S", "1800"),
        ("test_memory.py", "MLTRACK_TEST_CALLS", "10000000"),
    ],
)
def test_what_holds_in_a_minute_holds_for_hours(module: str, setting: str, value: str) -> None:
    """Run *module* with the environment variable *setting*; what it found goes to the terminal."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", str(SYSTEM / module), "--log-cli-level=info"],
        env={**os.environ, setting: value},
    )

    assert done.returncode == 0
