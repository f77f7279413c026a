"""Weights before an update, to tell afterwards how far it has moved them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from mltrack_pytorch.measures.pieces import Piece
from mltrack_pytorch.measures.pieces import flat

_ENTRIES: Final = 1 << 24  # of all parameters together: 64 MiB in float32, for one update
_ENTRIES_MIN: Final = 1 << 12  # of one parameter


@dataclass(frozen=True, slots=True)
class Samples:
    """Entries of parameters, copied: all of a small one, evenly spread ones of a large one."""

    entries: dict[int, Tensor]  # by the parameter's index
    strides: dict[int, int]  # every which entry it is
    shares: dict[int, float]  # of the parameter's entries here that are among them

    def changes(self, pieces: Sequence[Piece]) -> list[Piece]:
        """Return how much the entries have changed since; these samples are used up by it."""
        old: list[Tensor] = []
        new: list[Tensor] = []
        found: list[Piece] = []
        for piece in pieces:
            before = self.entries.get(piece.index)
            now = flat(piece.local)[:: self.strides.get(piece.index, 1)]
            if before is not None and (before.shape, before.dtype) == (now.shape, now.dtype):
                old.append(before)
                new.append(now.to(before.device))
                found.append(Piece(piece.index, before, piece.spread))
        if old:
            torch._foreach_sub_(old, new)  # its sign is turned: it does not matter for a norm …
            torch._foreach_neg_(old)  # … but for a histogram
        self.entries.clear()
        return found


def sample(pieces: Sequence[Piece]) -> Samples:
    """Copy entries of the parameters, of all together no more than memory allows."""
    entries_max = max(_ENTRIES // max(len(pieces), 1), _ENTRIES_MIN)
    found = Samples({}, {}, {})
    for piece in pieces:
        count = piece.local.numel()
        stride = found.strides[piece.index] = -(-count // entries_max) or 1
        taken = found.entries[piece.index] = flat(piece.local)[::stride].clone()
        found.shares[piece.index] = taken.numel() / count if count else 1.0
    return found
