"""`mltrack sync`: what was recorded without a server is delivered, in the foreground."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from mltrack_core.spool import destination
from mltrack_core.testing.ingest import IngestServer
from mltrack_core.testing.spool import RecordedSpool

pytestmark = pytest.mark.slow

PROGRAM = """
import argparse, sys
from mltrack_core import _commands
parser = argparse.ArgumentParser()
_commands.register(parser.add_subparsers())
options = parser.parse_args(["sync", *sys.argv[1:]])
sys.exit(options.run(options))
"""


def sync(site: Any, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `mltrack sync`."""
    return subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, *arguments],
        env={**site.environment, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def stored(server: IngestServer) -> int:
    """Return how many records a server has."""
    return len(server.payloads)


@pytest.fixture
def recorded(site: Any) -> Any:
    """Two runs that were recorded without a server, and no agent."""
    for _ in range(2):
        trainer = site.train(
            "for step in range(500): run.log({'loss': step})", MLTRACK_MODE="offline"
        )
        trainer.communicate()
    return site


def test_runs_recorded_without_a_server_are_delivered(recorded: Any, server: IngestServer) -> None:
    """To the one that is named, all of them, once, however often it is repeated."""
    first = sync(recorded, "--url", server.url, MLTRACK_TOKEN="secret")
    before = stored(server)
    second = sync(recorded, MLTRACK_URL=server.url)

    assert (first.returncode, second.returncode) == (0, 0), first.stdout + first.stderr
    assert before >= 1000
    spool = RecordedSpool(recorded.root)
    scalars = [frame for frames in server.streams.values() for frame in frames if frame.number == 3]
    assert len(scalars) == 1000
    assert {run for run, _ in server.streams} == set(spool.runs())
    where = destination.read(recorded.root, spool.runs()[0])
    assert where is not None
    assert (where.url, where.token) == (server.url, "secret")
    assert f"complete on {server.url}: 2 runs" in second.stdout


def test_it_says_where_the_runs_are(recorded: Any, server: IngestServer) -> None:
    """A run stays with its server, whichever is named later: so the server is named."""
    assert sync(recorded, "--url", server.url).returncode == 0

    again = sync(recorded, "--url", "http://127.0.0.1:9")

    assert f"complete on {server.url}: 2 runs" in again.stdout


def test_what_is_left_is_said(recorded: Any, server: IngestServer) -> None:
    """A server that refuses the token: exit code 1 at once, and everything is still here."""
    server.token = "another"

    result = sync(recorded, "--url", server.url)

    assert result.returncode == 1
    assert "2 of 2 runs not delivered" in result.stdout
    assert "401" in result.stdout
    assert stored(server) == 0

    again = sync(recorded, MLTRACK_URL=server.url, MLTRACK_TOKEN="another")
    assert again.returncode == 0


def test_a_failing_server_is_tried_again(recorded: Any, server: IngestServer) -> None:
    """A few 500s are no reason to give up."""
    server.script.extend([500, 500, "work", 503, "drop"])

    result = sync(recorded, "--url", server.url)

    assert result.returncode == 0


def test_without_a_server_it_asks_for_one(recorded: Any) -> None:
    """And an empty folder is no error."""
    assert sync(recorded).returncode == 2
    assert sync(recorded, MLTRACK_DIR=str(recorded.root / "empty")).returncode == 0
