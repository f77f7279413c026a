"""Every record comes out of a segment as it went in, bit by bit."""

from __future__ import annotations

import math
import struct
import types
import typing
from typing import Any
from typing import TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from mltrack_core import wire
from mltrack_core.errors import WireInvalid
from mltrack_core.records import Record
from mltrack_core.records import Scalars
from mltrack_core.spool import frame
from mltrack_core.spool.frame import Frame

Struct = TypeVar("Struct", bound=msgspec.Struct)

# Text that UTF-8 can hold: lone surrogates cannot be encoded, and never come from a sane source.
TEXT = st.text(st.characters(codec="utf-8"), max_size=60) | st.just("損失/é" * 200)
INTEGERS = st.integers(-(2**63), 2**64 - 1) | st.sampled_from([2**63 - 1, -(2**63), 2**64 - 1])
FLOATS = st.floats() | st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 5e-324, 1e308])


def strategy_of(kind: Any) -> st.SearchStrategy[Any]:
    """Return values of the type *kind*, as the fields of records have them."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([strategy_of(argument) for argument in arguments])
    if origin is list:
        return st.lists(strategy_of(arguments[0]), max_size=4)
    if origin is dict:
        keys, values = map(strategy_of, arguments)
        return st.dictionaries(keys, values, max_size=6)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return structs_of(kind)
    simple: dict[Any, st.SearchStrategy[Any]] = {
        bool: st.booleans(),
        int: INTEGERS,
        float: FLOATS,
        str: TEXT,
        bytes: st.binary(max_size=60),
        type(None): st.none(),
    }
    return simple[kind]


def structs_of(kind: type[Struct]) -> st.SearchStrategy[Struct]:
    """Return records of the type *kind*, or what they hold, with any values in their fields."""
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{name: strategy_of(hint) for name, hint in hints.items()})


def bits(value: object) -> object:
    """Return *value* with every float as its 64 bits, so that NaN and -0.0 compare exactly."""
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, list):
        return [bits(item) for item in value]
    if isinstance(value, dict):
        return {key: bits(item) for key, item in value.items()}
    if isinstance(value, msgspec.Struct):
        return type(value), [bits(item) for item in msgspec.structs.astuple(value)]
    return value


@pytest.mark.parametrize("kind", wire.TYPES.values(), ids=lambda kind: kind.__name__)
@given(data=st.data(), salt=st.integers(0, 2**32 - 1), seq=st.integers(0, 2**64 - 1))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_a_record_survives_the_trip_through_a_frame(
    kind: type[Record], data: st.DataObject, salt: int, seq: int
) -> None:
    """Any record, through encode, pack, scan and decode, is itself again."""
    record = data.draw(structs_of(kind))

    number, payload = wire.encode(record)
    packed = frame.pack(number, seq, payload, salt)
    (found,) = frame.scan(packed, salt)

    assert found == Frame(number, seq, payload, 0, len(packed))
    assert isinstance(found, Frame)
    assert bits(wire.decode(found.number, found.payload)) == bits(record)


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, -0.0, 5e-324, 2**63 - 1, -(2**63), 2**64 - 1, 2**53 + 1],
)
def test_hard_numbers_are_exact(value: float | int) -> None:
    """The values that JSON and float32 lose are kept to the bit."""
    number, payload = wire.encode(Scalars(0, 0, {"x": value}))
    record = wire.decode(number, payload)

    assert isinstance(record, Scalars)
    assert type(record.values["x"]) is type(value)
    assert bits(record.values["x"]) == bits(value)


@given(payload=st.binary(min_size=1, max_size=200), number=st.integers(0, 255))
@settings(max_examples=400)
def test_any_payload_decodes_or_is_refused_by_name(payload: bytes, number: int) -> None:
    """Bytes from elsewhere give a record, an Unknown with the very bytes, or `WireInvalid`."""
    try:
        record = wire.decode(number, payload)
    except WireInvalid:
        assert number in wire.TYPES
        return
    if number not in wire.TYPES:
        assert record == wire.Unknown(number, payload)


@given(
    items=st.lists(st.tuples(st.integers(0, 255), st.binary(min_size=1, max_size=80)), max_size=8),
    salt=st.integers(0, 2**32 - 1),
    noise=st.binary(max_size=80),
)
@settings(max_examples=200)
def test_frames_of_any_type_are_found_behind_any_noise(
    items: list[tuple[int, bytes]], salt: int, noise: bytes
) -> None:
    """Types that nobody knows travel like all others, untouched."""
    packed = [frame.pack(number, seq, body, salt) for seq, (number, body) in enumerate(items)]

    found = [item for item in frame.scan(noise + b"".join(packed), salt) if isinstance(item, Frame)]

    assert [(item.number, item.payload) for item in found] == items
