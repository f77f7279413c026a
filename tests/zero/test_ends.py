"""How a program below `mltrack run` ended, as its agent tells."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

import mltrack
from mltrack_core.spool import layout

pytestmark = pytest.mark.slow

Launch = Callable[..., subprocess.CompletedProcess[str]]
Write = Callable[..., Path]

DEADLINE_S = 30.0  # reached only by a test that fails


@pytest.fixture(autouse=True)
def _agent(tmp_path: Path) -> Iterator[None]:
    """Ends the agent that the first run starts."""
    yield
    with contextlib.suppress(OSError, ValueError):
        pid = int((tmp_path / "mltrack" / layout.AGENT_LOCK_FILE).read_text())
        if b"mltrack_core.agent" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)


def _wait_for(folder: Path, state: str) -> None:
    """Wait until the only run is in a state: the agent's word may come after the program's own."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        (run,) = mltrack.open(folder).runs()
        if run.state == state:
            return
        assert time.monotonic() < deadline, f"it is {run.state}"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("ending", "state", "code"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "killed", -signal.SIGKILL),
        ("os._exit(3)", "failed", 3),
        ("sys.exit(4)", "failed", 4),
        ("pass", "finished", 0),
    ],
)
def test_the_agent_sees_how_a_program_ended(
    launch: Launch, write: Write, tmp_path: Path, ending: str, state: str, code: int
) -> None:
    """Also where the program could not say it, and though we have collected it."""
    write(f"import os, signal, sys, mltrack\nrun = mltrack.init()\nrun.log({{'x': 1}})\n{ending}")

    ended = launch("run", "train.py")

    assert ended.returncode == code
    _wait_for(tmp_path / "mltrack", state)


def test_a_program_outlives_the_one_that_started_it(write: Write, tmp_path: Path) -> None:
    """Who kills `mltrack run` with SIGKILL has not killed the training."""
    write("""
        import mltrack
        run = mltrack.init()
        print("ready", flush=True)
        input()
        run.log({"x": 1})
    """)
    program = subprocess.Popen(
        [sys.executable, "-m", "mltrack._cli", "run", "train.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=tmp_path,
        text=True,
    )
    assert program.stdin is not None
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"

    program.kill()
    program.wait()
    program.stdin.write("\n")
    program.stdin.close()
    program.stdout.read()  # until the training has closed it

    _wait_for(tmp_path / "mltrack", "finished")
    program.stdout.close()
