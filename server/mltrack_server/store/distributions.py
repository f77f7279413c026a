"""Distributions: histograms as they are stored, added up, and described.

A row's body is zstd over the msgpack of the record's values, {name: histogram}, each histogram
as docs/format/spool.md has it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from typing import NamedTuple

import msgspec
import numpy as np

from mltrack_core.records import ByEdges
from mltrack_core.records import ByExponent
from mltrack_core.records import Histogram
from mltrack_server.columns import Floats
from mltrack_server.columns import Ints

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_LEVEL: Final = 1
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(dict[str, Histogram]).decode


def pack(values: Mapping[str, Histogram]) -> bytes:
    """Return the body of a row."""
    return zstd.compress(_encode(values), _LEVEL)


def unpack(body: bytes) -> dict[str, Histogram]:
    """Return a row's histograms by name."""
    return _decode(zstd.decompress(body))


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Counts of values between bounds, ascending; zeros have a bin of no width."""

    low: Floats
    high: Floats
    count: Ints
    nans: int
    negative_infinities: int  # with edges that somebody chose: everything below them
    positive_infinities: int  # … and above


class Amount(NamedTuple):
    """What histograms amount to, added up."""

    magnitude: float | None  # median of |value| over the values in a bin that are not zero
    zeros: float  # share of all values that are exactly zero
    nonfinite: int  # values that are NaN or infinite


def total(histograms: Iterable[Histogram]) -> Distribution | None:
    """Return what *histograms* add up to; None for none.

    Those with other edges than the last one's cannot be added to it, and are left out.
    """
    found = list(histograms)
    if not found:
        return None
    last = found[-1]
    if isinstance(last, ByEdges):
        return _by_edges([each for each in found if _has_edges(each, last.edges)])
    return _by_exponent([each for each in found if isinstance(each, ByExponent)])


def amount(histograms: Iterable[Histogram]) -> Amount | None:
    """Return what *histograms* amount to; None for none.

    In plain Python: a heat map asks for thousands, of a few bins each.
    """
    values = zeros = nonfinite = 0
    spans: dict[tuple[float, float], int] = {}  # bounds of |value| → how many
    exponents: dict[int, int] = {}
    is_empty = True
    for each in histograms:
        is_empty = False
        if isinstance(each, ByEdges):
            nonfinite += each.nans
            values += each.below + each.above + each.nans
            for low, high, count in zip(each.edges, each.edges[1:], each.counts, strict=False):
                span = (min(abs(low), abs(high)), max(abs(low), abs(high)))
                spans[span] = spans.get(span, 0) + count
            continue
        zeros += each.zeros
        nonfinite += each.nans + each.negative_infinities + each.positive_infinities
        for first, counts in (
            (each.negative_first, each.negative),
            (each.positive_first, each.positive),
        ):
            for exponent, count in enumerate(counts, first):
                exponents[exponent] = exponents.get(exponent, 0) + count
    if is_empty:
        return None
    for exponent, count in exponents.items():
        spans[math.ldexp(1.0, exponent), math.ldexp(1.99999, exponent)] = count
    values += zeros + nonfinite + sum(spans.values())
    return Amount(_median(spans), zeros / max(1, values), nonfinite)


def _median(spans: Mapping[tuple[float, float], int]) -> float | None:
    """Return the median of values of which only bounds are known; None where there are none.

    Within its bounds it is placed as if the values lay evenly on a logarithmic scale.
    """
    left = sum(spans.values()) / 2
    for (low, high), count in sorted(spans.items(), key=lambda item: item[0][1]):
        if count and left <= count:
            part = left / count
            return low * (high / low) ** part if low > 0 else high * part
        left -= count
    return None


def _has_edges(histogram: Histogram, edges: list[float]) -> bool:
    return isinstance(histogram, ByEdges) and histogram.edges == edges


def _by_edges(found: list[Histogram]) -> Distribution:
    alike = [each for each in found if isinstance(each, ByEdges)]
    edges = np.array(alike[0].edges)
    return Distribution(
        low=edges[:-1],
        high=edges[1:],
        count=np.sum([np.array(each.counts, np.int64) for each in alike], axis=0),
        nans=sum(each.nans for each in alike),
        negative_infinities=sum(each.below for each in alike),
        positive_infinities=sum(each.above for each in alike),
    )


def _by_exponent(found: list[ByExponent]) -> Distribution:
    below = _added([(each.negative_first, each.negative) for each in found])
    above = _added([(each.positive_first, each.positive) for each in found])
    zeros = sum(each.zeros for each in found)
    falling, rising = _bounds(below), _bounds(above)
    return Distribution(
        low=np.concatenate([-falling[1][::-1], [0.0], rising[0]]),
        high=np.concatenate([-falling[0][::-1], [0.0], rising[1]]),
        count=np.concatenate([below[1][::-1], [zeros], above[1]]),
        nans=sum(each.nans for each in found),
        negative_infinities=sum(each.negative_infinities for each in found),
        positive_infinities=sum(each.positive_infinities for each in found),
    )


def _added(sides: list[tuple[int, list[int]]]) -> tuple[int, Ints]:
    """Return the lowest exponent of *sides*, and the sum of the counts from there on."""
    sides = [(first, counts) for first, counts in sides if counts]
    if not sides:
        return 0, np.empty(0, np.int64)
    lowest = min(first for first, _ in sides)
    result = np.zeros(max(first + len(counts) for first, counts in sides) - lowest, np.int64)
    for first, counts in sides:
        result[first - lowest : first - lowest + len(counts)] += np.array(counts, np.int64)
    return lowest, result


def _bounds(side: tuple[int, Ints]) -> tuple[Floats, Floats]:
    """Return the lower and upper bounds of one side's bins, as absolute values."""
    first, counts = side
    exponents = np.arange(first, first + len(counts) + 1)
    # 2**1024 is no float: the last bin of all ends with the largest one.
    powers = np.ldexp(1.0, np.minimum(exponents, 1023))
    powers[exponents > 1023] = np.finfo(np.float64).max
    return powers[:-1], powers[1:]
