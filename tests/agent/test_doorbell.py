"""The doorbell: a run that begins is looked at, at once."""

from __future__ import annotations

import select
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mltrack_core import _launch
from mltrack_core.agent import loop
from mltrack_core.agent.doorbell import Doorbell
from mltrack_core.agent.gpus import Gpus
from mltrack_core.agent.keeper import Keeper
from mltrack_core.agent.loop import Agent
from mltrack_core.agent.shipping import Shipper
from mltrack_core.spool import layout
from mltrack_core.testing.clock import FakeClock
from mltrack_core.testing.gpus import FakeGpus

LONG_S = 3600.0
WAIT_S = 30.0  # reached only by a test that fails


@pytest.fixture
def doorbell(tmp_path: Path) -> Iterator[Doorbell]:
    """The agent's end of a folder's bell."""
    bell = Doorbell(tmp_path)
    yield bell
    bell.close()


def rings(doorbell: Doorbell) -> bool:
    """Tell whether somebody has rung and was not answered."""
    return bool(select.select([doorbell.descriptor], [], [], 0)[0])


def test_a_ring_is_heard_until_it_is_answered(doorbell: Doorbell, tmp_path: Path) -> None:
    """Also many of them, and also when the ringing process is gone."""
    assert not rings(doorbell)

    for _ in range(100_000):  # more than a pipe holds: nobody waits
        _launch._ring(tmp_path)

    assert rings(doorbell)
    doorbell.answer()
    assert not rings(doorbell)


def test_nobody_waits_where_no_agent_is(tmp_path: Path) -> None:
    """No bell, one without an agent behind it, and a file in its place: nothing happens."""
    _launch._ring(tmp_path)
    Doorbell(tmp_path).close()
    _launch._ring(tmp_path)
    (tmp_path / layout.AGENT_BELL_FILE).unlink()
    (tmp_path / layout.AGENT_BELL_FILE).symlink_to(tmp_path / "else")

    _launch._ring(tmp_path)
    unheard = Doorbell(tmp_path)

    assert unheard.descriptor == -1
    assert not (tmp_path / "else").exists()


def test_an_agent_that_waits_is_woken(
    doorbell: Doorbell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it would have waited until its next look."""
    monkeypatch.setattr(loop, "_LOOK_S", LONG_S)
    clock = FakeClock()
    shipper, keeper = Shipper(tmp_path, clock), Keeper(tmp_path, clock)
    agent = Agent(tmp_path, clock, Gpus(FakeGpus([])), shipper, keeper, doorbell=doorbell)
    waiting = threading.Thread(target=agent._wait, daemon=True)

    waiting.start()
    _launch._ring(tmp_path)
    waiting.join(WAIT_S)

    assert not waiting.is_alive()
