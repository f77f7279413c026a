"""Every value comes back bit by bit, folded or not."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mltrack_core import records
from mltrack_core import wire
from mltrack_server.store import Store
from mltrack_server.store import chunk

VALUES = [
    0.0,
    -0.0,
    math.nan,
    math.inf,
    -math.inf,
    5e-324,
    1.7976931348623157e308,
    0.1,
    float(np.float32(0.1)),
    1,
    2**53 + 1,
    2**63 - 1,
    -(2**63),
    2**64 - 1,
    -(2**53) - 1,
]


def bits(value: float | int) -> object:
    """Return what tells a value from every other one."""
    return value if isinstance(value, int) else struct.pack("<d", value)


@pytest.mark.parametrize("is_folded", [False, True])
def test_values_come_back_exactly(store: Store, make_log: Any, is_folded: bool) -> None:
    """NaN, infinities, -0.0, subnormals and integers beyond 2^53 survive store and fold."""
    log = make_log()
    for step, value in enumerate(VALUES):
        log.add(records.Scalars(step, step, {"x": value}))
    store.apply([log.batch()])
    if is_folded:
        assert store.fold(log.run) == len(VALUES)

    points = store.points(log.run, "x")

    assert points is not None
    for logged, stored in zip(VALUES, points.values(), strict=True):
        # A small integer comes back as the float that equals it.
        exact = float(logged) if isinstance(stored, float) else logged
        assert bits(exact) == bits(stored)
        assert math.isnan(logged) or logged == stored
    assert store.run(log.run).summary.metrics["x"].last == VALUES[-1]  # type: ignore[union-attr]


def test_a_payload_of_nan_survives(store: Store, make_log: Any) -> None:
    """Even which NaN it was is kept: a bit pattern may be all that tells where it came from."""
    (strange,) = struct.unpack("<d", bytes.fromhex("010000000000f87f"))
    log = make_log()
    log.add(records.Scalars(1, 1, {"x": strange}), records.Scalars(2, 2, {"x": 1.0}))
    store.apply([log.batch()])
    store.fold(log.run)

    points = store.points(log.run, "x")

    assert points is not None
    assert bits(points.values()[0]) == bits(strange)


@given(column=arrays.arrays(np.int64, st.integers(1, 300)))
def test_integer_columns_round_trip(column: Any) -> None:
    """Any steps and times survive packing, differences beyond 64 bits included."""
    _, body = chunk.pack_axis(column, column[::-1].copy())

    step, time_ns = chunk.unpack_axis(body)

    assert step.tolist() == column.tolist()
    assert time_ns.tolist() == column[::-1].tolist()


@given(
    column=arrays.arrays(
        np.float64,
        st.integers(1, 300),
        elements=st.one_of(st.floats(allow_subnormal=True), st.floats(width=32)),
    )
)
def test_float_columns_round_trip_bit_by_bit(column: Any) -> None:
    """Narrowing to float32 happens only where it loses nothing."""
    value, exact_ints = chunk.unpack_values(chunk.pack_values(column, {0: 2**63 + 1}))

    assert value.tobytes() == column.tobytes()
    assert exact_ints == {0: 2**63 + 1}


def test_float32_values_are_stored_in_half(store: Store) -> None:
    """What was a float32 in training takes four bytes before compression, not eight."""
    noise = np.random.default_rng(0).standard_normal(16384)

    narrow = chunk.pack_values(noise.astype(np.float32).astype(np.float64), {})
    wide = chunk.pack_values(noise, {})

    assert len(narrow) < 0.55 * len(wide)


@pytest.mark.parametrize(("kind", "bytes_max"), [("f8", 6.5), ("f4", 2.85)])
def test_noise_costs_little_more_than_its_entropy(kind: str, bytes_max: float) -> None:
    """Normal noise of one tenth around 1 holds 6.4 bytes as float64, 2.78 as float32."""
    noise = np.random.default_rng(0).normal(1, 0.1, 16384).astype(kind).astype(np.float64)

    assert len(chunk.pack_values(noise, {})) <= bytes_max * len(noise)


def test_bodies_are_what_the_documentation_of_chunk_says() -> None:
    """The bytes are pinned: a plane is kept as it is, as its one byte, or compressed."""
    _, axis = chunk.pack_axis(np.arange(3), np.array([0, 10, 300]))
    values = chunk.pack_values(np.array([1.0, 1.5, -1.0]), {})
    long = chunk.pack_values(np.tile([1.0, 2.0], 40), {})

    assert axis.hex(" ") == (
        "92 95 a6 73 74 72 69 64 65 03 00 01 90 95 a5 64 65 6c 74 61 03 00 02 92 "
        "c4 02 0a 22 c4 02 00 01"
    )
    assert values.hex(" ") == (
        "92 95 a2 66 34 03 00 00 94 c4 01 00 c4 01 00 c4 03 80 c0 80 c4 03 3f 3f bf 80"
    )
    assert len(long) < 80
    assert chunk.unpack_values(long)[0].tolist() == [1.0, 2.0] * 40


def test_bodies_of_an_older_store_are_read() -> None:
    """Before planes were compressed one by one, all of them lay in one zstd frame."""
    axis = bytes.fromhex(
        "9295a564656c7461060004c41d28b52ffd2014a10000010004046700000000110000000001000000000095a5"
        "64656c746106cf00000002540be40008c42728b52ffd2028f50000b00000000000e4ae1ae4e40ba6710b0b54"
        "8f185454020002004044163001"
    )
    values = bytes.fromhex(
        "9295a26638060000c42f28b52ffd2030350100b8009a009900990099009900f8b9f8d0d0d03f3f7f3f3f3f06"
        "002902406010180406810330048101cf8000000000000001"
    )
    narrow = bytes.fromhex(
        "9295a26634060000c42128b52ffd2018c1000000cd0000000000cc00000000c0ccc08080803f3d7f3e3e3e80"
    )

    step, time_ns = chunk.unpack_axis(axis)
    value, exact_ints = chunk.unpack_values(values)

    assert step.tolist() == [0, 1, 1, 5, 9, 70000]
    assert (time_ns / 10**9).tolist() == [10, 20, 31, 40, 50, 60]
    np.testing.assert_equal(value, [1.5, 0.1, np.nan, 0.25, 0.25, 0.25])
    assert exact_ints == {1: 2**63 + 1}
    np.testing.assert_equal(
        chunk.unpack_values(narrow)[0], value.astype(np.float32).astype(np.float64)
    )


def test_steps_that_go_back_and_repeat_are_kept_in_order(store: Store, make_log: Any) -> None:
    """Points are sorted by step; equal steps keep the order in which they were logged."""
    log = make_log()
    for value, step in enumerate([5, 3, 5, -1, 3, 2**62]):
        log.add(records.Scalars(value, step, {"x": float(value)}))
    store.apply([log.batch()])

    for _ in range(2):
        points = store.points(log.run, "x")
        assert points is not None
        assert points.step.tolist() == [-1, 3, 3, 5, 5, 2**62]
        assert points.value.tolist() == [3, 1, 4, 0, 2, 5]
        assert not points.is_superseded.any()
        store.fold(log.run)


def test_axes_are_series_of_their_own(store: Store, make_log: Any) -> None:
    """Epoch and samples of each record are kept and do not mix with a metric of that name."""
    log = make_log()
    log.add(records.Scalars(1, 10, {"loss": 1.0, "epoch": 7.0}, {"epoch": 0.5, "samples": 320}))
    store.apply([log.batch()])
    store.fold(log.run)

    epoch, samples = store.points(log.run, "epoch"), store.points(log.run, "samples")
    assert epoch is not None
    assert epoch.value.tolist() == [7.0]  # the metric is asked for first
    assert samples is not None
    assert (samples.step.tolist(), samples.value.tolist()) == ([10], [320.0])
    run = store.run(log.run)
    assert run is not None
    assert set(run.summary.metrics) == {"loss", "epoch"}


def test_a_boolean_is_not_a_number(store: Store, make_log: Any) -> None:
    """True in place of a number is refused by the vocabulary, and counted."""
    log = make_log()
    log.add_raw(wire.SCALARS, wire.encode_payload([1, 1, {"x": True}]))
    store.apply([log.batch()])

    run = store.run(log.run)
    assert run is not None
    assert run.summary.dropped == 1
