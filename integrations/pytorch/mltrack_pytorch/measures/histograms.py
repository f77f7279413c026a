"""Histograms read off the bits of floats: sign, exponent, and one bit more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from typing import cast

import torch
from torch import Tensor

from mltrack_core.exponents import from_leading_bits
from mltrack_core.records import ByExponent
from mltrack_pytorch.measures.pieces import Piece
from mltrack_pytorch.measures.pieces import alike
from mltrack_pytorch.measures.pieces import flat


@dataclass(frozen=True, slots=True)
class _Format:
    """Where a float type keeps its exponent."""

    word: torch.dtype  # the integer of its size
    fraction: int  # bits
    exponent: int  # bits

    @property
    def bins(self) -> int:
        """Return how many patterns of sign, exponent and the fraction's first bit there are."""
        return int(2 ** (self.exponent + 2))


_FORMATS: Final = {
    torch.float16: _Format(torch.int16, 10, 5),
    torch.bfloat16: _Format(torch.int16, 7, 8),
    torch.float32: _Format(torch.int32, 23, 8),
    torch.float64: _Format(torch.int64, 52, 11),
}
# So many entries at a time: a tensor that fills half of a GPU is counted in the other half. On a
# CPU they stay in its cache, and PyTorch does not split the work over threads that others need.
_ENTRIES_CPU: Final = 1 << 15
_ENTRIES: Final = 1 << 24


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of many tensors that perhaps no device has made yet."""

    indices: list[list[int]]  # of the tensors measured, for each of …
    parts: list[Tensor]  # … these: (tensors, bins + 2), int64; the last two columns count NaNs

    def by_index(self, values: Sequence[Sequence[float]], shift: int = 0) -> dict[int, ByExponent]:
        """Return the histogram of each tensor, given the values of the parts.

        Args:
            values: Of `parts`, row after row.
            shift: The values were multiplied by 2**shift before they were counted.
        """
        found: dict[int, ByExponent] = {}
        for indices, part, numbers in zip(self.indices, self.parts, values, strict=True):
            width = part.shape[1]
            for row, index in enumerate(indices):
                begin = row * width
                counted = numbers[begin : begin + width]  # of int64: ints already
                found[index] = from_leading_bits(cast("list[int]", counted), shift=shift)
        return found


def counts(pieces: Sequence[Piece]) -> Counts:
    """Count the entries of each tensor by sign and exponent, none of them waited for.

    Of a tensor that is spread it is the count of the whole: a collective. What is on an accelerator
    is left out where the user wants deterministic algorithms only: PyTorch refuses `histc` then.
    """
    indices: list[list[int]] = []
    parts: list[Tensor] = []
    is_strict = torch.are_deterministic_algorithms_enabled()
    for group in alike(pieces):
        if is_strict and group[0].local.device.type != "cpu":
            continue
        rows = torch.stack([_count(flat(piece.local)) for piece in group])
        if (spread := group[0].spread) is not None:
            rows = spread.add_up(rows)
        halves = rows.view(len(group), -1, 2)
        # The last exponent of either sign is that of what is no number. With the fraction's first
        # bit it is a NaN: every processor sets that bit. Without it, it is infinite.
        last = halves.shape[1] // 2
        parts.append(torch.cat((halves.sum(2), halves[:, last - 1 :: last, 1]), 1))
        indices.append([piece.index for piece in group])
    return Counts(indices, parts)


def shift_of(scale: float) -> int:
    """Return by how many exponents a scale moves what it multiplies.

    Exact for powers of two, which the scales of mixed precision are; else to the nearest one.
    """
    return round(math.log2(scale)) if scale > 0 and math.isfinite(scale) else 0


def _count(entries: Tensor) -> Tensor:
    """Return how often each pattern of leading bits occurs, int64 of shape (bins,)."""
    kind = _FORMATS[entries.dtype]
    words = entries.view(kind.word)
    shift, mask = kind.fraction - 1, kind.bins - 1
    is_cpu = entries.device.type == "cpu"
    found = torch.zeros(kind.bins, dtype=torch.int64, device=entries.device)
    for part in words.split(_ENTRIES_CPU if is_cpu else _ENTRIES):
        leading = (part >> shift).bitwise_and_(mask)
        if is_cpu:
            found += torch.bincount(leading, minlength=kind.bins)
        else:
            # bincount waits for the device there: it looks for the largest entry first.
            leading = leading.to(torch.int32)
            found += torch.histc(leading, bins=kind.bins, min=0, max=kind.bins)
    return found
