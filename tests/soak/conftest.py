"""The long lane runs where it is asked for by name: `tox -e soak`, or `pytest tests/soak`."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave this folder out of a plain `pytest`."""
    return None if any("soak" in argument for argument in config.args) else True
