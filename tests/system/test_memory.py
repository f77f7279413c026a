"""A training process stays as small as it was, however often it logs.

MLTRACK_TEST_CALLS sets how often: 100,000 times unless it says otherwise; the release lane asks for
10,000,000. `bench/training/soak.py` prints the same as numbers.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from mltrack_core.limits import MIB
from mltrack_core.spool import layout

CALLS: Final = int(os.environ.get("MLTRACK_TEST_CALLS", "100000"))
GROWTH_BYTES_MAX: Final = 8 * MIB  # what DESIGN.md promises for 10^7 calls

TRAINER = """
import gc, sys
import mltrack

def private_bytes():
    gc.collect()
    with open("/proc/self/smaps_rollup") as file:
        rows = dict(line.split(":", 1) for line in file if ":" in line)
    return 1024 * sum(int(rows[key].split()[0]) for key in ("Private_Clean", "Private_Dirty"))

calls = int(sys.argv[1])
run = mltrack.init(project="soak", console="off")
for step in range(calls // 100):
    run.log({"loss": step * 0.5}, step=step)
before = private_bytes()
for step in range(calls // 100, calls):
    run.log({"loss": step * 0.5}, step=step)
sys.stdout.write(str(private_bytes() - before))
"""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Return an MLTRACK_DIR; its agent, which would wait for the server for ever, is ended."""
    yield tmp_path
    pid = int((tmp_path / layout.AGENT_LOCK_FILE).read_text() or 0)
    if pid and b"mltrack_core.agent" in Path(f"/proc/{pid}/cmdline").read_bytes():
        os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize("url", ["", "http://127.0.0.1:9"], ids=["local", "server down"])
def test_a_training_process_does_not_grow_with_what_it_logs(root: Path, url: str) -> None:
    """Nothing that is logged stays in memory, with the server down neither."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("MLTRACK")}

    done = subprocess.run(
        [sys.executable, "-c", TRAINER, str(CALLS)],
        env={**clean, "MLTRACK_DIR": str(root), "MLTRACK_URL": url},
        capture_output=True,
        check=True,
    )

    assert int(done.stdout) < GROWTH_BYTES_MAX
    assert sum(path.stat().st_size for path in root.rglob("*.seg")) > 30 * CALLS
