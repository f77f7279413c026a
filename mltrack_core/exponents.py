"""Histograms by exponent: made of counts of floats' leading bits, and added up."""

from __future__ import annotations

from collections.abc import Sequence

from mltrack_core.records import ByExponent


def from_leading_bits(counts: Sequence[int], *, shift: int = 0) -> ByExponent:
    """Return the histogram of values that were counted by their sign and exponent bits.

    Args:
        counts: How often each pattern of the two occurs, the sign bit in front: the positive
            values' exponents, then the negative ones'; 64, 512 or 4096 of them for exponents of 5,
            8 or 11 bits. Behind these, how many of either sign are NaN: they share the highest
            exponent with the infinities.
        shift: The values were multiplied by 2**shift before they were counted.
    """
    half = (len(counts) - 2) // 2
    positive, negative = counts[:half], counts[half:-2]
    positive_nans, negative_nans = counts[-2:]
    lowest = 1 - (half // 2 - 1) - shift  # of a normal number; the bias is 127 of 256 exponents
    return ByExponent(
        *_trimmed(lowest, negative[1:-1]),
        *_trimmed(lowest, positive[1:-1]),
        zeros=positive[0] + negative[0],
        nans=positive_nans + negative_nans,
        negative_infinities=negative[-1] - negative_nans,
        positive_infinities=positive[-1] - positive_nans,
    )


def merged(first: ByExponent, second: ByExponent) -> ByExponent:
    """Return the histogram of everything that either of them counts."""
    negative_first, negative = _added(
        first.negative_first, first.negative, second.negative_first, second.negative
    )
    positive_first, positive = _added(
        first.positive_first, first.positive, second.positive_first, second.positive
    )
    return ByExponent(
        negative_first,
        negative,
        positive_first,
        positive,
        first.zeros + second.zeros,
        first.nans + second.nans,
        first.negative_infinities + second.negative_infinities,
        first.positive_infinities + second.positive_infinities,
    )


def _trimmed(first: int, counts: Sequence[int]) -> tuple[int, list[int]]:
    """Return *counts* without the zeros at its ends, behind the exponent of the first one left."""
    filled = [place for place, count in enumerate(counts) if count]
    if not filled:
        return 0, []
    return first + filled[0], list(counts[filled[0] : filled[-1] + 1])


def _added(
    first: int, counts: list[int], other_first: int, others: list[int]
) -> tuple[int, list[int]]:
    """Return the sum of two rows of counts, and the exponent of its first one."""
    if not counts or not others:
        return (first, counts) if counts else (other_first, others)
    begin = min(first, other_first)
    total = [0] * (max(first + len(counts), other_first + len(others)) - begin)
    for start, row in ((first, counts), (other_first, others)):
        for place, count in enumerate(row, start - begin):
            total[place] += count
    return begin, total
