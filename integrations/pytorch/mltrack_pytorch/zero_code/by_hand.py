"""Loops that make their updates by hand: no optimizer, so nothing that PyTorch would tell of.

What gives such a loop away is that it clips gradients while no optimizer is alive. Each clipping is
the beginning of an update; it has been made when the next `backward` or clipping begins.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Sequence
from typing import Any
from typing import Final
from typing import NoReturn

from torch import Tensor
from torch.optim import Optimizer

from mltrack_core import Guard
from mltrack_core import autolog
from mltrack_pytorch.loops.hooks import HOOKS
from mltrack_pytorch.loops.loop import Loop
from mltrack_pytorch.zero_code.automatic import PART


class ByHand(Optimizer):
    """Stands for the lines of a program that change its parameters; changes none itself."""

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        super().__init__(parameters, {})

    def step(self, closure: Any = None) -> NoReturn:
        """Raise: nobody calls it."""
        raise NotImplementedError


class Hand:
    """Follows updates that are made by hand."""

    def __init__(self) -> None:
        self._guard = Guard()
        self._optimizer: ByHand | None = None
        self._own: frozenset[int] = frozenset()  # ids of its parameters
        self._others: set[int] = set()  # ids of those that an optimizer was there for
        self._loop: Loop | None = None  # with an update under way

    def clipping(self, parameters: Sequence[Tensor]) -> None:
        """Begin an update of *parameters*, if nobody else makes it. Raises nothing."""
        self.settle()
        if self._guard.is_tripped("by hand") or not autolog.is_active(PART):
            return
        with self._guard("by hand"):
            optimizer = self._of([each for each in parameters if each.grad is not None])
            loop = None if optimizer is None else HOOKS.loop_of(optimizer)
            if loop is not None:
                self._loop = loop
                # To be called before core's own, which is there once the loop has its run.
                atexit.unregister(self.settle)
                atexit.register(self.settle)

    def settle(self) -> None:
        """Complete the update that is under way: the program has gone on. Raises nothing."""
        loop, self._loop = self._loop, None
        if loop is not None and self._optimizer is not None:
            with self._guard("by hand"):
                loop.complete(self._optimizer)

    def forget(self) -> None:
        """Follow nothing any more."""
        atexit.unregister(self.settle)
        self._optimizer, self._own, self._loop = None, frozenset(), None

    def _of(self, parameters: Sequence[Tensor]) -> ByHand | None:
        """Return what stands for the updates of *parameters*; None if an optimizer makes them."""
        ids = frozenset(map(id, parameters))
        if ids <= self._own:
            return self._optimizer
        if ids <= self._others:
            return None
        self.forget()
        if all(each.is_leaf for each in parameters) and not _is_there_an_optimizer():
            self._optimizer, self._own = ByHand(parameters), ids
        else:
            self._others |= ids
        return self._optimizer


def _is_there_an_optimizer() -> bool:
    """Look through every object of the process, which may take a tenth of a second."""
    return any(issubclass(type(one), Optimizer) for one in gc.get_objects())


HAND: Final = Hand()  # of this process
