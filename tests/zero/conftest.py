"""`mltrack run`, for real: programs that know nothing of mltrack, and what lies in the spool."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

import mltrack
import mltrack_core
from mltrack_core import _launch
from mltrack_core.testing.spool import RecordedSpool

Launch = Callable[..., subprocess.CompletedProcess[str]]

RUN = (sys.executable, "-m", "mltrack._cli", "run")


@pytest.fixture(autouse=True)
def _surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty MLTRACK_DIR; our faults fail the test."""
    for name in list(os.environ):
        if name == "MLTRACK_TEST_REQUIRE":
            continue
        if name.startswith(("MLTRACK_", "SLURM_", "TORCHELASTIC_")):
            monkeypatch.delenv(name)
    # Programs below run in a folder of their own, and find there what they would find anywhere.
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    monkeypatch.setenv("MLTRACK_DIR", str(tmp_path / "mltrack"))
    monkeypatch.setenv("MLTRACK_STRICT", "1")
    # One thread each: several processes at once must not fight for two cores.
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def needs() -> Callable[..., None]:
    """Skips a test without a package; fails it where MLTRACK_TEST_REQUIRE=zero."""

    def needs(*packages: str) -> None:
        missing = [name for name in packages if importlib.util.find_spec(name) is None]
        if missing and os.environ.get("MLTRACK_TEST_REQUIRE") == "zero":
            pytest.fail(f"missing: {missing}")
        if missing:
            pytest.skip(f"missing: {missing}")

    return needs


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[RecordedSpool]:
    """What is recorded, by trainers only: the agent's lock is taken, so none starts."""
    lock = _launch.take_lock(tmp_path / "mltrack")
    assert lock is not None
    yield RecordedSpool(tmp_path / "mltrack")
    os.close(lock)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of source into the folder that programs run in."""

    def write(source: str, name: str = "train.py") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source))
        return path

    return write


@pytest.fixture
def launch(tmp_path: Path) -> Launch:
    """Runs a program to its end: `launch("run", …)` below `mltrack run`, else by itself."""

    def launch(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = (*RUN, *words[1:]) if words[0] == "run" else words
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, **environment},
        )

    return launch


@pytest.fixture
def in_this_process(spool: RecordedSpool) -> Iterator[RecordedSpool]:
    """The spool of a test that calls `mltrack.autolog()` itself."""
    yield spool
    mltrack_core.finish()
    mltrack.autolog(disable=True)
