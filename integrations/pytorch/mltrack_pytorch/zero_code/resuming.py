"""Trainings that go on from a checkpoint which this script has saved when it ran before.

`torch.load` says which file was read, torch.distributed.checkpoint which folder, `load_state_dict`
of an optimizer that it is to go on: a model alone may be loaded for anything. Both together tell a
training that is resumed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from typing import Final
from weakref import WeakKeyDictionary

from torch.optim import Optimizer

from mltrack_core import origins
from mltrack_core.origins import Origin

_DEPTH_MAX: Final = 3  # of what a file holds, down to an optimizer's state
_FILES_MAX: Final = 16  # whose contents may still be on their way to an optimizer


class Resuming:
    """Follows what was saved from the file to the optimizer. Keeps nothing of it alive."""

    def __init__(self) -> None:
        self._read: list[
            tuple[frozenset[int], Origin]
        ] = []  # ids of mappings in a file, newest last
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
            self._read.append((frozenset(map(id, _mappings(content, _DEPTH_MAX))), origin))
            del self._read[:-_FILES_MAX]

    @contextmanager
    def reading(self, origin: Origin | None) -> Iterator[None]:
        """Whichever optimizer takes a state meanwhile takes it from what *origin* tells of."""
        before = self._reading
        self._reading = origin or before
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
            if id(state) in known:
                return origin
        return None

    def origin_of(self, optimizer: Optimizer) -> Origin | None:
        """Return which run an optimizer goes on from; None where it begins, or nobody knows."""
        return self._origins.get(optimizer)


def _mappings(content: object, depth: int) -> Iterator[object]:
    """Yield the mappings in what was loaded."""
    if isinstance(content, Mapping):
        yield content
        inner = list(content.values())
    elif isinstance(content, list | tuple):
        inner = list(content)
    else:
        return
    for value in inner if depth else ():
        yield from _mappings(value, depth - 1)
