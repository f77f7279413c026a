"""Whatever happens to a segment's bytes, no wrong record is read, and little is lost."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from mltrack_core import wire
from mltrack_core.errors import SpoolCorrupt
from mltrack_core.errors import SpoolTooNew
from mltrack_core.records import Note
from mltrack_core.spool import frame
from mltrack_core.spool.frame import Damage
from mltrack_core.spool.frame import Frame
from mltrack_core.spool.reader import Tail
from mltrack_core.spool.reader import read_segment
from mltrack_core.spool.segment import HEADER_BYTES
from mltrack_core.spool.segment import Batch
from mltrack_core.spool.segment import SegmentHeader

RUN, STREAM, SALT = "a" * 32, "b" * 32, 0x5EED_CAFE
HEADER = SegmentHeader(salt=SALT, run=RUN, stream=STREAM, first_seq=0)
RECORDS = [wire.encode(Note(seq, "remark " * (seq % 4), seq)) for seq in range(12)]
FRAMES = [frame.pack(number, seq, body, SALT) for seq, (number, body) in enumerate(RECORDS)]
ENDS = [HEADER_BYTES + sum(map(len, FRAMES[: count + 1])) for count in range(len(FRAMES))]
SEGMENT = HEADER.pack() + b"".join(FRAMES)
WRITTEN = [(seq, number, payload) for seq, (number, payload) in enumerate(RECORDS)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a root's first segment of the stream lies."""
    folder = tmp_path / "spool" / RUN
    folder.mkdir(parents=True)
    return folder / f"{STREAM}-{0:08d}.seg"


def records_of(data: bytes, path: Path) -> list[tuple[int, int, bytes]]:
    """Return seq, type and payload of every record that the strict reader gives."""
    try:
        contents = read_segment(path, data)
    except SpoolCorrupt:
        return []
    return [(found.seq, found.number, found.payload) for found in contents.frames]


def test_a_segment_cut_anywhere_yields_exactly_its_whole_records(path: Path) -> None:
    """Wherever a crash cuts a segment, its whole records are read, and nothing else."""
    for cut in range(len(SEGMENT) + 1):
        survivors = records_of(SEGMENT[:cut], path)

        assert survivors == WRITTEN[: sum(end <= cut for end in ENDS)], f"cut at byte {cut}"


def test_a_flipped_bit_costs_one_record_at_most(path: Path) -> None:
    """No bit of a segment, its header's included, can forge a record or take two with it."""
    for position in range(len(SEGMENT)):
        for bit in range(8):
            data = bytearray(SEGMENT)
            data[position] ^= 1 << bit

            survivors = records_of(bytes(data), path)

            assert set(survivors) <= set(WRITTEN), f"byte {position} bit {bit}: a wrong record"
            assert survivors == sorted(survivors)
            lost = len(WRITTEN) - len(survivors)
            # In the header nothing is lost, and in a frame exactly that frame.
            assert lost == (position >= HEADER_BYTES), f"byte {position} bit {bit}: {lost} lost"


def test_a_zeroed_sector_costs_the_records_in_it(path: Path) -> None:
    """A 512-byte window of zeros loses the records that it touches, and no other."""
    for start in range(len(SEGMENT)):
        window = range(start, min(start + 512, len(SEGMENT)))
        data = SEGMENT[:start] + bytes(len(window)) + SEGMENT[window.stop :]
        begins = [HEADER_BYTES, *ENDS[:-1]]
        touched = {  # some bytes are zero anyway
            seq
            for seq, (begin, end) in enumerate(zip(begins, ENDS, strict=True))
            if data[begin:end] != SEGMENT[begin:end]
        }

        survivors = records_of(data, path)

        assert survivors == [item for item in WRITTEN if item[0] not in touched], f"at {start}"


@pytest.mark.parametrize("garbage", [b"\0" * 700, frame.SYNC_BYTES * 350, b"\xff", FRAMES[3][:-1]])
@pytest.mark.parametrize("place", range(len(FRAMES)))
def test_garbage_between_frames_costs_nothing(garbage: bytes, place: int) -> None:
    """Bytes that are no frame are passed over, and named."""
    data = b"".join(FRAMES[:place]) + garbage + b"".join(FRAMES[place:])
    start = sum(map(len, FRAMES[:place]))

    found = list(frame.scan(data, SALT))

    assert [item.seq for item in found if isinstance(item, Frame)] == list(range(len(FRAMES)))
    damage = [item for item in found if isinstance(item, Damage)]
    assert [(item.start, item.end) for item in damage] == [(start, start + len(garbage))]


def test_a_frame_of_another_segment_never_validates() -> None:
    """The salt is the checksum's start, and CRC-32 maps different starts to different ends."""
    for bit in range(32):
        foreign = frame.pack(*RECORDS[0][:1], 0, RECORDS[0][1], SALT ^ (1 << bit))

        assert frame.frame_at(foreign, 0, SALT) is None
        assert next(frame.scan(foreign + FRAMES[0], SALT)) == Damage(
            0, len(foreign), "no valid frame"
        )


def test_a_stale_frame_behind_the_end_is_not_read(path: Path) -> None:
    """A disk that returns another segment's old blocks after the end adds no record."""
    stale = b"".join(frame.pack(*RECORDS[0][:1], seq, RECORDS[0][1], 77) for seq in range(12, 20))

    contents = read_segment(path, SEGMENT + stale)

    assert len(contents.frames) == len(RECORDS)
    assert contents.torn_bytes == len(stale)


def test_a_length_of_zero_is_no_frame() -> None:
    """Zeros after a power cut are not records, nor is a frame without a payload."""
    assert frame.frame_at(frame.pack(3, 0, b"", SALT), 0, SALT) is None
    assert list(frame.scan(bytes(4096), 0)) == []


def test_flags_of_a_later_version_are_no_frame() -> None:
    """Version 1 has no flags: what it does not know it must not guess at."""
    whole = bytearray(FRAMES[0])
    whole[3] = 1
    crc = frame.CRC.pack(zlib.crc32(RECORDS[0][1], zlib.crc32(whole[:16], SALT)))

    assert frame.frame_at(bytes(whole[:16]) + crc + RECORDS[0][1], 0, SALT) is None


def test_a_damaged_header_is_made_up_for_by_the_frames(path: Path) -> None:
    """All 64 bytes may be gone: two intact frames tell the salt, the path tells the rest."""
    path.write_bytes(bytes(HEADER_BYTES) + SEGMENT[HEADER_BYTES:])

    contents = read_segment(path)
    tail = Tail(path.parents[2], RUN, STREAM)
    batch = tail.read()

    assert contents.header == HEADER
    assert contents.damages == (Damage(0, HEADER_BYTES, "this is not an mltrack segment"),)
    assert batch is not None
    assert batch.pack() == SEGMENT
    assert [error.offset for error in tail.damages] == [0]


def test_a_damaged_header_waits_for_a_second_frame(path: Path) -> None:
    """One frame proves no salt; when the writer adds another, both are read."""
    path.write_bytes(bytes(HEADER_BYTES) + FRAMES[0])
    tail = Tail(path.parents[2], RUN, STREAM)

    before = tail.read(), tail.read()
    path.write_bytes(bytes(HEADER_BYTES) + FRAMES[0] + FRAMES[1])
    batch = tail.read()

    assert before == (None, None)
    assert batch is not None
    assert len(batch.frames) == 2
    assert len(tail.damages) == 1, "the header is reported once"


def test_a_file_that_is_no_segment_is_reported_not_raised(path: Path) -> None:
    """Start-up never fails for what lies in the spool."""
    path.write_bytes(b"a letter to my mother " * 100)

    tail = Tail(path.parents[2], RUN, STREAM)

    assert tail.read() is None
    assert len(tail.damages) == 1
    with pytest.raises(SpoolCorrupt, match="not an mltrack segment"):
        read_segment(path)


def test_a_newer_version_is_left_alone(path: Path) -> None:
    """A segment that this version cannot read says so, names both versions, and stays."""
    data = bytearray(SEGMENT)
    data[8:10] = (2).to_bytes(2, "little")
    data[60:64] = frame.CRC.pack(zlib.crc32(data[:60]))
    path.write_bytes(data)

    with pytest.raises(SpoolTooNew, match="format version 2") as caught:
        Tail(path.parents[2], RUN, STREAM).read()

    assert (caught.value.version, caught.value.supported) == (2, 1)
    assert path.read_bytes() == data


@pytest.mark.parametrize("cut", [len(SEGMENT) - 1, ENDS[5] + 3])
def test_a_cut_batch_is_refused(cut: int) -> None:
    """What arrives over a network must be whole: a batch is no place for torn tails."""
    with pytest.raises(SpoolCorrupt):
        Batch.unpack(SEGMENT[:cut])


def test_a_flipped_bit_in_a_batch_is_refused() -> None:
    """Every bit of a request is covered by a checksum."""
    for position in range(len(SEGMENT)):
        data = bytearray(SEGMENT)
        data[position] ^= 0x10

        with pytest.raises((SpoolCorrupt, SpoolTooNew)):
            Batch.unpack(bytes(data))


def test_a_batch_with_a_hole_or_a_repetition_is_refused() -> None:
    """Seqs go on by one: everything else would lose or double a record."""
    for order in ([0, 2], [0, 0], [1, 2]):
        with pytest.raises(SpoolCorrupt, match="was due"):
            Batch.unpack(HEADER.pack() + b"".join(FRAMES[seq] for seq in order))
