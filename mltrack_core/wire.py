"""Records to payloads and back: the one place where a record becomes bytes."""

from __future__ import annotations

from typing import Final

import msgspec

from mltrack_core import records
from mltrack_core.errors import WireInvalid

# The number is the frame's type byte, so an entry is forever. 6 is free: tables are Media, too.
TYPES: Final[dict[int, type[records.Record]]] = {
    1: records.RunStarted,
    2: records.Params,
    3: records.Scalars,
    4: records.Histograms,
    5: records.Media,
    7: records.Console,
    8: records.Devices,
    9: records.Alert,
    10: records.Checkpoint,
    11: records.Artifact,
    12: records.Note,
    13: records.Rewind,
    14: records.Gap,
    15: records.RunEnded,
    16: records.Seal,
    17: records.File,
}
NUMBERS: Final = {kind: number for number, kind in TYPES.items()}
SCALARS: Final = NUMBERS[records.Scalars]

encode_payload = msgspec.msgpack.Encoder().encode

_DECODE: Final = {number: msgspec.msgpack.Decoder(kind).decode for number, kind in TYPES.items()}


class Unknown(msgspec.Struct, frozen=True):
    """A record of a type that this version does not know: kept, shipped, not interpreted."""

    number: int
    payload: bytes


def encode(record: records.Record) -> tuple[int, bytes]:
    """Return the frame type and the payload of *record*."""
    return NUMBERS[type(record)], pack(record)


def pack(fields: msgspec.Struct) -> bytes:
    """Return *fields* as msgpack.

    Text that UTF-8 cannot hold, like a file name with undecodable bytes in it, gets a "?" there.
    """
    try:
        return encode_payload(fields)
    except UnicodeEncodeError:
        plain = msgspec.to_builtins(fields, builtin_types=(bytes,))
        return encode_payload(_without_surrogates(plain))


def _without_surrogates(value: object) -> object:
    """Return plain data with all of its text encodable."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value


def decode(number: int, payload: bytes | memoryview) -> records.Record | Unknown:
    """Return the record that *payload* holds.

    Raises:
        WireInvalid: The payload is not a record of that type.
    """
    decoder = _DECODE.get(number)
    if decoder is None:
        return Unknown(number, bytes(payload))
    try:
        return decoder(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WireInvalid(f"a {TYPES[number].__name__} record does not decode: {error}") from error
