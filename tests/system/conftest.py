"""Where a training of these tests records, and who does what its agent would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mltrack_server.testing import serve


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An MLTRACK_DIR whose agent is called by hand."""
    monkeypatch.setenv("MLTRACK_DIR", str(tmp_path / "mltrack"))
    monkeypatch.delenv("MLTRACK_URL", raising=False)
    monkeypatch.setattr("mltrack_core._launch.ensure_agent", lambda _settings: True)
    return tmp_path / "mltrack"


@pytest.fixture(params=["folder", "server"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Where runs are recorded: in the folder, or on a server with a token."""
    if request.param == "folder":
        yield root
        return
    with serve(tmp_path / "server", token="a-token-for-tests-0123456789") as server:
        monkeypatch.setenv("MLTRACK_URL", server.address)
        monkeypatch.setenv("MLTRACK_TOKEN", server.token)
        yield server
