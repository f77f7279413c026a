"""Who records a training: one integration, however many could see it.

A Lightning training runs through PyTorch's optimizers, a Keras training on PyTorch too. Whoever
knows the loop best claims its optimizers; taps further below then leave them alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from weakref import WeakKeyDictionary

_owners: Final[WeakKeyDictionary[object, str]] = WeakKeyDictionary()


def claim(optimizers: Iterable[object], owner: str) -> None:
    """Say that *owner*, e.g. "lightning", records what happens to *optimizers*."""
    for optimizer in optimizers:
        _owners[optimizer] = owner


def release(optimizers: Iterable[object], owner: str) -> None:
    """Take back what *owner* has claimed."""
    for optimizer in optimizers:
        if _owners.get(optimizer) == owner:
            del _owners[optimizer]


def owner(optimizer: object) -> str:
    """Return who records what happens to *optimizer*; "" where nobody has said so."""
    return _owners.get(optimizer, "")


def are_there_any() -> bool:
    """Tell whether anything is claimed that is still in use."""
    return len(_owners) > 0
