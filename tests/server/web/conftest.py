"""A real server on a free port of loopback, with a real store, for every test."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import serve

Serve = Callable[..., contextlib.AbstractContextManager[RunningServer]]


@pytest.fixture
def token() -> str:
    """Give the token of `guarded`."""
    return "a-token-for-tests-0123456789"


@pytest.fixture
def make_server(tmp_path: Path) -> Serve:
    """Give what starts a server on this test's folder."""
    return lambda **options: serve(tmp_path, **options)


@pytest.fixture
def server(make_server: Serve) -> Iterator[RunningServer]:
    """Give a server without a token."""
    with make_server() as running:
        yield running


@pytest.fixture
def guarded(make_server: Serve, token: str) -> Iterator[RunningServer]:
    """Give a server that wants a token."""
    with make_server(token=token) as running:
        yield running


@pytest.fixture
def agent() -> Agent:
    """Give a stream that the server has never seen."""
    return Agent()
