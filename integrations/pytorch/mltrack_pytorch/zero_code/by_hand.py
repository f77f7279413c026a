"""Loops that make their updates by hand: no optimizer, so nothing that PyTorch would tell of.

Such a loop gives itself away while no optimizer is alive: it clips gradients, or what `backward`
has given gradients to goes down them. Where it clips, each clipping is the beginning of an update;
it has been made when the next `backward` or clipping begins. Elsewhere gradients are measured after
each `backward`, and an update has been made when the tensors have moved by the next one.
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
from mltrack_core import ownership
from mltrack_pytorch.loops.hooks import HOOKS
from mltrack_pytorch.loops.loop import Loop
from mltrack_pytorch.zero_code.automatic import AUTOMATIC
from mltrack_pytorch.zero_code.automatic import PART
from mltrack_pytorch.zero_code.descent import Descent
from mltrack_pytorch.zero_code.descent import trained

_LOOKS_MAX: Final = 256  # at tensors that never go down their gradients; it is no training then
_MOVES_MAX: Final = 8  # of theirs in other directions


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
        self._descent: Descent | None = None  # None also where clipping tells of updates
        self._looks, self._moves = _LOOKS_MAX, _MOVES_MAX  # that are left
        self._next: list[Tensor] = []  # what `backward` is about to give gradients to

    def clipping(self, parameters: Sequence[Tensor]) -> None:
        """Begin an update of *parameters*, if nobody else makes it. Raises nothing."""
        self.settle()
        if self._guard.is_tripped("by hand") or not autolog.is_active(PART):
            return
        with self._guard("by hand"):
            optimizer = self._of([each for each in parameters if each.grad is not None])
            loop = None if optimizer is None else HOOKS.loop_of(optimizer)
            if loop is not None:
                self._descent = None
                self._begin(loop)

    def before_backward(self, loss: Tensor) -> None:
        """Complete the update that the program has made, and look for one. Raises nothing."""
        self.settle()
        if self._descent is None and not self._is_looking():
            return
        with self._guard("by hand"):
            if self._optimizer is None and self._descent is not None and self._descent.has_moved():
                self._recognize(self._descent)
            if self._descent is not None:
                self._descent.expect()
            elif self._is_looking():
                self._next = trained(loss)

    def after_backward(self) -> None:
        """Measure gradients that may be those of an update. Raises nothing."""
        if self._descent is None and not self._next:
            return
        with self._guard("by hand"):
            following, self._next = self._next, []
            if self._descent is None:
                self._descent = Descent(following)
                self._looks -= 1
            elif self._optimizer is not None:
                if self._descent.look():
                    self._measure(self._optimizer)
                else:
                    self.forget()  # it trains something else
            elif self._is_looking() and self._descent.look():
                self._looks -= 1
            else:
                self._descent = None

    def settle(self) -> None:
        """Complete the update that is under way, if it has been made. Raises nothing."""
        if self._loop is None or self._optimizer is None or self._guard.is_tripped("by hand"):
            return
        with self._guard("by hand"):
            if self._descent is None or self._descent.has_moved():
                loop, self._loop = self._loop, None
                loop.complete(self._optimizer)

    def forget(self) -> None:
        """Follow nothing any more."""
        atexit.unregister(self.settle)
        self._optimizer, self._own, self._loop = None, frozenset(), None
        self._descent, self._next = None, []
        self._looks, self._moves = _LOOKS_MAX, _MOVES_MAX

    def _is_looking(self) -> bool:
        """Tell whether nobody is known to make updates, and somebody may yet."""
        loop = AUTOMATIC.loop
        return (
            self._optimizer is None
            and self._looks > 0
            and self._moves > 0
            and (loop is None or not loop.has_optimizers)
            and not self._guard.is_tripped("by hand")
        )

    def _recognize(self, descent: Descent) -> None:
        """Record the update that has been made, as far as it is known, if it was one."""
        if not self._is_looking():
            return
        if ownership.are_there_any():
            self._looks = 0  # an integration knows who makes the updates
            return
        if not descent.is_downhill():
            AUTOMATIC.intake.forget()
            self._moves -= 1
            return
        optimizer = self._of(descent.tensors())
        loop = None if optimizer is None else HOOKS.loop_of(optimizer)
        if optimizer is None or loop is None:
            self.forget()
            self._looks = 0
            return
        self._descent = descent
        loop.begin(optimizer, has_closure=True)  # which measures nothing: it is too late to
        loop.complete(optimizer)

    def _measure(self, optimizer: ByHand) -> None:
        """Measure what may be the gradients of an update, or will be with the next ones."""
        loop = HOOKS.loop_of(optimizer)
        if loop is None:
            return
        if self._loop is None:
            loop.begin(optimizer, has_closure=True)
            self._begin(loop)
        loop.evaluate(optimizer, lambda: None)

    def _begin(self, loop: Loop) -> None:
        """Expect an update to be made."""
        self._loop = loop
        # To be called before core's own, which is there once the loop has its run.
        atexit.unregister(self.settle)
        atexit.register(self.settle)

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
    return ownership.are_there_any() or any(
        issubclass(type(one), Optimizer) for one in gc.get_objects()
    )


HAND: Final = Hand()  # of this process
