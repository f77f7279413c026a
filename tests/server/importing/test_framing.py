"""The framings of others: what was written is read, and damage costs what it hit."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltrack.foreign import blocks
from mltrack.foreign import protobuf
from mltrack.foreign import tfrecord

BLOCK = 32 * 1024
PREFACE = struct.pack("<4sHB", b":W&B", 0xBEE1, 0)
LONG = [b"a" * 10, b"b" * BLOCK, b"c" * 3 * BLOCK, b"d"]


def framed(records: list[bytes]) -> bytes:
    """Return a file of W&B's, as LevelDB's log writer makes it."""
    data = PREFACE
    for record in records:
        begins = True
        while begins or record:
            room = BLOCK - len(data) % BLOCK
            if room < 7:
                data += bytes(room)
                continue
            part, record = record[: room - 7], record[room - 7 :]
            kind = (1 if begins else 4) if not record else (2 if begins else 3)
            checksum = zlib.crc32(bytes((kind,)) + part)
            data += struct.pack("<IHB", checksum, len(part), kind) + part
            begins = False
    return data


def unframed(data: bytes) -> tuple[list[bytes], list[str]]:
    """Return the records of a file of W&B's, and what is said of damage."""
    damages: list[str] = []
    return list(blocks.records(io.BytesIO(data), damages.append)), damages


@given(st.lists(st.binary(max_size=200)), st.sampled_from([0, 1, BLOCK - 20, BLOCK, 2 * BLOCK]))
def test_records_in_blocks_come_back(records: list[bytes], filling: int) -> None:
    """Whatever lies before them, so wherever a block ends."""
    records = [b"x" * filling, *records]

    assert unframed(framed(records)) == (records, [])


@pytest.mark.parametrize("cut", [7, 8, 13, 14, 23, 24, 31, BLOCK, BLOCK + 7, 4 * BLOCK - 1])
def test_a_cut_file_yields_its_whole_records(cut: int) -> None:
    """Wherever it ends, what is complete before is read, and the rest is said once."""
    data = framed(LONG)
    ends = [len(framed(LONG[: count + 1])) for count in range(len(LONG))]

    records, damages = unframed(data[:cut])

    assert records == LONG[: sum(end <= cut for end in ends)]
    assert len(damages) == (0 if cut in (*ends, len(PREFACE)) else 1)


def test_damage_costs_the_block_that_it_is_in() -> None:
    """Records of the blocks behind it are read."""
    records = [bytes([65 + number]) * 5000 for number in range(20)]
    data = bytearray(framed(records))
    data[100] ^= 1

    found, damages = unframed(bytes(data))

    assert found == records[7:]  # the seventh is continued in the second block
    assert damages == ["the rest of a block, behind damage", "without a beginning"]


@given(st.lists(st.binary(max_size=40)), st.integers(0, 2000))
def test_a_cut_event_file_yields_its_whole_messages(messages: list[bytes], cut: int) -> None:
    """Wherever it ends: it is still being written."""
    frames = [tfrecord.frame(message) for message in messages]
    data = b"".join(frames)[:cut]
    ends = [sum(map(len, frames[: count + 1])) for count in range(len(frames))]
    damages: list[str] = []

    found = list(tfrecord.messages(io.BytesIO(data), damages.append))

    assert found == messages[: sum(end <= len(data) for end in ends)]
    assert damages == ([] if len(data) in (0, *ends) else ["cut off at the end"])


@pytest.mark.parametrize(
    ("place", "kept", "told"),
    [
        (0, 1, "the rest of a file, behind a damaged length"),
        (9, 1, "the rest of a file, behind a damaged length"),
        (12, 2, "damaged"),
        (17, 2, "damaged"),
    ],
)
def test_damage_in_an_event_file(place: int, kept: int, told: str) -> None:
    """A message that is damaged is passed over; behind a damaged length nothing is guessed."""
    frames = [bytearray(tfrecord.frame(text)) for text in (b"one", b"two", b"three")]
    frames[1][place] ^= 1
    damages: list[str] = []

    found = list(tfrecord.messages(io.BytesIO(b"".join(frames)), damages.append))

    assert found == [b"one", b"three"][:kept]
    assert damages == [told]


@given(st.integers(1, 2**28), st.integers(-(2**63), 2**63 - 1), st.binary(), st.floats())
def test_fields_come_back(number: int, whole: int, data: bytes, real: float) -> None:
    """Integers with their sign, bytes, and every bit of a double."""
    message = (
        protobuf.integer_field(number, whole)
        + protobuf.bytes_field(number, data)
        + protobuf.double_field(number, real)
    )

    (_, first), (_, second), (key, third) = protobuf.fields(message)

    assert key == number
    assert protobuf.signed(first) == whole
    assert second == data
    assert third == struct.pack("<d", real)


@given(st.binary(max_size=60))
def test_what_is_no_message_says_so(data: bytes) -> None:
    """Never another error, and never without an end."""
    try:
        list(protobuf.fields(data))
    except protobuf.MessageInvalid:
        return
