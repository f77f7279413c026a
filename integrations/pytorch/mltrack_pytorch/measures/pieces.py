"""Tensors as they are measured: what of each is in this process, and who has the rest."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import Final

import torch
from torch import Tensor
from torch import nn

# What can be measured. The rest is quantised, or of 8 bits, or counts something.
_MEASURED: Final = frozenset((torch.float16, torch.bfloat16, torch.float32, torch.float64))
_USUAL: Final = frozenset((Tensor, nn.Parameter))


@dataclass(frozen=True, slots=True)
class Spread:
    """Where the rest of a DTensor is."""

    mesh: Any  # torch.distributed.DeviceMesh
    dimensions: tuple[int, ...]  # of the mesh, that the tensor is spread over

    def add_up(self, part: Tensor) -> Tensor:
        """Return the sum of the processes' *part*: a collective, all of them must come here."""
        for dimension in self.dimensions:
            torch.distributed.all_reduce(part, group=self.mesh.get_group(dimension))
        return part


@dataclass(frozen=True, slots=True)
class Piece:
    """What of a tensor is in this process: strided, real, of one of the usual float types."""

    index: int  # of the tensor, among those measured together
    local: Tensor
    spread: Spread | None = None  # None: it is the whole tensor


def pieces(tensors: Sequence[Tensor | None]) -> list[Piece]:
    """Return the pieces of *tensors*; there is none of what cannot be measured, or is None.

    A sparse tensor is its coalesced values, a complex one its real and imaginary parts.
    """
    found: list[Piece] = []
    for index, tensor in enumerate(tensors):
        if tensor is None:
            continue
        if type(tensor) in _USUAL and tensor.layout is torch.strided and tensor.dtype in _MEASURED:
            if not tensor.is_meta:  # most are like this, and a large model has hundreds
                found.append(Piece(index, tensor.detach()))
            continue
        local, spread = tensor.detach(), None
        if hasattr(type(local), "to_local"):
            spread = _spread(local)
            local = local.to_local()
        if local.layout != torch.strided:
            if local.layout != torch.sparse_coo:
                continue
            local = local.coalesce().values()
        if local.is_complex():
            local = torch.view_as_real(local.resolve_conj())
        if local.dtype in _MEASURED and local.device.type != "meta":
            found.append(Piece(index, local, spread))
    return found


def alike(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Return *pieces* in groups of one device, type and spread."""
    return _grouped(pieces, lambda piece: (piece.local.device, piece.local.dtype, piece.spread))


def flat(tensor: Tensor) -> Tensor:
    """Return the entries of a strided tensor in the order in which they are stored.

    It is a view, except where the tensor has holes or overlaps itself.
    """
    if not tensor.is_contiguous():
        strides = tensor.stride()
        tensor = tensor.permute(sorted(range(tensor.dim()), key=lambda d: -strides[d]))
    return tensor.reshape(-1)


def _spread(tensor: Any) -> Spread | None:
    """Return what a DTensor is spread over, if it is."""
    over = tuple(
        dimension
        for dimension, placement in enumerate(tensor.placements)
        if not placement.is_replicate()
    )
    return Spread(tensor.device_mesh, over) if over else None


def _grouped(pieces: Sequence[Piece], key: Callable[[Piece], Hashable]) -> list[list[Piece]]:
    groups: dict[Hashable, list[Piece]] = {}
    for piece in pieces:
        groups.setdefault(key(piece), []).append(piece)
    return list(groups.values())
