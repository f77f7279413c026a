"""Local mode: real spools, read as they grow, and thinned out by the retention rule."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
import zlib
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mltrack_core import records
from mltrack_core import wire
from mltrack_core.spool import destination
from mltrack_core.spool import layout
from mltrack_core.spool.destination import Destination
from mltrack_core.spool.segment import Batch
from mltrack_core.spool.writer import SpoolWriter
from mltrack_server import local as local_module
from mltrack_server.local import LocalIngest
from mltrack_server.local import pause_after
from mltrack_server.retention import reclaim
from mltrack_server.store import Store
from mltrack_server.writer import Writer

DEADLINE_S = 30


def spool(root: Path, first: records.Record, run: str = "", **options: Any) -> SpoolWriter:
    """Return the writer of a new stream that has begun."""
    writer = SpoolWriter(root, run or os.urandom(16).hex(), **options)
    writer.open()
    writer.append(*wire.encode(first))
    return writer


def scalars(writer: SpoolWriter, steps: range) -> None:
    """Log one metric at each step."""
    for step in steps:
        writer.append(*wire.encode(records.Scalars(step, step, {"loss": float(step)})))


def steps(store: Store, run: str) -> list[int]:
    """Return the steps stored of the metric."""
    points = store.points(run, "loss")
    return [] if points is None else [int(step) for step in points.step]


def follow(
    root: Path, store: Store, use: Callable[[LocalIngest], Awaitable[None]], *, starts: bool = True
) -> None:
    """Run *use* beside a writer and a reader of the spool."""

    async def main() -> None:
        writer = Writer(store)
        await writer.start()
        local = LocalIngest(root, writer, store, interval_s=0.02)
        if starts:
            await local.start()
        try:
            async with asyncio.timeout(DEADLINE_S):
                await use(local)
        finally:
            await local.stop()
            await writer.stop()

    asyncio.run(main())


async def until(condition: Callable[[], bool]) -> None:
    """Wait for *condition* to hold; the test's deadline bounds it."""
    while not condition():  # noqa: ASYNC110 - what is waited for is in a database
        await asyncio.sleep(0.01)


def test_a_run_is_seen_while_it_grows(store: Store, tmp_path: Path, make_started: Any) -> None:
    """Records of runs old, present and begun later arrive, over segments, without a reload."""
    root = tmp_path / "mltrack"
    old = spool(root, make_started())
    scalars(old, range(10))
    old.close()

    async def use(_local: LocalIngest) -> None:
        await until(lambda: steps(store, old.run) == list(range(10)))
        new = spool(root, make_started(), segment_bytes_max=1000)
        for end in (1, 50, 200):
            scalars(new, range(len(steps(store, new.run)), end))
            await until(lambda end=end: steps(store, new.run) == list(range(end)))  # type: ignore[misc]
        assert len(layout.segments(root, new.run)[new.stream]) > 1
        second = spool(root, make_started(attempt=2), new.run)
        scalars(second, range(200, 210))
        await until(lambda: len(steps(store, new.run)) == 210)

    follow(root, store, use)


def test_little_waits_for_more_and_much_does_not(
    store: Store, tmp_path: Path, make_started: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a trainer logs all the time is committed four times a second, not a thousand times."""
    log = spool(tmp_path, make_started())
    rests: list[list[int]] = []

    async def grow(_pause_s: float) -> None:
        rests.append(steps(store, log.run))
        scalars(log, range(len(rests) * 10, len(rests) * 10 + 10))
        if len(rests) == 3:
            raise asyncio.CancelledError

    async def use(local: LocalIngest) -> None:
        collect = local._collect

        def collect_while_it_grows() -> Any:
            found = collect()
            scalars(log, range(1))
            return found

        monkeypatch.setattr(local, "_collect", collect_while_it_grows)
        monkeypatch.setattr(asyncio, "sleep", grow)
        with contextlib.suppress(asyncio.CancelledError):
            await local._run()

    follow(tmp_path, store, use, starts=False)

    assert [len(seen) for seen in rests] == [0, 11, 22]


def test_catching_up_reads_everything_once(store: Store, tmp_path: Path, make_started: Any) -> None:
    """After `catch_up` the store holds all that was in the spool; again, it changes nothing."""
    writers = [spool(tmp_path, make_started()) for _ in range(20)]
    for number, writer in enumerate(writers):
        scalars(writer, range(number))

    async def use(local: LocalIngest) -> None:
        await local.catch_up()
        assert [len(steps(store, writer.run)) for writer in writers] == list(range(20))
        rev = store.rev()
        await local.catch_up()
        assert store.rev() == rev
        scalars(writers[0], range(3))
        await local.catch_up()
        assert steps(store, writers[0].run) == [0, 1, 2]

    follow(tmp_path, store, use, starts=False)


def test_a_store_that_knows_part_of_it_is_continued(
    store: Store, tmp_path: Path, make_started: Any
) -> None:
    """A new process goes on where the store is: there is no other cursor."""
    writer = spool(tmp_path, make_started())
    scalars(writer, range(5))

    async def use(local: LocalIngest) -> None:
        await local.catch_up()

    follow(tmp_path, store, use, starts=False)
    scalars(writer, range(5, 9))
    writer.close()
    follow(tmp_path, store, use, starts=False)
    follow(tmp_path, store, use, starts=False)

    assert steps(store, writer.run) == list(range(9))
    run = store.run(writer.run)
    assert run is not None
    assert run.losses == []
    assert run.streams[0].is_sealed


def test_damage_is_counted_on_the_run(
    store: Store, tmp_path: Path, make_started: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A flipped bit costs one record, a warning, and a loss that the run shows."""
    writer = spool(tmp_path, make_started())
    scalars(writer, range(20))
    writer.close()
    (segment,) = layout.segments(tmp_path, writer.run)[writer.stream]
    content = bytearray(segment.path.read_bytes())
    content[len(content) // 2] ^= 1
    segment.path.write_bytes(content)

    async def use(local: LocalIngest) -> None:
        await local.catch_up()

    with caplog.at_level(logging.WARNING):
        follow(tmp_path, store, use, starts=False)

    run = store.run(writer.run)
    assert run is not None
    assert len(steps(store, writer.run)) == 19
    assert [(loss.reason, loss.count) for loss in run.losses] == [("damaged in the spool", 1)]
    assert str(segment.path) in caplog.text


def test_what_cannot_be_read_does_not_stop_the_rest(
    store: Store, tmp_path: Path, make_started: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A segment of a newer version, and a folder in a segment's place, are told once each."""
    good, newer, odd = (spool(tmp_path, make_started()) for _ in range(3))
    scalars(good, range(3))
    (segment,) = layout.segments(tmp_path, newer.run)[newer.stream]
    content = bytearray(segment.path.read_bytes())
    content[8] = 99
    content[60:64] = zlib.crc32(content[:60]).to_bytes(4, "little")
    segment.path.write_bytes(content)
    (segment,) = layout.segments(tmp_path, odd.run)[odd.stream]
    segment.path.unlink()
    segment.path.mkdir()

    async def use(_local: LocalIngest) -> None:
        await until(lambda: len(steps(store, good.run)) == 3)
        scalars(good, range(3, 6))
        await until(lambda: len(steps(store, good.run)) == 6)

    with caplog.at_level(logging.WARNING):
        follow(tmp_path, store, use)

    assert caplog.text.count("format version 99") == 1
    assert caplog.text.count("Is a directory") == 1


def ended(root: Path, first: records.Record) -> SpoolWriter:
    """Return the writer of a run that has ended."""
    writer = spool(root, first)
    scalars(writer, range(50))
    writer.append(*wire.encode(records.RunEnded(9, "finished")))
    writer.close()
    return writer


def test_only_what_the_store_holds_is_removed(
    store: Store, tmp_path: Path, make_started: Any
) -> None:
    """Oldest first, but none that runs, is to be delivered, is not in the store, or is damaged."""
    gone, kept, shipped, damaged = (ended(tmp_path, make_started()) for _ in range(4))
    running = spool(tmp_path, make_started())
    destination.write(tmp_path, shipped.run, Destination(url="http://127.0.0.1:1"))

    async def use(local: LocalIngest) -> None:
        await local.catch_up()

    follow(tmp_path, store, use, starts=False)
    unknown = ended(tmp_path, make_started())
    (segment,) = layout.segments(tmp_path, damaged.run)[damaged.stream]
    content = bytearray(segment.path.read_bytes())
    content[len(content) // 2] ^= 1
    segment.path.write_bytes(content)
    now_s = time.time()
    order = (running, shipped, damaged, unknown, gone, kept)
    sizes = 0
    for age_h, writer in zip((60, 55, 50, 45, 40, 30), order, strict=True):
        (segment,) = layout.segments(tmp_path, writer.run)[writer.stream]
        os.utime(segment.path, (now_s - age_h * 3600,) * 2)
        sizes += segment.path.stat().st_size

    assert reclaim(tmp_path, store, bytes_max=sizes) == []
    assert reclaim(tmp_path, store, bytes_max=sizes - 1, age_s_min=48 * 3600) == []
    (path,) = reclaim(tmp_path, store, bytes_max=sizes - 1)

    assert path.parent.name == gone.run
    assert not path.parent.exists()
    assert set(layout.runs(tmp_path)) == {writer.run for writer in order if writer is not gone}
    assert steps(store, gone.run) == list(range(50))
    # Where the spool is about to refuse new records, age no longer counts.
    (path,) = reclaim(tmp_path, store, bytes_max=0, age_s_min=48 * 3600, bytes_urgent=0)
    assert path.parent.name == kept.run


def test_a_segment_that_is_still_written_to_stays(
    tmp_path: Path, store: Store, make_started: Any
) -> None:
    """A run is over when its first process is; what others write afterwards is not lost."""
    first = spool(tmp_path, make_started())
    first.append(*wire.encode(records.RunEnded(1, "finished", explicit=True)))
    other = spool(tmp_path, make_started(rank=1), run=first.run)
    first.close()

    async def use(local: LocalIngest) -> None:
        await local.catch_up()
        gone = await asyncio.to_thread(reclaim, tmp_path, store, bytes_max=0, bytes_urgent=0)
        assert [path.name[:32] for path in gone] == [first.stream]
        scalars(other, range(5))
        await local.catch_up()

    follow(tmp_path, store, use, starts=False)

    assert store.state(first.run) == "finished"
    assert steps(store, first.run) == [0, 1, 2, 3, 4]
    other.close()


class PoisonedStore(Store):
    """A store that fails on the batches of one run."""

    poison = ""

    def apply(self, batches: Sequence[Batch]) -> list[int]:
        """Write, or fail."""
        if any(batch.header.run == self.poison for batch in batches):
            raise RuntimeError("a fault of ours")
        return super().apply(batches)


def test_a_run_that_cannot_be_stored_holds_up_no_other(
    tmp_path: Path, url: str, make_started: Any
) -> None:
    """It is not tried again at once, others are read to their end, and nobody is bothered."""
    bad, good = spool(tmp_path, make_started()), spool(tmp_path, make_started())
    scalars(bad, range(3))
    scalars(good, range(3))

    with PoisonedStore(url) as store:
        store.poison = bad.run

        async def use(local: LocalIngest) -> None:
            await local.catch_up()
            scalars(good, range(3, 6))
            await local.catch_up()

        follow(tmp_path, store, use, starts=False)

        assert steps(store, good.run) == list(range(6))
        assert store.run(bad.run) is None
    bad.close()
    good.close()


def test_a_run_that_fell_silent_long_ago_is_not_running(
    tmp_path: Path, store: Store, make_started: Any
) -> None:
    """Power failed at night: in the morning the run is silent since then, not since we looked."""
    then_ns = time.time_ns() - 8 * 3600 * 10**9
    run = spool(tmp_path, make_started())
    scalars(run, range(3))
    (segment,) = layout.segments(tmp_path, run.run)[run.stream]
    os.utime(segment.path, ns=(then_ns, then_ns))

    async def use(local: LocalIngest) -> None:
        await local.catch_up()
        found = store.run(run.run)
        assert found is not None
        assert found.summary.state == "silent"
        assert found.summary.heard_ns == then_ns
        scalars(run, range(3, 4))
        os.utime(segment.path, ns=(then_ns, then_ns))  # a file server whose clock is behind
        await local.catch_up()

    follow(tmp_path, store, use, starts=False)

    assert store.state(run.run) == "running"
    run.close()


def test_a_look_that_takes_long_is_followed_by_a_rest() -> None:
    """Thousands of runs do not keep a core busy; what is new in them is seen in seconds."""
    assert pause_after(0.01, 0.25) == 0.25
    assert pause_after(0.2, 0.25) == 0.8
    assert pause_after(30.0, 0.25) == 2.0


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the runs whose folders are listed, each time that they are."""
    names: list[str] = []
    list_segments = layout.segments

    def segments(root: Path, run: str) -> dict[str, list[layout.SegmentFile]]:
        names.append(run)
        return list_segments(root, run)

    monkeypatch.setattr(layout, "segments", segments)
    return names


async def two_turns(listed: list[str], growing: SpoolWriter) -> None:
    """Wait until every run has been looked at twice: so often a growing one is many times."""
    begun = listed.count(growing.run)
    await until(lambda: listed.count(growing.run) > begun + 16)


@pytest.mark.parametrize("is_read_live", [True, False])
def test_a_run_of_which_all_is_stored_is_listed_only_when_its_folder_changes(
    store: Store,
    tmp_path: Path,
    make_started: Any,
    monkeypatch: pytest.MonkeyPatch,
    listed: list[str],
    is_read_live: bool,
) -> None:
    """Ten thousand such runs cost a `stat` each, and a run that goes on later is not missed."""
    monkeypatch.setattr(local_module, "_TICK_S", 0.0)
    run = spool(tmp_path, make_started())
    if not is_read_live:
        run.close()
        follow(tmp_path, store, lambda local: local.catch_up(), starts=False)
    other = spool(tmp_path, make_started())

    async def use(_local: LocalIngest) -> None:
        await until(lambda: store.state(run.run) is not None)
        if is_read_live:
            run.close()
            await until(lambda: all(mark.is_sealed for mark in store.marks(run.run).values()))
        await two_turns(listed, other)
        listed.clear()
        await two_turns(listed, other)
        assert run.run not in listed

        second = spool(tmp_path, make_started(attempt=2), run.run)
        scalars(second, range(5))
        await until(lambda: steps(store, run.run) == list(range(5)))
        scalars(second, range(5, 9))
        second.close()
        await until(lambda: steps(store, run.run) == list(range(9)))

    follow(tmp_path, store, use)
    other.close()


@pytest.mark.parametrize(("tick_s", "list_s"), [(3600.0, 3600.0), (0.0, 0.0)])
def test_a_file_that_its_folder_says_nothing_of_is_found(
    store: Store,
    tmp_path: Path,
    make_started: Any,
    monkeypatch: pytest.MonkeyPatch,
    listed: list[str],
    tick_s: float,
    list_s: float,
) -> None:
    """A folder can be older than what is in it: made in one tick of its clock, or without one."""
    monkeypatch.setattr(local_module, "_TICK_S", tick_s)
    monkeypatch.setattr(local_module, "_LIST_S", list_s)
    run = ended(tmp_path, make_started())
    folder = layout.run_folder(tmp_path, run.run)
    then_ns = folder.stat().st_mtime_ns
    other = spool(tmp_path, make_started())

    async def use(_local: LocalIngest) -> None:
        await until(lambda: len(steps(store, run.run)) == 50)
        await two_turns(listed, other)
        second = spool(tmp_path, make_started(attempt=2), run.run)
        scalars(second, range(50, 60))
        os.utime(folder, ns=(then_ns, then_ns))
        await until(lambda: len(steps(store, run.run)) == 60)

    follow(tmp_path, store, use)
    other.close()
