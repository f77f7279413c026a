"""Protobuf's wire format: numbered fields, without a schema."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_VARINT_BYTES_MAX: Final = 10
_SIGN: Final = 1 << 63


class MessageInvalid(ValueError):
    """These bytes are no message, or no whole one."""


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field, in their order.

    Returns:
        A variable-length integer as int, without a sign; all else as bytes: eight or four of a
        fixed number, or those of a text, a packed list or a message.

    Raises:
        MessageInvalid: It is not one, or it is cut off.
    """
    position, end = 0, len(message)
    while position < end:
        key = message[position]
        position += 1
        if key > 0x7F:
            key, position = _varint_at(message, position - 1)
        kind = key & 7
        if kind in (_BYTES, _VARINT):
            value = message[position] if position < end else 0x80
            position += 1
            if value > 0x7F:  # most are short: these are read without a call
                value, position = _varint_at(message, position - 1)
            if kind == _VARINT:
                yield key >> 3, value
                continue
            length = value
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
        else:
            raise MessageInvalid(f"wire type {kind}")
        begin, position = position, position + length
        if position > end:
            raise MessageInvalid("cut off")
        yield key >> 3, message[begin:position]


def message_of(value: int | bytes) -> dict[int, int | bytes]:
    """Return the fields of the message in *value*; of one that is repeated the last.

    Raises:
        MessageInvalid: It is none.
    """
    return dict(fields(bytes_of(value)))


def bytes_of(value: int | bytes) -> bytes:
    """Return *value*, the bytes that this field has.

    Raises:
        MessageInvalid: It is a number.
    """
    if isinstance(value, int):
        raise MessageInvalid("a number where bytes are due")
    return value


def text_of(value: int | bytes) -> str:
    """Return the text of a field.

    Raises:
        MessageInvalid: It is a number.
    """
    return bytes_of(value).decode("utf-8", "replace")


def signed(value: int | bytes) -> int:
    """Return the number of an int64 field.

    Raises:
        MessageInvalid: It is none.
    """
    if not isinstance(value, int):
        raise MessageInvalid("bytes where a number is due")
    return value - (1 << 64) if value & _SIGN else value


def double_of(value: int | bytes) -> float:
    """Return the number of a double field.

    Raises:
        MessageInvalid: It is none.
    """
    return _unpacked("<d", value)


def float_of(value: int | bytes) -> float:
    """Return the number of a float field.

    Raises:
        MessageInvalid: It is none.
    """
    return _unpacked("<f", value)


def varints(packed: bytes) -> Iterator[int]:
    """Yield the numbers of a packed list.

    Raises:
        MessageInvalid: It is none.
    """
    position = 0
    while position < len(packed):
        value, position = _varint_at(packed, position)
        yield signed(value)


def integer_field(number: int, value: int) -> bytes:
    """Return an integer field; one of 64 bits below zero takes ten bytes."""
    return _varint(number << 3) + _varint(value & (1 << 64) - 1)


def bytes_field(number: int, value: bytes) -> bytes:
    """Return a field of a text, a packed list or a message."""
    return _varint(number << 3 | _BYTES) + _varint(len(value)) + value


def double_field(number: int, value: float) -> bytes:
    """Return a field of a double."""
    return _varint(number << 3 | _FIXED64) + struct.pack("<d", value)


def _unpacked(format_: str, value: int | bytes) -> float:
    try:
        number: float = struct.unpack(format_, bytes_of(value))[0]
    except struct.error as error:
        raise MessageInvalid(str(error)) from error
    return number


def _varint_at(message: bytes, position: int) -> tuple[int, int]:
    """Return the number that begins there, and where it ends."""
    value = shift = 0
    for position_of_byte in range(position, min(position + _VARINT_BYTES_MAX, len(message))):
        byte = message[position_of_byte]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (1 << 64) - 1, position_of_byte + 1
        shift += 7
    raise MessageInvalid("a number has no end")


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
