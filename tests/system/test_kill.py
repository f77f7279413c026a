"""SIGKILL at any instant: every append that returned is in the spool, once, in order.

MLTRACK_TEST_KILLS sets how many processes are killed: 2,000 unless it says otherwise. What became
of them is logged; `pytest --log-cli-level=info` shows it.
"""

from __future__ import annotations

import logging
import mmap
import os
import random
import shutil
import signal
import struct
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from mltrack_core.spool import layout
from mltrack_core.spool.reader import Tail
from mltrack_core.spool.reader import read_segment
from mltrack_core.spool.segment import HEADER_BYTES
from mltrack_core.spool.writer import SpoolWriter

logger = logging.getLogger(__name__)

KILLS: Final = int(os.environ.get("MLTRACK_TEST_KILLS", "2000"))
RUN, STREAM = "a" * 32, "b" * 32
NUMBER: Final = 200  # a type that no decoder looks into
LABEL: Final = struct.Struct("<HI")  # thread, count: which append a payload comes from
DELAY_S_MAX: Final = 0.008


@dataclass(frozen=True)
class Scenario:
    """How a process writes until it is killed."""

    name: str
    threads: int
    sizes: tuple[int, ...]  # payload bytes, label included, taken in turn
    segment_bytes_max: int
    share: float  # of all kills


SCENARIOS = (
    Scenario("small", 1, (6, 7, 220, 300), 64 << 20, 0.4),
    Scenario("tiny segments", 1, (6, 50, 400), 300, 0.2),
    Scenario("four threads", 4, (6, 100, 5000), 100_000, 0.2),
    Scenario("up to 1 MiB", 1, (1 << 20, 6, 65_536, 4096), 8 << 20, 0.2),
)


class Oracle:
    """What has returned, kept where no crash of the writer reaches it: shared, anonymous memory."""

    def __init__(self, threads: int) -> None:
        # Item assignment of a cast view is one store of 8 bytes. struct.pack_into would zero them
        # first, and a kill in between would make the oracle forget.
        self._counts = memoryview(mmap.mmap(-1, 8 * (threads + 1))).cast("Q")

    def returned(self, thread: int, count: int) -> None:
        """Say that the first *count* appends of *thread* have returned."""
        self._counts[thread] = count

    def start(self) -> None:
        """Say that the writer is about to begin."""
        self._counts[-1] = 1

    @property
    def has_started(self) -> bool:
        """Whether the writer is about to begin, or has."""
        return bool(self._counts[-1])

    @property
    def counts(self) -> list[int]:
        """How many appends of each thread have returned."""
        return self._counts.tolist()[:-1]


def write_for_ever(root: Path, scenario: Scenario, oracle: Oracle) -> None:
    """Append until killed, and publish each count after its append has returned."""
    writer = SpoolWriter(root, RUN, stream=STREAM, segment_bytes_max=scenario.segment_bytes_max)
    filling = bytes(max(scenario.sizes))

    def work(thread: int) -> None:
        count = 0
        while True:
            size = scenario.sizes[count % len(scenario.sizes)]
            writer.append(NUMBER, LABEL.pack(thread, count) + filling[LABEL.size : size])
            count += 1
            oracle.returned(thread, count)

    oracle.start()
    for thread in range(1, scenario.threads):
        threading.Thread(target=work, args=(thread,), daemon=True).start()
    work(0)


def kill_once(root: Path, scenario: Scenario, delay_s: float, is_early: bool) -> list[int]:
    """Start a writer, kill it some time later; return how many appends had returned.

    The time is *delay_s* after its first append, or, if *is_early*, after its start, when the
    first segment is being made.
    """
    oracle = Oracle(scenario.threads)
    child = os.fork()
    if child == 0:
        try:
            write_for_ever(root, scenario, oracle)
        finally:
            os._exit(70)  # only if the writer broke: the kill leaves no time for it
    while not (oracle.has_started if is_early else oracle.counts[0]):
        assert os.waitpid(child, os.WNOHANG) == (0, 0), "the writer died by itself"
    # Spinning, not sleeping: a sleep would be cut to the kernel's timer and always hit alike.
    end = time.perf_counter() + delay_s
    while time.perf_counter() < end:
        pass
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    return oracle.counts


def check(root: Path, scenario: Scenario, returned: list[int]) -> tuple[int, bool]:
    """Check what is recovered against what had returned; tell how much, and if a tail is torn."""
    tail = Tail(root, RUN, STREAM)
    recovered: list[list[int]] = [[] for _ in range(scenario.threads)]
    while (batch := tail.read()) is not None:
        for frame in batch.frames:
            assert frame.number == NUMBER, "a Gap: the spool has a hole"
            thread, count = LABEL.unpack_from(frame.payload)
            assert len(frame.payload) == scenario.sizes[count % len(scenario.sizes)]
            recovered[thread].append(count)
    assert tail.damages == []
    for thread, counts in enumerate(recovered):
        assert counts == list(range(len(counts))), "lost, doubled or out of order"
        # What had been written but not yet returned may be there too: one append of each thread.
        assert returned[thread] <= len(counts) <= returned[thread] + 1
    return sum(map(len, recovered)), is_torn(root)


def is_torn(root: Path) -> bool:
    """Tell whether the last segment ends inside a frame; insist that no other one does."""
    segments = layout.segments(root, RUN).get(STREAM, [])
    torn = []
    for segment in segments:
        data = segment.path.read_bytes()
        # Shorter than a header: killed between creating the segment and its first write.
        torn.append(len(data) < HEADER_BYTES or read_segment(segment.path, data).torn_bytes > 0)
    assert not any(torn[:-1])
    return any(torn)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_killed_writer_loses_nothing_that_returned(tmp_path: Path, scenario: Scenario) -> None:
    """Kill it at random microseconds: acked ⊆ recovered, no hole, one torn tail at most."""
    chance = random.Random()  # no seed: the kernel's scheduling could not be repeated anyway
    records = torn = 0
    kills = max(1, round(KILLS * scenario.share))

    for number in range(kills):
        root = tmp_path / str(number)
        delay_s = chance.random() ** 2 * DELAY_S_MAX  # squared: half within the first quarter
        is_early = chance.random() < 0.2

        returned = kill_once(root, scenario, delay_s, is_early)
        found, has_torn_tail = check(root, scenario, returned)

        records, torn = records + found, torn + has_torn_tail  # a folder that failed is kept
        shutil.rmtree(root, ignore_errors=True)

    logger.info("%d kills, %d records, %d torn tails, 0 lost", kills, records, torn)
    assert records > kills, "killed too early to prove anything"
