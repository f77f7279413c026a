"""A disk that refuses, at every call, in every way: training goes on, and losses are counted."""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mltrack_core import wire
from mltrack_core.limits import RING_BYTES_MAX
from mltrack_core.records import Gap
from mltrack_core.records import Note
from mltrack_core.records import Record
from mltrack_core.records import Seal
from mltrack_core.spool.reader import Tail
from mltrack_core.spool.writer import SpoolWriter
from mltrack_core.testing.faults import FaultyWrite

Recover = Callable[[SpoolWriter], list[Record | wire.Unknown]]

RUN = "a" * 32
ERRORS = [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EBADF, errno.EFBIG]
NOTES = [Note(seq, "x" * (seq * 37 % 200)) for seq in range(30)]


def log(writer: SpoolWriter, notes: list[Note]) -> list[bool]:
    """Append *notes*; return what each append said."""
    return [writer.append(*wire.encode(note)) for note in notes]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: errno.errorcode[error])
@pytest.mark.parametrize("short_bytes", [0, 1, 19, 21, 63])
@pytest.mark.parametrize("lasts", [1, 2, 5, math.inf])
def test_whichever_write_fails_nothing_is_lost_once_the_disk_is_well(
    tmp_path: Path, recover: Recover, error: int, short_bytes: int, lasts: float
) -> None:
    """For N = 1, 2, … the Nth write fails, until a run meets no fault: every record, in order."""
    at = 0
    while True:
        at += 1
        write = FaultyWrite(at, error, short_bytes=short_bytes, lasts=lasts)
        writer = SpoolWriter(tmp_path / str(at), RUN, segment_bytes_max=1000, write=write)

        log(writer, NOTES[:-1])
        write.heal()
        log(writer, NOTES[-1:])
        writer.close()

        *notes, seal = recover(writer)
        assert notes == NOTES, f"fault at write {at}"
        assert isinstance(seal, Seal)
        assert not writer.losses
        if write.faults == 0:
            break
    assert at > len(NOTES), "the loop has covered every write"


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: errno.errorcode[error])
@pytest.mark.parametrize("short_bytes", [0, 1, 25])
def test_a_disk_that_stays_broken_keeps_what_it_took(
    tmp_path: Path, recover: Recover, error: int, short_bytes: int
) -> None:
    """Records before the fault are intact, those after it are counted, nothing is raised."""
    for at in range(2, len(NOTES) + 2):
        write = FaultyWrite(at, error, short_bytes=short_bytes)
        writer = SpoolWriter(tmp_path / str(at), RUN, write=write)

        kept = log(writer, NOTES)
        writer.close()

        taken = at - 2  # the first write is the header
        assert kept == [True] * taken + [False] * (len(NOTES) - taken)
        assert recover(writer) == NOTES[:taken]
        assert sum(gap.count for gap in writer.losses.declare()) == len(NOTES) - taken


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: errno.errorcode[error])
def test_the_ring_keeps_the_newest_and_the_gap_counts_the_rest(
    tmp_path: Path, recover: Recover, error: int
) -> None:
    """3 MiB meet a full disk: the newest MiB arrives, a Gap says exactly how much did not."""
    write = FaultyWrite(4, error)
    writer = SpoolWriter(tmp_path, RUN, write=write)
    notes = [Note(seq, "x" * 65_000) for seq in range(48)]

    log(writer, notes[:-1])
    write.heal()
    assert log(writer, notes[-1:]) == [True]
    writer.close()

    *read, seal = recover(writer)
    gaps = [record for record in read if isinstance(record, Gap)]
    seqs = [record.time_ns for record in read if isinstance(record, Note)]
    lost = len(notes) - len(seqs)
    held = RING_BYTES_MAX // (65_000 + 150)
    assert seqs == [0, 1, *range(2 + lost, 48)], "the first two, then the newest, in order"
    assert lost == len(notes) - 2 - held - 1
    assert [(gap.reason, gap.count, gap.kinds) for gap in gaps] == [
        ("disk refused the write", lost, {"Note": lost})
    ]
    assert isinstance(seal, Seal)


@pytest.mark.slow
def test_memory_is_bounded_for_the_smallest_records_too(tmp_path: Path) -> None:
    """What a record costs beside its payload counts: a million tiny ones stay within the ring."""
    writer = SpoolWriter(tmp_path, RUN, write=FaultyWrite(1, errno.ENOSPC))
    payload = wire.encode(Note(1, ""))[1]

    for _ in range(10_000):
        writer.append(wire.NUMBERS[Note], payload)

    (gap,) = writer.losses.declare()
    assert 10_000 - gap.count <= RING_BYTES_MAX / 128


def test_a_record_larger_than_the_ring_does_not_push_out_the_others(
    tmp_path: Path, recover: Recover
) -> None:
    """2 MiB that the disk refuses are counted; the small records behind and before it live."""
    write = FaultyWrite(2, errno.ENOSPC)
    writer = SpoolWriter(tmp_path, RUN, write=write)

    log(writer, [Note(0, "small"), Note(1, "x" * (2 * RING_BYTES_MAX)), Note(2, "small")])
    write.heal()
    writer.close()

    zero, two, gap, _seal = recover(writer)
    assert (zero, two) == (Note(0, "small"), Note(2, "small"))
    assert isinstance(gap, Gap)
    assert gap.count == 1


def test_several_reasons_are_declared_once_each_whatever_fails_meanwhile(
    tmp_path: Path, recover: Recover
) -> None:
    """Each write of the declaration fails once: every Gap arrives, none twice."""
    for at in range(2, 10):
        write = FaultyWrite(at, errno.ENOSPC, lasts=1)
        writer = SpoolWriter(tmp_path / str(at), RUN, write=write)
        writer.open()
        for reason, count in (("quota", 5), ("not a number", 7), ("no room", 11)):
            writer.losses.count(reason, wire.NUMBERS[Note], count)

        log(writer, NOTES[:3])
        writer.close()

        records = recover(writer)
        gaps = sorted(record.count for record in records if isinstance(record, Gap))
        assert gaps == [5, 7, 11], f"fault at write {at}"
        assert [record for record in records if isinstance(record, Note)] == NOTES[:3]


def test_a_writer_whose_descriptor_was_closed_by_others_opens_a_new_segment(
    tmp_path: Path, recover: Recover
) -> None:
    """A program that closes every descriptor, as daemons do, loses no record and no file."""
    writer = SpoolWriter(tmp_path, RUN)
    log(writer, NOTES[:3])
    (tmp_path / "theirs").write_text("theirs")
    number = writer._descriptor
    os.close(number)
    theirs = os.open(tmp_path / "theirs", os.O_RDONLY)  # gets the number that has become free
    assert theirs == number

    log(writer, NOTES[3:])
    writer.close()

    assert recover(writer)[:-1] == NOTES
    assert os.read(theirs, 100) == b"theirs", "still open, still whole"
    os.close(theirs)


class Interrupting:
    """`os.write`, with Ctrl-C or a nested call right before or behind the write number *at*."""

    def __init__(self, at: int, *, behind: bool, action: Callable[[], object]) -> None:
        self.at, self.behind, self.action = at, behind, action
        self.calls = 0

    def __call__(self, descriptor: int, data: bytes) -> int:
        self.calls += 1
        is_it = self.calls == self.at
        if is_it and not self.behind:
            self.action()
        written = os.write(descriptor, data)
        if is_it and self.behind:
            self.action()
        return written


def press_ctrl_c() -> None:
    """Do what Python's SIGINT handler does."""
    raise KeyboardInterrupt


@pytest.mark.parametrize("behind", [False, True])
def test_ctrl_c_inside_an_append_doubles_and_loses_nothing(
    tmp_path: Path, recover: Recover, behind: bool
) -> None:
    """The interrupted record is there or not; the next one has a seq of its own either way."""
    for at in range(2, 8):  # write 1 is the header, write 8 the seal
        write = Interrupting(at, behind=behind, action=press_ctrl_c)
        writer = SpoolWriter(tmp_path / str(at), RUN, write=write)
        returned = []

        for note in NOTES[:6]:
            try:
                writer.append(*wire.encode(note))
                returned.append(note)
            except KeyboardInterrupt:
                if behind:
                    returned.append(note)
        writer.close()

        assert recover(writer)[:-1] == returned, f"interrupted at write {at}"


@pytest.mark.parametrize("behind", [False, True])
def test_an_append_nested_in_an_append_follows_it(
    tmp_path: Path, recover: Recover, behind: bool
) -> None:
    """A signal handler or finalizer may log while a log is under way: no deadlock, no double."""
    writer = SpoolWriter(
        tmp_path,
        RUN,
        write=Interrupting(
            3, behind=behind, action=lambda: log(writer, [Note(99, "in a handler")])
        ),
    )

    log(writer, NOTES[:4])
    writer.close()

    *notes, _seal = recover(writer)
    assert notes == [*NOTES[:2], Note(99, "in a handler"), *NOTES[2:4]]


@pytest.mark.parametrize("behind", [False, True])
def test_a_close_nested_in_an_append_comes_after_it(
    tmp_path: Path, recover: Recover, behind: bool
) -> None:
    """A SIGTERM handler that finishes the run: the interrupted record, its last words, the seal."""

    def finish() -> None:
        log(writer, [Note(99, "last words")])
        writer.close()
        raise SystemExit(3)

    writer = SpoolWriter(tmp_path, RUN, write=Interrupting(3, behind=behind, action=finish))

    with pytest.raises(SystemExit):
        log(writer, NOTES)

    *notes, seal = recover(writer)
    assert notes == [NOTES[0], *NOTES[1 : 1 + behind], Note(99, "last words")]
    assert isinstance(seal, Seal)
    assert log(writer, NOTES[:1]) == [False]


def test_a_write_that_is_reported_failed_but_was_done_is_not_repeated(
    tmp_path: Path, recover: Recover
) -> None:
    """A network file system may answer EIO to a write that it has made."""

    def complain() -> None:
        raise OSError(errno.EIO, "Input/output error")

    writer = SpoolWriter(tmp_path, RUN, write=Interrupting(3, behind=True, action=complain))

    assert log(writer, NOTES) == [True] * len(NOTES)
    writer.close()

    assert recover(writer)[:-1] == NOTES


@pytest.mark.parametrize("size", [0, 16 * 2**20 + 1])
def test_a_payload_that_no_frame_can_hold_is_a_mistake_of_the_caller(
    tmp_path: Path, size: int
) -> None:
    """Nothing is written that no reader would accept."""
    writer = SpoolWriter(tmp_path, RUN)

    with pytest.raises(ValueError, match="a record has 1 to"):
        writer.append(3, bytes(size))

    assert Tail(tmp_path, RUN, writer.stream).read() is None
