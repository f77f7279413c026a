"""What goes into a loop that nobody has described: batches of its loaders, and losses."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import ref

import torch
from torch import Tensor

from mltrack_pytorch.loops.losses import Losses
from mltrack_pytorch.loops.pace import Pace

_DEPTH_MAX = 3  # of what a loader yields: a pair of inputs and targets, a mapping of tensors


@dataclass(slots=True)
class _Batch:
    """What a loader has yielded last."""

    samples: int
    tokens: int
    wait_s: float
    loader: ref[Any]  # the iterator over it, whose workers end with it
    number: int  # in its epoch, from 1


class Intake:
    """Counts what a training takes in.

    A batch counts once something is passed to `backward` after it: those of a validation are never
    counted.
    """

    def __init__(self) -> None:
        self.pace, self.losses = Pace(), Losses()
        self.facts: dict[str, object] = {}  # of the loader that the training reads
        self._batch: _Batch | None = None
        self._counted: _Batch | None = None  # the last one
        self._epochs, self._number = 0, 0
        self._scaled: tuple[ref[Tensor], Tensor] | None = None

    def fetched(self, loader: Any, batch: object, wait_s: float) -> None:
        """Take note of a batch, and how long the loop has waited for it."""
        samples, tokens = _sizes(batch)
        number = getattr(loader, "_num_yielded", 0)
        self._batch = _Batch(samples, tokens, wait_s, ref(loader), number)

    def scaled(self, loss: Tensor, result: Tensor) -> None:
        """Take note of a loss as a GradScaler has scaled it."""
        self._scaled = (ref(result), loss.detach())

    def backward(self, loss: Tensor) -> None:
        """Take note of what is passed to `backward`: one number, without its scale."""
        if self._scaled is not None and self._scaled[0]() is loss:
            loss = self._scaled[1]
        self._scaled = None
        self.losses.add(loss)
        if self._batch is not None:
            self._count(self._batch)
            self._batch = None

    def renew(self) -> None:
        """Begin to count for another training, whose first batch and loss are known already."""
        self.pace, self.facts = Pace(), {}
        self._epochs = self._number = 0
        if self._counted is not None:
            self._count(self._counted)

    def forget(self) -> None:
        """Drop losses that belong to no update of ours."""
        self.losses.take()
        self._batch = None

    def _count(self, batch: _Batch) -> None:
        self._counted = batch
        pace, world = self.pace, _world_size()
        pace.samples += batch.samples * world
        pace.tokens += batch.tokens * world
        pace.wait_s += batch.wait_s
        pace.waits = True
        loader = batch.loader()
        if batch.number <= self._number or self._epochs == 0:
            self._epochs += 1
            self.facts = self.facts or _facts(loader, batch)
        self._number = batch.number
        length = _length(loader)
        pace.epoch = self._epochs - 1 + batch.number / length if length else None


def _sizes(batch: object) -> tuple[int, int]:
    """Return how many samples and tokens a batch has; 0 where that is not known."""
    tokens = batch.get("input_ids") if isinstance(batch, Mapping) else None
    first = next(_tensors(batch, _DEPTH_MAX), None)
    return (
        int(first.shape[0]) if first is not None and first.dim() else 0,
        tokens.numel() if isinstance(tokens, Tensor) else 0,
    )


def _tensors(value: object, depth: int) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif depth and isinstance(value, Mapping):
        for inner in value.values():
            yield from _tensors(inner, depth - 1)
    elif depth and isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for inner in value:
            yield from _tensors(inner, depth - 1)


def _world_size() -> int:
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        return int(distributed.get_world_size())
    return 1


def _length(sized: Any) -> int | None:
    """Return how long a loader or data set is; None where it does not know."""
    try:
        return len(sized) or None
    except Exception:  # noqa: BLE001 - a user's data set may have a `__len__` that raises anything
        return None


def _facts(loader: Any, batch: _Batch) -> dict[str, object]:
    """Return what is known of a loader, without reading from it."""
    dataset: Any = getattr(loader, "_dataset", None)
    sampler = getattr(loader, "_index_sampler", None)
    found: dict[str, object] = {
        "dataset": type(dataset).__qualname__,
        "samples": _length(dataset),
        "batch_size": getattr(sampler, "batch_size", batch.samples or None),
        "batches": _length(loader),
        "sampler": type(getattr(sampler, "sampler", sampler)).__name__,
        "drop_last": getattr(sampler, "drop_last", None),
        "workers": getattr(loader, "_num_workers", None),
        "pin_memory": getattr(loader, "_pin_memory", None),
    }
    return {name: value for name, value in found.items() if value is not None}
