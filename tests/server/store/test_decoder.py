"""Decoding records all at once gives what decoding them one by one does."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltrack_core import wire
from mltrack_core.errors import WireInvalid
from mltrack_core.records import Devices
from mltrack_core.records import Scalars
from mltrack_core.spool.frame import Frame
from mltrack_server.store import decoder
from mltrack_server.store.bounds import OutOfBounds
from mltrack_server.store.decoder import PointsBuilder
from mltrack_server.store.points import BatchPoints
from mltrack_server.store.template import template_of

Series = dict[tuple[str, str], list[tuple[int, int, int, object]]]

INTEGERS = st.one_of(
    st.integers(-200, 200),
    st.integers(-(2**63), 2**64 - 1),
    st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, 2**64 - 1, 127, 128, -32, -33]),
)
VALUES = st.one_of(st.floats(), INTEGERS)
STEPS = st.one_of(st.integers(-40, 300), st.integers(-(2**63), 2**63 - 1))
NAMES = st.sampled_from(["a", "b", "loss", "é", "x" * 40])
SCALARS = st.builds(
    Scalars,
    st.integers(0, 2**63 - 1),
    STEPS,
    st.dictionaries(NAMES, VALUES, max_size=3),
    st.dictionaries(st.sampled_from(["epoch", "a"]), st.floats(), max_size=2),
)


def frames_of(payloads: list[bytes], number: int = wire.SCALARS) -> list[Frame]:
    """Return payloads as the frames of a batch."""
    return [Frame(number, seq, payload, 0, 0) for seq, payload in enumerate(payloads, 5)]


def build(frames: list[Frame]) -> tuple[BatchPoints, list[tuple[Frame, WireInvalid]]]:
    """Return what the builder makes of *frames*."""
    builder = PointsBuilder()
    for found in frames:
        builder.add(found)
    return builder.build()


def series_of(points: BatchPoints) -> Series:
    """Return every point, values by their bits."""
    found: Series = {}
    for key, column in points.items():
        found[key] = [
            (seq, step, time_ns, column.exact_ints.get(at, struct.pack("<d", value)))
            for at, (seq, step, time_ns, value) in enumerate(
                zip(
                    column.seq.tolist(),
                    column.step.tolist(),
                    column.time_ns.tolist(),
                    column.value.tolist(),
                    strict=True,
                )
            )
        ]
    return found


def one_by_one(frames: list[Frame]) -> tuple[Series, list[int]]:
    """Return every point by the decoder of the protocol, and the seqs that it refuses."""
    found: Series = {}
    refused = []
    for item in frames:
        try:
            record = wire.decode(item.number, item.payload)
        except WireInvalid:
            refused.append(item.seq)
            continue
        assert isinstance(record, Scalars)
        if not all(-(2**63) <= number < 2**63 for number in (record.step, record.time_ns)):
            refused.append(item.seq)
            continue
        keyed = [(("metric", name), value) for name, value in record.values.items()]
        keyed += [(("axis", name), value) for name, value in record.axes.items()]
        for key, value in keyed:
            is_exact = isinstance(value, float) or int(float(value)) == value
            kept = struct.pack("<d", value) if is_exact else value
            found.setdefault(key, []).append((item.seq, record.step, record.time_ns, kept))
    return found, refused


@pytest.mark.slow
@given(records=st.lists(SCALARS, min_size=1, max_size=4), order=st.lists(st.integers(0, 3)))
def test_records_decoded_together_are_what_they_are_one_by_one(
    records: list[Scalars], order: list[int]
) -> None:
    """Any mixture of records gives the same points, exact integers included, in the same order."""
    # Many of each, so that they are alike but for their numbers.
    payloads = [wire.encode(record)[1] for record in records * 10]
    payloads += [wire.encode(records[at % len(records)])[1] for at in order]
    frames = frames_of(payloads)

    points, refused = build(frames)

    assert not refused
    assert series_of(points) == one_by_one(frames)[0]
    assert len(points) == sum(map(len, series_of(points).values()))


@given(data=st.data())
def test_damaged_records_among_equal_ones_are_decoded_or_refused_as_ever(data: Any) -> None:
    """A byte changed anywhere, also in the record that the others are compared with."""
    record = Scalars(10**18, 70, {"loss": 0.5, "n": 7, "big": 2**40}, {"epoch": 1.5})
    payload = bytearray(wire.encode(record)[1])
    at = data.draw(st.integers(0, len(payload) - 1))
    damaged = bytes([*payload[:at], data.draw(st.integers(0, 255)), *payload[at + 1 :]])
    payloads = [bytes(payload)] * 20
    payloads[data.draw(st.sampled_from([0, 1, 19]))] = damaged
    frames = frames_of(payloads)

    points, refused = build(frames)

    expected, expected_refused = one_by_one(frames)
    assert [item.seq for item, _ in refused] == expected_refused
    assert {key: sorted(found) for key, found in series_of(points).items()} == expected


@given(payload=st.binary(max_size=60))
def test_any_bytes_have_a_template_only_if_they_are_a_record(payload: bytes) -> None:
    """What the template says of names is what the decoder says, whatever the bytes."""
    for guess in (payload, b"\x94\x01\x02\x81\xa1a" + payload, b"\x93" + payload):
        template = template_of(guess)
        if template is not None:
            record = wire.decode(wire.SCALARS, guess)
            assert isinstance(record, Scalars)
            assert template.names == tuple(record.values)
            assert template.axes == tuple(record.axes)


def test_training_records_are_decoded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fast path is taken for what trainings log, or it would be no path at all."""
    monkeypatch.setattr(decoder.PointsBuilder, "_take", _refuse)
    names = [f"metric/{number}" for number in range(20)]
    payloads = [
        wire.encode(
            Scalars(10**18 + step, step, dict.fromkeys(names, step / 7), {"epoch": step / 100})
        )[1]
        for step in range(100, 400)
    ]

    points, refused = build(frames_of(payloads))

    assert refused == []
    assert len(points) == 300 * 21
    column = points.get(("metric", "metric/3"))
    assert column is not None
    assert column.value.tolist() == [step / 7 for step in range(100, 400)]


def _refuse(_builder: object, found: Frame) -> None:
    raise AssertionError(f"seq {found.seq} was decoded by itself")


def test_two_shapes_in_turn_are_each_decoded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Generator and discriminator log in turn, in payloads of one length."""
    monkeypatch.setattr(decoder.PointsBuilder, "_take", _refuse)
    payloads = [
        wire.encode(Scalars(step, 1000 + step, {f"loss_{'gd'[step % 2]}": step / 3}))[1]
        for step in range(2**32, 2**32 + 100)
    ]

    points, _ = build(frames_of(payloads))

    assert {key[1]: len(found) for key, found in series_of(points).items()} == {
        "loss_g": 50,
        "loss_d": 50,
    }


@pytest.mark.parametrize("count", [1, 30])
@pytest.mark.parametrize(
    "make",
    [
        lambda: Scalars(2**63, 1, {"a": 1.0}),
        lambda: Scalars(1, 2**63, {"a": 1.0}),
        lambda: Scalars(1, 1, {"a" * 1025: 1.0}),
        lambda: Scalars(1, 1, {"a": 1.0}, {"b" * 1025: 1.0}),
    ],
)
def test_what_is_out_of_bounds_is_refused(count: int, make: Callable[[], Scalars]) -> None:
    """Steps and times beyond 64 bits and names that are too long are refused, one or many."""
    frames = frames_of([wire.encode(make())[1]] * count)

    points, refused = build(frames)

    assert len(points) == 0
    assert [item.seq for item, _ in refused] == [item.seq for item in frames]
    assert all(isinstance(error, OutOfBounds) for _, error in refused)


def test_summaries_are_of_all_records_that_name_a_series() -> None:
    """Where records of several shapes name a series, its summary is of all of them."""
    records = [
        Scalars(1, 0, {"loss": 4.0, "acc": 0.1}),
        Scalars(2, 1, {"loss": math.nan}),
        Scalars(3, 2, {"loss": -1.0, "acc": 0.5}),
        Scalars(4, 3, {"loss": 3.0}, {"epoch": 1.0}),
    ]
    devices = wire.encode(Devices(5, "ada", {"loss": 9.0}))[1]
    frames = frames_of([wire.encode(record)[1] for record in records])
    frames.append(Frame(wire.NUMBERS[Devices], 99, devices, 0, 0))

    points, _ = build(frames)

    found = dict(points.summaries())
    loss = found["metric", "loss"]
    assert (loss.points, loss.nonfinite, loss.first_nonfinite_step) == (4, 1, 1)
    assert (loss.min, loss.max, json.loads(loss.last), loss.last_step) == (-1.0, 4.0, 3.0, 3)
    assert found["metric", "acc"].points == 2
    assert found["device", "loss"].last_step == 99
    assert list(found) == [
        ("metric", "loss"),
        ("metric", "acc"),
        ("axis", "epoch"),
        ("device", "loss"),
    ]
    assert points.highest_step() == 3
