"""Functions of PyTorch in whose place stands one of ours, which calls them: taps."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

Restore = Callable[[], None]


def replace(place: Any, name: str, around: Callable[[Callable[..., Any]], Any]) -> Restore:
    """Put what *around* makes of a function in its place; return what puts the function back.

    Args:
        place: The module or class that holds it.
        name: Under which name. Where there is none, nothing happens.
        around: Given the function, returns what is called instead.

    Returns:
        Puts it back, unless somebody else has taken the place since.
    """
    original = vars(place).get(name)
    if original is None:
        return _nothing
    tap = wraps(original)(around(original))
    setattr(place, name, tap)

    def restore() -> None:
        if vars(place).get(name) is tap:
            setattr(place, name, original)

    return restore


def all_of(restores: list[Restore]) -> Restore:
    """Return what calls all of *restores*, the last one first."""

    def restore() -> None:
        while restores:
            restores.pop()()

    return restore


def _nothing() -> None:
    pass
