"""Steps within steps: which of them is the update that the training makes.

A subclass whose `step` calls `super().step()` runs the hooks twice, a wrapper such as Lookahead
runs them for itself and for the optimizer in it. No hook tells when a step is left by an exception.
"""

from __future__ import annotations

import sys
import threading
from types import CodeType
from types import FrameType
from weakref import ref

from torch.optim import Optimizer


class Nesting(threading.local):
    """The step that this thread is in, the outermost one. Ask from the optimizers' hooks."""

    def __init__(self) -> None:
        self._outer: ref[Optimizer] | None = None
        self._has_inner = False

    def is_inside(self, optimizer: Optimizer) -> bool:
        """Tell whether *optimizer*'s step is called by another one, or calls itself."""
        outer = self._outer() if self._outer is not None else None
        if outer is None:
            return False
        if _depth(outer, sys._getframe()) > (outer is optimizer):
            self._has_inner = True
            return True
        self._outer = None  # an exception has left it
        return False

    def enter(self, optimizer: Optimizer) -> None:
        """Take note that the outermost step begins."""
        self._outer, self._has_inner = ref(optimizer), False

    def leave(self, optimizer: Optimizer) -> bool:
        """Take note of a step that ends; tell whether it is the outermost."""
        if self._outer is None or self._outer() is not optimizer:
            return False
        if self._has_inner and _depth(optimizer, sys._getframe()) > 1:
            return False
        self._outer = None
        return True


def _depth(optimizer: Optimizer, frame: FrameType | None) -> int:
    """Return how many calls of *optimizer*'s step are under way, as PyTorch wraps them."""
    wrapper: CodeType | None = getattr(type(optimizer).step, "__code__", None)
    count = 0
    while frame is not None:
        if frame.f_code is wrapper and frame.f_locals.get("self") is optimizer:
            count += 1
        frame = frame.f_back
    return count
