"""What all types of the API have in common.

JSON has no NaN and no infinity, and both are values here: a `Number` that is not finite travels as
one of the strings "NaN", "Infinity", "-Infinity".
"""

from __future__ import annotations

import math
from typing import Annotated
from typing import Literal

import msgspec
from msgspec import Meta

NonFinite = Literal["NaN", "Infinity", "-Infinity"]
Number = int | float | NonFinite
ColumnType = Literal["f8", "i8", "u4"]  # little-endian
Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Author = Annotated[str, Meta(max_length=200)]  # by their own word
RunId = Annotated[  # max_length because `$` alone lets a line end pass
    str, Meta(pattern="^[0-9a-f]{32}$", max_length=32, description="32 hexadecimal digits")
]


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """The base of everything that the API answers with."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of everything that the API takes as a JSON body."""


def number(value: float | int) -> Number:
    """Return *value* as it travels in JSON."""
    if isinstance(value, int) or math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
