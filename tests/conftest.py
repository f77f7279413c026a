"""What every test can count on, however the tests were started, and what many of them share."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck
from hypothesis import settings

import mltrack_core
from mltrack_core.testing.recording import RecordingTracker

_FRAMEWORKS: Final = frozenset(("hf", "keras", "lightning", "pytorch"))  # folders beside this file
_PORTS: Final = range(11_000, 65_536)  # that browsers go to


# The same examples each time, however long one takes: what is found by chance, or on a busy machine
# only, fails a change that has nothing to do with it. `--hypothesis-profile=default` looks further.
settings.register_profile(
    "mltrack",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
# Where another environment has looked for the same.
settings.register_profile("few", settings.get_profile("mltrack"), max_examples=20)
settings.load_profile("mltrack")


def pytest_configure() -> None:
    """Let programs that tests start hear Ctrl-C and hang-ups.

    What a shell starts in the background ignores them, and hands that on to all its children.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let frameworks warn in their own code: it is not ours to mend."""
    for item in items:
        if item.path.relative_to(Path(__file__).parent).parts[0] in _FRAMEWORKS:
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty MLTRACK_DIR that this process records into, without an agent."""
    for name in list(os.environ):
        if name.startswith("MLTRACK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MLTRACK_DIR", str(tmp_path / "mltrack"))
    monkeypatch.setattr("mltrack_core._launch.ensure_agent", lambda settings: False)
    yield tmp_path / "mltrack"
    mltrack_core.finish()


@pytest.fixture
def strict_folder(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An MLTRACK_DIR of the test's own, in which our faults fail it."""
    monkeypatch.setenv("MLTRACK_STRICT", "1")
    return own_folder


@pytest.fixture
def steady_port() -> int:
    """A port of the loopback for a server that goes away and comes back to it.

    None of those that the kernel deals out: while the server is away it would be anybody's.
    """
    dealt = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    first, last = map(int, dealt)
    ports = [port for port in _PORTS if not first <= port <= last] or list(_PORTS)
    while True:
        port = random.choice(ports)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


@pytest.fixture
def run() -> RecordingTracker:
    """Keeps what it is told."""
    return RecordingTracker()
