"""The whole agent: found by itself, delivers what trainers write while they write it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mltrack_core import wire
from mltrack_core.agent import durability
from mltrack_core.agent.durability import Durability
from mltrack_core.agent.gpus import Gpus
from mltrack_core.agent.keeper import Keeper
from mltrack_core.agent.loop import Agent
from mltrack_core.agent.room import Room
from mltrack_core.agent.shipping import Shipper
from mltrack_core.limits import IDLE_EXIT_S
from mltrack_core.records import Devices
from mltrack_core.records import Note
from mltrack_core.records import Params
from mltrack_core.spool import destination
from mltrack_core.spool import layout
from mltrack_core.spool import space
from mltrack_core.spool.destination import Destination
from mltrack_core.spool.reader import read_segment
from mltrack_core.spool.space import Pressure
from mltrack_core.spool.writer import SpoolWriter
from mltrack_core.testing.clock import FakeClock
from mltrack_core.testing.gpus import FakeGpus
from mltrack_core.testing.ingest import IngestServer

Until = Callable[[Callable[[], object]], None]
NOTE = wire.encode(Note(1, "x" * 100))


def spooled(root: Path) -> list[tuple[str, str, int]]:
    """Return run, stream and number of records of every stream in the spool."""
    return sorted(
        (run, stream, sum(len(read_segment(each.path).frames) for each in segments))
        for run in layout.runs(root)
        for stream, segments in layout.segments(root, run).items()
    )


def has_more_requests(server: IngestServer, before: int) -> bool:
    """Tell whether the server has been asked since."""
    return len(server.requests) > before


@pytest.mark.slow
def test_everything_arrives_while_agents_are_killed(
    site: Any, until: Until, server: IngestServer
) -> None:
    """A trainer logs, its agents are killed again and again: each record is stored once."""
    server.script.extend(["work", 500, "work", "drop"] * 3)
    online = {"MLTRACK_URL": server.url}
    source = """
        for step in range(3000):
            run.log({"loss": step}, step=step)
        input()
    """
    site.train(source, **online)
    for _ in range(3):
        until(site.agent_pid)
        before = len(server.requests)
        until(partial(has_more_requests, server, before))
        os.kill(site.agent_pid(), signal.SIGKILL)
        until(lambda: not site.agent_pid())
        site.train("input()", **online)
    for trainer in site.trainers:
        trainer.communicate("\n")

    until(
        lambda: (
            sorted((run, stream, len(frames)) for (run, stream), frames in server.streams.items())
            == spooled(site.root)
        )
    )
    steps = [
        wire.decode(frame.number, frame.payload)
        for frames in server.streams.values()
        for frame in frames
        if frame.number == wire.SCALARS
    ]
    assert [record.values["loss"] for record in steps] == list(range(3000))  # type: ignore[union-attr]


@pytest.mark.slow
def test_devices_and_facts_are_recorded_from_the_start(site: Any, until: Until) -> None:
    """Also of a run that takes a second."""
    trainer = site.train("input()")
    until(site.watched)
    until(lambda: {each.namespace for each in site.of(Params)} >= {"host", "environment"})

    trainer.communicate("\n")
    until(site.is_settled)

    first = site.of(Devices)[0]
    assert first.values["sys/process.memory_bytes"] > 0
    assert "sys/memory.used_bytes" in first.values
    host, environment = (
        next(each.values for each in site.of(Params) if each.namespace == namespace)
        for namespace in ("host", "environment")
    )
    assert host["cpu.threads"] == os.cpu_count()
    assert "msgspec" in environment


def test_an_agent_without_work_leaves_after_its_time(tmp_path: Path) -> None:
    """Not before, and not while something is left to deliver."""
    clock = FakeClock()
    shipper = Shipper(tmp_path, clock)
    shipper.ship([])  # there is nothing: now that is known
    keeper = Keeper(tmp_path, clock)
    keeper.keep()
    agent = Agent(tmp_path, clock, Gpus(FakeGpus([])), shipper, keeper)
    (tmp_path / layout.SPOOL_FOLDER).mkdir()

    steps = 0
    while not agent.is_idle:
        agent.step()
        clock.advance(1.0)
        steps += 1

    assert steps == int(IDLE_EXIT_S) + 1


def test_a_step_that_takes_long_is_not_idleness(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else an agent on a hung file system would leave its trainers alone."""
    clock = FakeClock()
    shipper, keeper = Shipper(tmp_path, clock), Keeper(tmp_path, clock)
    agent = Agent(tmp_path, clock, Gpus(FakeGpus([])), shipper, keeper)

    def look() -> bool:
        clock.advance(2 * IDLE_EXIT_S)
        return True  # there is a run

    monkeypatch.setattr(agent, "_look", look)
    agent.step()

    assert not agent.is_idle


def test_only_segments_that_have_grown_are_forced_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each once after it has grown; a new file's name too."""
    synced: list[str] = []
    real = durability._fdatasync

    def record(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    monkeypatch.setattr(durability, "_fdatasync", record)
    run = "ab" * 16
    writer = SpoolWriter(tmp_path, run, segment_bytes_max=300)
    secured = Durability(tmp_path)
    writer.append(*NOTE)

    secured.secure([run])
    (segment,) = layout.run_folder(tmp_path, run).iterdir()
    assert synced == [str(segment), str(segment.parent), str(segment.parent.parent)]

    synced.clear()
    secured.secure([run])
    assert synced == []

    writer.append(*NOTE)
    writer.append(*NOTE)
    secured.secure([run])
    newest = max(layout.run_folder(tmp_path, run).iterdir())
    assert synced[:2] == [str(segment), str(newest)]
    assert str(segment.parent) in synced
    writer.close()


def test_a_segment_that_cannot_be_forced_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EIO is logged; the others are still forced, and it is tried again."""
    tried: list[int] = []

    def refuse(descriptor: int) -> None:
        tried.append(descriptor)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(durability, "_fdatasync", refuse)
    runs = ["ab" * 16, "cd" * 16]
    for run in runs:
        writer = SpoolWriter(tmp_path, run)
        writer.append(*NOTE)
        writer.close()
    secured = Durability(tmp_path)

    secured.secure(runs)
    once = len(tried)
    secured.secure(runs)

    assert once >= 2
    assert len(tried) > once


def test_the_pressure_follows_the_size_of_the_spool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up when the quota of what waits for a server is nearly used, and down when room is made."""
    real = space.measure
    monkeypatch.setattr(space, "measure", lambda root, size: real(root, size, 10_000))
    monkeypatch.setattr(space, "room_left", lambda root: 1.0)
    run = "ab" * 16
    writer = SpoolWriter(tmp_path, run)
    room = Room(tmp_path)
    writer.append(*NOTE)
    destination.write(tmp_path, run, Destination("http://127.0.0.1:9"))

    assert room.publish([run]) is Pressure.NONE
    for _ in range(65):
        writer.append(*NOTE)
    assert room.publish([run]) is Pressure.NO_CONSOLE
    assert space.published(tmp_path) is Pressure.NO_CONSOLE
    for _ in range(60):
        writer.append(*NOTE)
    assert room.publish([run]) is Pressure.NO_MEDIA  # metrics go on until the disk is full

    writer.close()
    for segment in layout.run_folder(tmp_path, run).iterdir():
        segment.unlink()
    assert room.publish([]) is Pressure.NONE
    assert space.published(tmp_path) is Pressure.NONE


def test_runs_that_go_nowhere_have_no_quota(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The spool may be the only copy of a local run: nothing of it is dropped while there is room.

    Once it is to be delivered, it counts.
    """
    real = space.measure
    monkeypatch.setattr(space, "measure", lambda root, size: real(root, size, 10_000))
    monkeypatch.setattr(space, "room_left", lambda root: 1.0)
    run = "ab" * 16
    writer = SpoolWriter(tmp_path, run)
    room = Room(tmp_path)
    for _ in range(300):
        writer.append(*NOTE)

    assert room.publish([run]) is Pressure.NONE
    destination.write(tmp_path, run, Destination("http://127.0.0.1:9"))
    assert room.publish([run]) is Pressure.NO_MEDIA
