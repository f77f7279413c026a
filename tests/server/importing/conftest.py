"""`mltrack import`, for real: files of other trackers, and what of them lies in the spool."""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from mltrack import _cli
from mltrack_core import _launch
from mltrack_core.testing.spool import RecordedSpool

Import = Callable[..., RecordedSpool]

GOLDEN = Path(__file__).with_name("golden")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An MLTRACK_DIR whose agent's lock is taken, so that none starts; no server."""
    for name in ("MLTRACK_URL", "MLTRACK_TOKEN", "MLTRACK_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "home"
    monkeypatch.setenv("MLTRACK_DIR", str(folder))
    lock = _launch.take_lock(folder)
    assert lock is not None
    yield folder
    os.close(lock)


@pytest.fixture
def imports(home: Path) -> Import:
    """Imports paths and returns what is recorded then."""

    def imports(*arguments: Path | str, status: int = 0) -> RecordedSpool:
        assert _cli.main(["import", *map(str, arguments)]) == status
        return RecordedSpool(home)

    return imports
