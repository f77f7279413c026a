"""What every test can count on, however the tests were started, and what many of them share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import mltrack_core
from mltrack_core.testing.recording import RecordingTracker

_FRAMEWORKS: Final = frozenset(("hf", "keras", "lightning", "pytorch"))  # folders beside this file


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
def run() -> RecordingTracker:
    """Keeps what it is told."""
    return RecordingTracker()
