"""Real trainers, real agents, a real server on the loopback."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import pytest

from mltrack_core import wire
from mltrack_core.records import Record
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.spool import layout
from mltrack_core.testing.ingest import IngestServer
from mltrack_core.testing.spool import RecordedSpool

DEADLINE_S = 30.0  # generous: it is reached only by a test that fails


@dataclass(slots=True)
class Site:
    """One MLTRACK_DIR with the processes that work on it."""

    root: Path
    scripts: Path
    trainers: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What trainers see: no other tracker's settings, this folder."""
        clean = {name: text for name, text in os.environ.items() if "MLTRACK" not in name}
        return {**clean, "MLTRACK_DIR": str(self.root)}

    def train(self, source: str, **environment: str) -> subprocess.Popen[str]:
        """Start a trainer that has a run called `run` and then does what *source* says."""
        path = self.scripts / f"train{len(self.trainers)}.py"
        path.write_text(
            "import mltrack_core\nrun = mltrack_core.init()\n" + textwrap.dedent(source)
        )
        trainer = subprocess.Popen(
            [sys.executable, "-P", str(path)],
            env={**self.environment, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.trainers.append(trainer)
        return trainer

    def agent_pid(self) -> int:
        """Return the pid of the agent; 0 while there is none."""
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.root / layout.AGENT_LOCK_FILE).read_text())
            if b"mltrack_core.agent" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        return 0

    def streams(self, role: str) -> list[list[Record | wire.Unknown]]:
        """Return the records of all streams of a role."""
        spool = RecordedSpool(self.root)
        return [
            stream
            for run in spool.runs()
            for stream in spool.streams(run)
            if isinstance(stream[0], RunStarted) and stream[0].role == role
        ]

    def of(self, kind: type[Record], role: str = "agent") -> list[Record]:
        """Return all records of a kind in the streams of a role."""
        return [each for stream in self.streams(role) for each in stream if isinstance(each, kind)]

    def watched(self) -> bool:
        """Tell whether an agent has begun to watch a trainer."""
        return bool(self.streams("agent"))

    def ends(self) -> list[tuple[str, str, int | None, int | None]]:
        """Return state, reason, exit code and signal of the ends that agents told."""
        return [
            (each.state, each.reason, each.exit_code, each.signal)
            for each in self.of(RunEnded)
            if isinstance(each, RunEnded)
        ]

    def is_settled(self) -> bool:
        """Tell whether every agent's stream is sealed, and there is one."""
        streams = self.streams("agent")
        return bool(streams) and all(type(stream[-1]).__name__ == "Seal" for stream in streams)

    def stop(self) -> None:
        """End everything."""
        for trainer in self.trainers:
            if trainer.poll() is None:
                trainer.kill()
            trainer.communicate()
        pid = self.agent_pid()
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """An empty MLTRACK_DIR; what runs on it ends with the test."""
    site = Site(tmp_path / "mltrack", tmp_path)
    yield site
    site.stop()


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Waits for a condition, and fails if it never comes."""

    def until(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, "it never came"
            time.sleep(0.02)

    return until


@pytest.fixture
def server() -> Iterator[IngestServer]:
    """A server that takes what it is sent, until told otherwise."""
    with IngestServer().running() as server:
        yield server


@pytest.fixture(scope="session")
def kernel_remembers() -> bool:
    """Whether a pidfd tells the exit status of a process that was collected."""
    major, minor = os.uname().release.split(".")[:2]
    return (int(major), int(minor.partition("-")[0])) >= (6, 15)
