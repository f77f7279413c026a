"""Norms of many tensors, on their devices; whole ones of what is spread over processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mltrack_pytorch.measures.pieces import Piece
from mltrack_pytorch.measures.pieces import alike


@dataclass(frozen=True, slots=True)
class Norms:
    """L2 norms that perhaps no device has computed yet."""

    indices: list[int]  # of the tensors measured, in the order of …
    parts: list[Tensor]  # … their norms: shape (n,), float32, or float64 where the tensors were

    def by_index(self, values: Sequence[Sequence[float]]) -> dict[int, float]:
        """Return the norm of each tensor, given the values of the parts."""
        numbers = (number for part in values for number in part)
        return dict(zip(self.indices, numbers, strict=True))


def l2_norms(pieces: Sequence[Piece]) -> Norms:
    """Return the L2 norm of each tensor, none of them waited for.

    Sums are made in float32, or float64 where a tensor is of that. Of a tensor that is spread it
    is the norm of the whole: a collective.
    """
    indices: list[int] = []
    parts: list[Tensor] = []
    for group in alike(pieces):
        locals_ = [piece.local for piece in group]
        # float64 must not be narrowed: foreach refuses it.
        wide = torch.float32 if locals_[0].dtype != torch.float64 else None
        part = torch.stack(torch._foreach_norm(locals_, 2, dtype=wide))
        if (spread := group[0].spread) is not None:
            part = spread.add_up(part.double().square()).sqrt().to(part.dtype)
        indices += [piece.index for piece in group]
        parts.append(part)
    return Norms(indices, parts)
