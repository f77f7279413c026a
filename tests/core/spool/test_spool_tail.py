"""The tail follows a stream as it grows: whole records only, in order, without holes."""

from __future__ import annotations

from pathlib import Path

import pytest

from mltrack_core import wire
from mltrack_core.records import Gap
from mltrack_core.records import Note
from mltrack_core.spool import frame
from mltrack_core.spool import layout
from mltrack_core.spool.reader import Tail
from mltrack_core.spool.segment import HEADER_BYTES
from mltrack_core.spool.segment import Batch
from mltrack_core.spool.segment import SegmentHeader
from mltrack_core.spool.writer import SpoolWriter

RUN, STREAM, SALT = "a" * 32, "b" * 32, 0x5EED_CAFE
NUMBER = wire.NUMBERS[Note]


def note(seq: int) -> bytes:
    """Return the payload of the record that has *seq* here."""
    return wire.encode(Note(1000 + seq, "remark " * (seq % 4), seq))[1]


def pack(seq: int) -> bytes:
    """Return the frame of the record that has *seq* here."""
    return frame.pack(NUMBER, seq, note(seq), SALT)


def write_segment(root: Path, index: int, seqs: range, data: bytes | None = None) -> Path:
    """Write segment *index* with the frames of *seqs*, or with *data* behind the header."""
    path = layout.segment_path(root, RUN, STREAM, index)
    path.parent.mkdir(parents=True, exist_ok=True)
    header = SegmentHeader(salt=SALT, run=RUN, stream=STREAM, first_seq=seqs.start)
    path.write_bytes(header.pack() + (b"".join(map(pack, seqs)) if data is None else data))
    return path


def read_all(tail: Tail, bytes_max: int = 1 << 22) -> list[Batch]:
    """Return all batches that there are now, and insist that each is a valid request."""
    batches = []
    while (batch := tail.read(bytes_max)) is not None:
        unpacked = Batch.unpack(batch.pack())
        assert (unpacked.header, unpacked.body) == (batch.header, batch.body)
        assert [item[:3] for item in unpacked.frames] == [item[:3] for item in batch.frames]
        batches.append(batch)
    return batches


def payloads(batches: list[Batch]) -> list[bytes]:
    """Return the payloads of *batches* in order."""
    return [item.payload for batch in batches for item in batch.frames]


def test_a_stream_that_grows_byte_by_byte_is_followed_record_by_record(tmp_path: Path) -> None:
    """At every length of the file the tail has given exactly the whole records."""
    path = write_segment(tmp_path, 0, range(6))
    data = path.read_bytes()
    ends = [HEADER_BYTES + sum(len(pack(s)) for s in range(seq + 1)) for seq in range(6)]
    path.write_bytes(b"")
    tail = Tail(tmp_path, RUN, STREAM)
    seen: list[bytes] = []

    for length, byte in enumerate(data, 1):
        with path.open("ab") as file:
            file.write(bytes([byte]))
        seen += payloads(read_all(tail))

        assert len(seen) == sum(end <= length for end in ends)

    assert seen == [note(seq) for seq in range(6)]
    assert tail.damages == []


def test_the_tail_goes_from_segment_to_segment(tmp_path: Path) -> None:
    """A stream in many segments reads as one, while it is written and afterwards."""
    writer = SpoolWriter(tmp_path, RUN, segment_bytes_max=200)
    writer.open()
    tail = Tail(tmp_path, RUN, writer.stream)
    seen: list[bytes] = []

    for seq in range(100):
        writer.append(NUMBER, note(seq))
        if seq % 7 == 0:
            seen += payloads(read_all(tail))
    seen += payloads(read_all(tail))

    assert len(layout.segments(tmp_path, RUN)[writer.stream]) > 10
    assert seen == [note(seq) for seq in range(100)]
    assert payloads(read_all(Tail(tmp_path, RUN, writer.stream))) == seen


@pytest.mark.parametrize("bytes_max", [1, 30, 100, 1 << 22])
@pytest.mark.parametrize("next_seq", [0, 1, 5, 11, 12, 13])
def test_the_tail_begins_where_it_is_told(tmp_path: Path, bytes_max: int, next_seq: int) -> None:
    """Earlier records are passed over, whatever is read at once."""
    write_segment(tmp_path, 0, range(6))
    write_segment(tmp_path, 1, range(6, 12))

    batches = read_all(Tail(tmp_path, RUN, STREAM, next_seq), bytes_max)

    assert payloads(batches) == [note(seq) for seq in range(next_seq, 12)]


@pytest.mark.parametrize("torn", [1, 19, 20, 25, len(pack(4)) - 1])
def test_a_torn_tail_is_passed_over_when_another_segment_follows(tmp_path: Path, torn: int) -> None:
    """A write that never finished is no loss: its seq is used again in the next segment."""
    path = write_segment(tmp_path, 0, range(4))
    with path.open("ab") as file:
        file.write(pack(4)[:torn])
    tail = Tail(tmp_path, RUN, STREAM)

    before = payloads(read_all(tail))
    write_segment(tmp_path, 1, range(4, 8))
    after = payloads(read_all(tail))

    assert before == [note(seq) for seq in range(4)]
    assert after == [note(seq) for seq in range(4, 8)]
    assert tail.damages == []


@pytest.mark.parametrize("bytes_max", [1, 50, 1 << 22])
def test_a_damaged_record_becomes_a_gap(tmp_path: Path, bytes_max: int) -> None:
    """A record that was lost on the disk stays countable, in its place."""
    damaged = bytearray(pack(2))
    damaged[-1] ^= 1
    data = pack(0) + pack(1) + damaged + pack(3)
    path = write_segment(tmp_path, 0, range(4), data)
    tail = Tail(tmp_path, RUN, STREAM)

    batches = read_all(tail, bytes_max)

    seen = payloads(batches)
    gap = wire.decode(batches[-2].frames[0].number, seen[2])
    assert [seen[0], seen[1], seen[3]] == [note(0), note(1), note(3)]
    assert gap == Gap(1003, "damaged in the spool", 1, {"unknown": 1}, 1003, 1003)
    assert [(error.path, error.offset) for error in tail.damages] == [
        (path, HEADER_BYTES + len(pack(0) + pack(1)))
    ]


def test_a_lost_segment_becomes_one_gap_for_each_record(tmp_path: Path) -> None:
    """Even 25,000 records gone with a whole segment are counted, a bounded batch at a time."""
    write_segment(tmp_path, 0, range(3))
    write_segment(tmp_path, 2, range(25_003, 25_005))

    batches = read_all(Tail(tmp_path, RUN, STREAM))

    assert [len(batch.frames) for batch in batches] == [3, 10_000, 10_000, 5_000, 2]
    kinds = {item.number for batch in batches[1:-1] for item in batch.frames}
    assert kinds == {wire.NUMBERS[Gap]}


def test_two_tails_make_the_same_bytes_of_the_same_damage(tmp_path: Path) -> None:
    """A batch sent twice, or by two readers, can be compared byte by byte."""
    data = pack(0) + b"\0" * 100 + pack(5) + pack(6)[:-1] + b"?" + pack(9)
    write_segment(tmp_path, 0, range(10), data)

    one = read_all(Tail(tmp_path, RUN, STREAM))
    other = read_all(Tail(tmp_path, RUN, STREAM))
    restarted = read_all(Tail(tmp_path, RUN, STREAM, next_seq=3))

    assert one == other
    assert payloads(restarted) == payloads(one)[3:]
    assert len(payloads(one)) == 10


def test_a_seq_that_was_written_twice_is_read_once(tmp_path: Path) -> None:
    """Whatever made a segment repeat records, nobody counts them twice."""
    write_segment(tmp_path, 0, range(4))
    write_segment(tmp_path, 1, range(2, 8))

    assert payloads(read_all(Tail(tmp_path, RUN, STREAM))) == [note(seq) for seq in range(8)]


@pytest.mark.slow
def test_damage_longer_than_any_record_is_passed_over(tmp_path: Path) -> None:
    """20 MB of noise, with sync marks in it, between two records hide neither."""
    noise = (frame.SYNC_BYTES + b"\1\0" + bytes(200)) * 100_000
    write_segment(tmp_path, 0, range(2), pack(0) + noise + pack(1))
    tail = Tail(tmp_path, RUN, STREAM)

    assert payloads(read_all(tail)) == [note(0), note(1)]
    damaged = sum(int(str(error).split(" for ")[1].split()[0]) for error in tail.damages)
    assert damaged == len(noise)


def test_a_record_longer_than_what_is_read_at_once_is_read(tmp_path: Path) -> None:
    """A batch holds at least one record, however small the batch was asked to be."""
    large = wire.encode(Note(1, "x" * 300_000))[1]
    writer = SpoolWriter(tmp_path, RUN)
    writer.append(NUMBER, large)
    writer.append(NUMBER, note(1))

    batches = read_all(Tail(tmp_path, RUN, writer.stream), 1000)

    assert payloads(batches) == [large, note(1)]


def test_what_was_delivered_before_is_not_read_again(tmp_path: Path) -> None:
    """A tail that begins late opens the segment that holds its first record, and none before."""
    for index in range(4):
        write_segment(tmp_path, index, range(index * 5, index * 5 + 5))
    layout.segment_path(tmp_path, RUN, STREAM, 1).unlink()
    layout.segment_path(tmp_path, RUN, STREAM, 1).mkdir()  # reading it would raise

    batches = read_all(Tail(tmp_path, RUN, STREAM, 12))

    assert [frame.seq for batch in batches for frame in batch.frames] == list(range(12, 20))


def test_a_stream_that_does_not_exist_yet_is_waited_for(tmp_path: Path) -> None:
    """A reader may be there before the writer."""
    tail = Tail(tmp_path, RUN, STREAM)
    assert tail.read() is None

    write_segment(tmp_path, 0, range(2))

    assert payloads(read_all(tail)) == [note(0), note(1)]
