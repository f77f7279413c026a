"""Trainers, agent and server killed at random moments: what had returned is stored, once, in order.

The oracle of returned calls is a file mapped into each trainer, outside of everything that mltrack
writes. MLTRACK_TEST_CHAOS_S sets how long each scenario goes on: 20 s unless it says otherwise.
"""

from __future__ import annotations

import contextlib
import logging
import mmap
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Final
from typing import Literal

import pytest

import mltrack
from mltrack_core.spool import layout

logger = logging.getLogger(__name__)

CHAOS_S: Final = float(os.environ.get("MLTRACK_TEST_CHAOS_S", "20"))
DEADLINE_S: Final = 120.0  # reached only by a test that fails
TRAINERS: Final = 2  # at the same time

# Logs its count as value and step, and publishes the count when log() has returned: one store of 8
# bytes into a shared file mapping, which survives the process.
TRAINER = """
import mmap, sys, time
import mltrack

with open(sys.argv[1], "r+b") as file:
    returned = memoryview(mmap.mmap(file.fileno(), 8)).cast("Q")
run = mltrack.init(project="chaos", console="off")
with open(sys.argv[1] + ".run", "w") as file:
    file.write(run.id)
count = 0
while True:
    run.log({"count": float(count)}, step=count)
    count += 1
    returned[0] = count
    time.sleep(0.001)
"""


@dataclass
class Oracle:
    """What one trainer has been promised."""

    path: Path

    def __post_init__(self) -> None:
        self.path.write_bytes(bytes(8))
        with self.path.open("r+b") as file:
            self._returned = memoryview(mmap.mmap(file.fileno(), 8)).cast("Q")

    @property
    def returned(self) -> int:
        """How many calls of log() have returned."""
        return self._returned[0]

    @property
    def run(self) -> str:
        """The id of the run; "" if the trainer was killed before it had one."""
        with contextlib.suppress(FileNotFoundError):
            return self.path.with_name(self.path.name + ".run").read_text()
        return ""


@dataclass
class Site:
    """One MLTRACK_DIR, one server, and the trainers that use them."""

    folder: Path
    mode: Literal["server", "local"]
    port: int
    oracles: list[Oracle] = field(default_factory=list)
    trainers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    server: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> Path:
        """The MLTRACK_DIR."""
        return self.folder / "root"

    @property
    def address(self) -> str:
        """Where the server is, when it is up."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What all processes see."""
        clean = {name: text for name, text in os.environ.items() if not name.startswith("MLTRACK")}
        if self.mode == "server":
            clean["MLTRACK_URL"] = self.address
        return {**clean, "MLTRACK_DIR": str(self.root)}

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of `mltrack` with *arguments*."""
        return [sys.executable, "-m", "mltrack._cli", *arguments]

    def start_server(self) -> None:
        """Start the server, without waiting until it is up."""
        serve = ["server", "--data", str(self.folder / "store")]
        arguments = serve if self.mode == "server" else ["ui", "--no-browser"]
        with (self.folder / "server.log").open("ab") as log:
            self.server = subprocess.Popen(
                self.command(*arguments, "--port", str(self.port)),
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def start_trainer(self) -> None:
        """Start another trainer with a run of its own."""
        oracle = Oracle(self.folder / f"oracle-{len(self.oracles):04d}")
        with (self.folder / "trainers.log").open("ab") as log:
            trainer = subprocess.Popen(
                [sys.executable, "-c", TRAINER, str(oracle.path)],
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        self.oracles.append(oracle)
        self.trainers.append(trainer)

    def kill_trainer(self) -> None:
        """Kill the oldest trainer."""
        kill(self.trainers.pop(0))

    def kill_server(self) -> None:
        """Kill the server, if it is there."""
        if self.server is not None:
            kill(self.server)
            self.server = None

    def kill_agent(self) -> bool:
        """Kill the agent; tell whether there was one."""
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.root / layout.AGENT_LOCK_FILE).read_text())
            if b"mltrack_core.agent" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
                return True
        return False


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill *process*, which must have been alive."""
    assert process.poll() is None, "it had ended by itself"
    process.kill()
    process.wait()


@pytest.fixture(params=["server", "local"])
def site(tmp_path: Path, request: pytest.FixtureRequest, steady_port: int) -> Iterator[Site]:
    """Return a site in either mode; nothing of it is left running."""
    site = Site(tmp_path, request.param, steady_port)
    site.root.mkdir()
    try:
        yield site
    finally:
        while site.trainers:
            site.kill_trainer()
        site.kill_server()
        site.kill_agent()


def wreak_havoc(site: Site, until_s: float) -> dict[str, int]:
    """Kill and restart everything at random until the monotonic clock says *until_s*.

    Longer where by then something was never met: the slower a machine, the rarer its agents.
    """
    chance = random.Random()
    kills = {"trainer": 0, "agent": 0, "server": 0}
    while time.monotonic() < until_s or not (
        all(kills.values()) and any(oracle.returned for oracle in site.oracles)
    ):
        assert time.monotonic() < until_s + DEADLINE_S, f"killed in vain: {kills}"
        while len(site.trainers) < TRAINERS:
            site.start_trainer()
        if site.server is None:
            site.start_server()
        time.sleep(chance.uniform(0.05, 1.5))
        victims = chance.choice(
            (["trainer"], ["agent"], ["server"], ["trainer", "agent", "server"])
        )
        if "agent" in victims:
            kills["agent"] += site.kill_agent()
        if "server" in victims:
            site.kill_server()
            kills["server"] += 1
            time.sleep(chance.uniform(0, 1))  # an outage that trainers and agent live through
        if "trainer" in victims:
            site.kill_trainer()
            kills["trainer"] += 1
    return kills


def heal(site: Site) -> None:
    """Let everything that is still under way arrive."""
    while site.trainers:
        site.kill_trainer()
    if site.server is None:
        site.start_server()
    deadline_s = time.monotonic() + DEADLINE_S
    if site.mode == "server":
        sync = site.command("sync")
        while subprocess.run(sync, env=site.environment, capture_output=True).returncode != 0:
            assert time.monotonic() < deadline_s, "the server never came back"
    while not all(is_stored(site, oracle) for oracle in site.oracles):
        assert time.monotonic() < deadline_s, "not everything has arrived"
        time.sleep(0.1)


def is_stored(site: Site, oracle: Oracle) -> bool:
    """Tell whether the server has as many points of the oracle's run as were promised."""
    if not oracle.returned:
        return True
    try:
        run = mltrack.open(site.address).run(oracle.run)
    except mltrack.MltrackError:
        return False
    count = run.metrics["count"].count if "count" in run.metrics else 0
    return count >= oracle.returned


@pytest.mark.slow
def test_whatever_is_killed_the_store_has_what_had_returned_once_in_order(site: Site) -> None:
    """SIGKILL to trainers, agent and server, alone and together; then the store is the oracle."""
    site.start_server()

    kills = wreak_havoc(site, time.monotonic() + CHAOS_S)
    heal(site)

    points = 0
    for oracle in (oracle for oracle in site.oracles if oracle.returned):
        run = mltrack.open(site.address).run(oracle.run)
        history = run.history("count")
        count = len(history)
        # The call that was under way when the trainer was killed may be there too.
        assert oracle.returned <= count <= oracle.returned + 1
        assert history.value.tolist() == list(range(count)), "lost, doubled or out of order"
        assert history.step.tolist() == list(range(count))
        assert run.details.losses == []
        points += count
    logger.info("%s: %s, %d runs, %d points", site.mode, kills, len(site.oracles), points)
    assert points > 0
