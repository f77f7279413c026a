"""Batches checked as tables: the same verdict as one frame after another, whatever the bytes."""

from __future__ import annotations

import random
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltrack_core import wire
from mltrack_core.errors import MltrackError
from mltrack_core.limits import PAYLOAD_BYTES_MAX
from mltrack_core.records import Console
from mltrack_core.records import Note
from mltrack_core.records import Record
from mltrack_core.records import Scalars
from mltrack_core.spool import frame
from mltrack_core.spool import layout
from mltrack_core.spool.frame import Frame
from mltrack_core.spool.reader import Look
from mltrack_core.spool.reader import Tail
from mltrack_core.spool.segment import Batch
from mltrack_core.spool.segment import SegmentHeader
from mltrack_server.batches import FrameTable
from mltrack_server.batches import leading
from mltrack_server.batches import unpack
from mltrack_server.store.decoder import split

SALT, FIRST = 0x5EED_CAFE, 7
HEADER = SegmentHeader(salt=SALT, run="a" * 32, stream="b" * 32, first_seq=FIRST)


def packed(payloads: list[tuple[int, bytes]], first_seq: int = FIRST) -> bytes:
    """Return them as a request."""
    header = SegmentHeader(salt=SALT, run=HEADER.run, stream=HEADER.stream, first_seq=first_seq)
    frames = (frame.pack(kind, seq, body, SALT) for seq, (kind, body) in enumerate(payloads, FIRST))
    return header.pack() + b"".join(frames)


def logged(count: int) -> list[Record]:
    """Return what a training logs: much of one length, two things in turn, and little of others."""
    found: list[Record] = [Scalars(10**18 + at, at, {"loss": at / 7}) for at in range(count)]
    for at in range(count):
        found += [Scalars(at, 1, {"g": 0.5}), Scalars(at, 1, {"discriminator": 0.5})]
    return [*found, Note(1, "remark", 1), Console(2, "stdout", "x" * 300), *found[:3]]


SEGMENT = packed([wire.encode(record) for record in logged(12)])


def verdict(data: bytes, *, is_strict: bool) -> list[Frame] | tuple[type, str]:
    """Return the frames of *data*, or what is said against it."""
    try:
        return list((Batch.unpack if is_strict else unpack)(data).frames)
    except MltrackError as error:
        return type(error), str(error)


def test_a_whole_batch_is_taken_as_a_table() -> None:
    """All frames, any one and any part of them are those that are read one by one."""
    expected = Batch.unpack(SEGMENT)

    found = unpack(SEGMENT)

    assert isinstance(found.frames, FrameTable)
    assert list(found.frames) == list(expected.frames)
    assert (found.header, found.body, found.next_seq) == (
        expected.header,
        expected.body,
        expected.next_seq,
    )
    assert list(found.frames[5:]) == list(expected.frames[5:])
    assert found.frames[-1] == expected.frames[-1]
    parts = [list(part) for part in split(found.frames)]
    assert parts == [list(part) for part in split(expected.frames)]
    assert len(parts[1]) == 2
    alike = [
        (kind, seq, body.tobytes())
        for kind, seqs, bodies in found.frames.alike()
        for seq, body in zip(seqs.tolist(), bodies, strict=True)
    ]
    assert sorted(alike) == sorted(item[:3] for item in expected.frames)


def test_every_damaged_byte_and_every_cut_is_judged_alike() -> None:
    """Nothing damaged is taken, and it is said what is wrong in the words of the strict reader."""
    chance = random.Random(5)
    whole = verdict(SEGMENT, is_strict=True)

    for at in range(len(SEGMENT)):
        for flip in (1 << at % 8, chance.randrange(1, 256)):
            data = bytearray(SEGMENT)
            data[at] ^= flip
            judged = verdict(bytes(data), is_strict=False)
            assert judged == verdict(bytes(data), is_strict=True)
            assert isinstance(judged, tuple), f"byte {at} was changed by {flip:#x}, and taken"
        assert verdict(SEGMENT[:at], is_strict=False) == verdict(SEGMENT[:at], is_strict=True)
    assert verdict(SEGMENT, is_strict=False) == whole


def test_a_tail_with_tables_reads_every_damaged_segment_as_without(tmp_path: Path) -> None:
    """Local mode gives the same records, gaps and reports, wherever the spool is damaged or cut."""
    segment = layout.segment_path(tmp_path, HEADER.run, HEADER.stream, 0)
    segment.parent.mkdir(parents=True)
    looks: list[Look | None] = [None, leading]

    for at in range(0, len(SEGMENT), 7):
        damaged = bytearray(SEGMENT)
        damaged[at] ^= 1 << at % 8
        for data in (SEGMENT[:at], bytes(damaged)):
            segment.write_bytes(data)
            read = []
            for look in looks:
                tail = Tail(tmp_path, HEADER.run, HEADER.stream, FIRST, look=look)
                found: list[Frame] = []
                while (batch := tail.read()) is not None:
                    assert Batch.unpack(batch.pack()).next_seq == batch.next_seq
                    found += batch.frames
                read.append(([item[:3] for item in found], list(map(str, tail.damages))))
            assert read[0] == read[1], f"byte {at}"


@given(
    order=st.lists(st.integers(0, 20), max_size=24),
    tail=st.binary(max_size=40),
    cut=st.integers(0, 60),
)
def test_any_frames_in_any_order_are_judged_alike(order: list[int], tail: bytes, cut: int) -> None:
    """Holes, repetitions, none at all, bytes behind the last: as one by one."""
    records = [wire.encode(record) for record in logged(7)]
    frames = [frame.pack(*_numbered(records, at), SALT) for at in [*range(20), *order]]
    data = HEADER.pack() + b"".join(frames) + tail

    for each in (data, data[: len(data) - cut], HEADER.pack() + b"".join(frames[20:]) + tail):
        assert verdict(each, is_strict=False) == verdict(each, is_strict=True)


def _numbered(records: list[tuple[int, bytes]], at: int) -> tuple[int, int, bytes]:
    kind, payload = records[at]
    return kind, FIRST + at, payload


@pytest.mark.parametrize(
    "forge",
    [
        lambda kind, seq: _forged(kind, seq, b""),
        lambda kind, seq: _forged(kind, seq, b"x" * 30, flags=1),
        lambda kind, seq: _forged(kind, seq, b"x" * 30, sync=0xA55B),
        lambda kind, seq: _forged(kind, seq, bytes(PAYLOAD_BYTES_MAX + 1)),
    ],
)
def test_what_no_writer_writes_is_judged_alike(forge: object) -> None:
    """A right checksum makes no empty, flagged or endless frame valid, one or many."""
    assert callable(forge)
    for count in (1, 12) if len(forge(1, 1)) < 1000 else (1,):
        data = HEADER.pack() + b"".join(forge(3, FIRST + at) for at in range(count))
        judged = verdict(data, is_strict=False)
        assert judged == verdict(data, is_strict=True)
        assert isinstance(judged, tuple)


def test_seqs_do_not_begin_anew_after_the_last_there_is() -> None:
    """2^64 - 1 is followed by nothing, also where a table's numbers would wrap."""
    seqs = [(1 << 64) - 1, 0]
    header = SegmentHeader(salt=SALT, run=HEADER.run, stream=HEADER.stream, first_seq=seqs[0])
    data = header.pack() + b"".join(frame.pack(3, seq, b"x", SALT) for seq in seqs)

    assert verdict(data, is_strict=False) == verdict(data, is_strict=True)
    assert isinstance(verdict(data, is_strict=False), tuple)


def _forged(
    kind: int, seq: int, payload: bytes, *, flags: int = 0, sync: int = frame.SYNC
) -> bytes:
    """Return a frame whose checksum is right, and that is wrong otherwise."""
    head = frame.HEAD.pack(sync, kind, flags, len(payload), seq)
    crc = zlib.crc32(payload, zlib.crc32(head, SALT))
    return head + frame.CRC.pack(crc) + payload
