"""Delivered segments are kept for a while; undelivered ones for ever."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mltrack_core import limits
from mltrack_core import wire
from mltrack_core.agent.client import IngestClient
from mltrack_core.agent.retention import Retention
from mltrack_core.agent.shipping import Shipper
from mltrack_core.records import Note
from mltrack_core.spool import destination
from mltrack_core.spool import layout
from mltrack_core.spool.destination import Destination
from mltrack_core.spool.writer import SpoolWriter
from mltrack_core.testing.clock import FakeClock
from mltrack_core.testing.ingest import IngestServer

RUN = "0123456789abcdef" * 2


class Depot:
    """A run of many small segments, and what cleans it up."""

    def __init__(self, root: Path, server: IngestServer) -> None:
        self.root, self.server = root, server
        self.clock = FakeClock(time.time())
        self.client = IngestClient(Destination(server.url))
        self.shipper = Shipper(root, self.clock)
        self.writer = SpoolWriter(root, RUN, segment_bytes_max=500)
        destination.write(root, RUN, Destination(server.url))
        for number in range(50):
            self.writer.append(*wire.encode(Note(1, f"note {number:050d}")))

    def deliver(self) -> None:
        while self.shipper.ship([RUN]):
            pass

    def clean(self, *, is_closed: bool, bytes_max: int = limits.RETAIN_BYTES_MAX) -> None:
        retention = Retention(self.root, self.clock, bytes_max)
        retention.offer(RUN, self.client, is_closed=is_closed)
        retention.clean()

    def segments(self) -> list[int]:
        return [each.index for each in layout.segments(self.root, RUN).get(self.writer.stream, [])]


@pytest.fixture
def depot(tmp_path: Path, server: IngestServer) -> Iterator[Depot]:
    """A run of many small segments, not delivered yet."""
    depot = Depot(tmp_path, server)
    yield depot
    depot.writer.close()
    depot.client.close()
    depot.shipper.close()


def test_a_closed_and_delivered_run_goes_after_its_time(depot: Depot) -> None:
    """All of it, its folder too, and not a moment earlier."""
    depot.writer.close()
    depot.deliver()
    everything = depot.segments()

    depot.clock.advance(limits.RETAIN_S - 60)
    depot.clean(is_closed=True)
    assert depot.segments() == everything

    depot.clock.advance(120)
    depot.clean(is_closed=True)
    assert not layout.run_folder(depot.root, RUN).exists()


@pytest.mark.parametrize("is_closed", [True, False])
def test_what_the_server_does_not_confirm_stays(depot: Depot, is_closed: bool) -> None:
    """Never delivered, or lost again by the server: age and size do not matter."""
    depot.writer.close()
    depot.deliver()
    depot.server.streams.clear()
    depot.clock.advance(10 * limits.RETAIN_S)
    before = depot.segments()

    depot.clean(is_closed=is_closed, bytes_max=0)

    assert depot.segments() == before


@pytest.mark.parametrize("act", [500, 401, "garbage", "drop"])
def test_a_server_that_does_not_answer_confirms_nothing(depot: Depot, act: int | str) -> None:
    """No answer is no permission."""
    depot.writer.close()
    depot.deliver()
    depot.clock.advance(10 * limits.RETAIN_S)
    before = depot.segments()
    depot.server.script.extend([act] * 100)

    depot.clean(is_closed=True)

    assert depot.segments() == before


def test_of_a_run_that_goes_on_first_and_last_segment_stay(depot: Depot) -> None:
    """The first says whose stream it is, the last is being written."""
    depot.deliver()
    before = depot.segments()
    assert len(before) > 5

    depot.clean(is_closed=False, bytes_max=0)

    assert depot.segments() == [before[0], before[-1]]


def test_what_has_been_delivered_only_in_part_stays(depot: Depot) -> None:
    """Of a run that goes on, only segments that the server has wholly."""
    depot.deliver()
    ((_, stored),) = depot.server.streams.items()
    del stored[20:]

    depot.clean(is_closed=False, bytes_max=0)

    kept = depot.segments()
    assert kept[0] == 0
    assert kept[1] > 1
    shipper = Shipper(depot.root, depot.clock)
    while shipper.ship([RUN]):
        pass
    shipper.close()
    assert len(stored) == 50


def test_an_unsealed_stream_is_not_taken_for_closed(depot: Depot) -> None:
    """A writer on another host that shares the folder is not seen by this one."""
    depot.deliver()
    before = depot.segments()

    depot.clean(is_closed=True, bytes_max=0)

    assert {before[0], before[-1]} <= set(depot.segments())


def test_the_oldest_goes_first_when_there_is_too_much(depot: Depot) -> None:
    """RETAIN_BYTES_MAX is for all together."""
    depot.deliver()
    middle = layout.segments(depot.root, RUN)[depot.writer.stream][1:-1]
    for age, segment in enumerate(reversed(middle)):
        then = time.time() - 60 * (age + 1)
        os.utime(segment.path, (then, then))
    total = sum(segment.path.stat().st_size for segment in middle)

    depot.clean(is_closed=False, bytes_max=total // 2)

    kept = depot.segments()[1:-1]
    assert kept == [segment.index for segment in middle][-len(kept) :]
    assert 0 < len(kept) < len(middle)


def test_a_quarantine_outlives_its_run(depot: Depot) -> None:
    """What no server would take is for a person to look at."""
    quarantine = layout.run_folder(depot.root, RUN) / layout.QUARANTINE_FOLDER
    quarantine.mkdir()
    (quarantine / "kept.seg").write_bytes(b"kept")
    depot.writer.close()
    depot.deliver()
    depot.clock.advance(2 * limits.RETAIN_S)

    depot.clean(is_closed=True)

    assert depot.segments() == []
    assert (quarantine / "kept.seg").exists()


def test_a_stream_that_cannot_be_read_keeps_its_run(depot: Depot) -> None:
    """Of a newer version, or damaged: nobody can say that the server has it."""
    depot.writer.close()
    depot.deliver()
    strange = layout.segment_path(depot.root, RUN, "f" * 32, 0)
    strange.write_bytes(b"\xff" * 1000)
    depot.clock.advance(10 * limits.RETAIN_S)
    before = depot.segments()

    depot.clean(is_closed=True, bytes_max=0)

    assert depot.segments() == before
    assert strange.exists()
