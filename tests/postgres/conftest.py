"""A private PostgreSQL, and an empty database for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mltrack_server.testing.cluster import Cluster
from mltrack_server.testing.cluster import cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """Return a PostgreSQL that all tests share."""
    with cluster() as found:
        yield found


@pytest.fixture
def database(postgres: Cluster) -> Iterator[str]:
    """Return the address of an empty database."""
    with postgres.database() as found:
        yield found
