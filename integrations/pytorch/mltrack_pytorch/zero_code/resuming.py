"""Trainings that go on from a checkpoint which this script has saved when it ran before.

`torch.load` says which file was read, torch.distributed.checkpoint which folder, `load_state_dict`
of an optimizer that it is to go on: a model alone may be loaded for anything. Both together tell a
training that is resumed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any
from typing import Final
from weakref import WeakKeyDictionary
from weakref import ref

from torch import Tensor
from torch.optim import Optimizer

from mltrack_core import origins
from mltrack_core.origins import Origin

_DEPTH_MAX: Final = 3  # of what a file holds, down to an optimizer's state
_FILES_MAX: Final = 16  # whose contents may still be on their way to an optimizer

# Mappings by their ids, each with what returns None once it is gone: another one may have its id.
_Known = dict[int, Callable[[], object]]


class Resuming:
    """Follows what was saved from the file to the optimizer. Keeps no tensor of it alive."""

    def __init__(self) -> None:
        self._read: list[tuple[_Known, Origin]] = []  # what is in a file, newest last
        self._origins: WeakKeyDictionary[Optimizer, Origin] = WeakKeyDictionary()
        self._reading: Origin | None = None  # of what optimizers take their states from just now

    def loaded(self, path: object, content: object) -> None:
        """Take note of what `torch.load` has read from *path*."""
        if not isinstance(path, str | os.PathLike):
            return
        self.filled(content, origins.find(path))

    def filled(self, content: object, origin: Origin | None) -> None:
        """Take note that *content* now is what a run has saved; None: what somebody else has."""
        if origin is not None:
            self._read.append((_known(content), origin))
            del self._read[:-_FILES_MAX]

    @contextmanager
    def reading(self, origin: Origin | None) -> Iterator[None]:
        """Whichever optimizer takes a state meanwhile takes it from what *origin* tells of.

        What is read around it is nearer to the file.
        """
        before = self._reading
        self._reading = before or origin
        try:
            yield
        finally:
            self._reading = before

    def restored(self, optimizer: Optimizer, state: object) -> None:
        """Take note that an optimizer goes on with *state*, perhaps that of a file."""
        if (origin := self._reading or self.origin_in(state)) is not None:
            self._origins[optimizer] = origin

    def origin_in(self, state: object) -> Origin | None:
        """Return what is known of a mapping that was loaded."""
        for known, origin in reversed(self._read):
            if id(state) in known and known[id(state)]() is not None:
                return origin
        return None

    def origin_of(self, optimizer: Optimizer) -> Origin | None:
        """Return which run an optimizer goes on from; None where it begins, or nobody knows."""
        return self._origins.get(optimizer)


def _known(content: object) -> _Known:
    """Return the mappings in what was loaded that may be on their way to an optimizer.

    Plain mappings cannot be referred to weakly, tensors can: the first in a mapping goes when it
    goes. The state of an optimizer that keeps none, as SGD without momentum, is small: it is kept.
    """
    known: _Known = {}
    for mapping in _mappings(content, _DEPTH_MAX):
        first = next(_tensors(mapping, _DEPTH_MAX), None)
        if first is not None:
            known[id(mapping)] = ref(first)
        elif "param_groups" in mapping:
            known[id(mapping)] = partial(_itself, mapping)
    return known


def _itself(mapping: object) -> object:
    return mapping


def _mappings(content: object, depth: int) -> Iterator[Mapping[Any, Any]]:
    """Yield the mappings in what was loaded."""
    if isinstance(content, Mapping):
        yield content
    for value in _inside(content) if depth else ():
        yield from _mappings(value, depth - 1)


def _tensors(content: object, depth: int) -> Iterator[Tensor]:
    """Yield the tensors in what was loaded."""
    if isinstance(content, Tensor):
        yield content
    for value in _inside(content) if depth else ():
        yield from _tensors(value, depth - 1)


def _inside(content: object) -> list[object]:
    """Return what a mapping or a list holds; a copy, as another thread may change it."""
    if isinstance(content, Mapping):
        return list(content.values())
    return list(content) if isinstance(content, list | tuple) else []
