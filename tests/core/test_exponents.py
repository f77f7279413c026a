"""Histograms by exponent are what they count, however they came about."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mltrack
from mltrack_core.exponents import from_leading_bits
from mltrack_core.exponents import merged
from mltrack_core.records import ByExponent

# No denormal numbers: these bits do not tell them from zero, NumPy does.
FLOATS = st.floats(width=32, allow_subnormal=False)
VALUES = st.lists(FLOATS, max_size=40)
FORMATS = {"<e": ("<H", 10, 5), "<f": ("<I", 23, 8), "<d": ("<Q", 52, 11)}


def counted(values: list[float]) -> ByExponent:
    """Return the histogram of *values* as `mltrack.Histogram` makes it, with NumPy."""
    found = mltrack.Histogram(values)
    assert isinstance(found, ByExponent)
    return found


def leading_bits(values: list[float], code: str) -> list[int]:
    """Return how often each sign and exponent occurs in the bits of *values*, and both NaNs."""
    word, fraction, exponent = FORMATS[code]
    bits = [struct.unpack(word, struct.pack(code, value))[0] >> fraction for value in values]
    patterns = [pattern & (2 << exponent) - 1 for pattern in bits]
    nans = [pattern >> exponent for pattern, x in zip(patterns, values, strict=True) if x != x]
    return [*(patterns.count(each) for each in range(2 << exponent)), nans.count(0), nans.count(1)]


@pytest.mark.parametrize("code", ["<f", "<d"])
@given(values=VALUES)
def test_bits_and_values_give_one_histogram(code: str, values: list[float]) -> None:
    """What is read off the bits is what a look at the numbers says."""
    assert from_leading_bits(leading_bits(values, code)) == counted(values)


@given(values=st.lists(st.floats(width=16, allow_subnormal=False), max_size=40))
def test_half_precision_has_fewer_exponents(values: list[float]) -> None:
    """Its bins are the same powers of two."""
    assert from_leading_bits(leading_bits(values, "<e")) == counted(values)


@given(values=st.lists(st.floats(2**-30, 2**30, width=32), max_size=40))
def test_a_scale_is_undone(values: list[float]) -> None:
    """Of gradients that mixed precision has multiplied by a power of two."""
    scaled = [value * 2**16 for value in values]

    assert from_leading_bits(leading_bits(scaled, "<f"), shift=16) == counted(values)


@given(first=VALUES, second=VALUES)
def test_merging_counts_both(first: list[float], second: list[float]) -> None:
    """In either order; what is empty adds nothing."""
    one, other = counted(first), counted(second)
    both = counted([*first, *second])

    assert merged(one, other) == both
    assert merged(other, one) == both
