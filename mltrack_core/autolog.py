"""Whether trainings are recorded without a line of code, and which parts are left out of it.

`mltrack run` turns it on by the environment, `mltrack.autolog()` by `activate`. The taps of each
integration ask `is_active` when something happens, not when they are put in place.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from mltrack_core import _settings
from mltrack_core._session import on_run

__all__ = ["activate", "deactivate", "excluded", "is_active", "join_training", "on_run", "paused"]


class _State:
    """What this process has been told."""

    def __init__(self) -> None:
        self.is_on: bool | None = None  # None: nobody has said; then the environment decides
        self.excluded: frozenset[str] = frozenset()
        self.is_quiet = False  # a forked child
        self.is_watching_forks = False


_state = _State()
_is_paused: Final[ContextVar[bool]] = ContextVar("mltrack_autolog_paused", default=False)


def activate(exclude: Iterable[str] = ()) -> None:
    """Record trainings of this process from now on.

    Args:
        exclude: Parts to leave out, e.g. "keras" or "arguments". They take the place of earlier
            ones; those of MLTRACK_AUTOLOG_EXCLUDE are left out in any case.
    """
    _state.excluded = frozenset(exclude) | _settings.autolog_excluded()
    _state.is_on = True
    if not _state.is_watching_forks:
        _state.is_watching_forks = True
        os.register_at_fork(after_in_child=_be_quiet)


def deactivate() -> None:
    """Record nothing by itself from now on, whatever the environment says."""
    _state.is_on = False


def join_training() -> None:
    """Say that this process trains in its own right: a forked child that has become a rank."""
    _state.is_quiet = False


def is_active(part: str = "") -> bool:
    """Tell whether *part* ("pytorch", "keras", "lightning", "hf" …) is to record by itself.

    Costs less than 1 µs. Without *part*: whether anything is.
    """
    if _state.is_on is None:
        if not _settings.is_autologging():
            return False
        activate()
    if not _state.is_on or _state.is_quiet:
        return False
    return part not in _state.excluded and not _is_paused.get()


def excluded() -> frozenset[str]:
    """Return the parts that are left out."""
    return _state.excluded


def _be_quiet() -> None:
    """Be silent in a forked child: what a worker does beside its parent is no training to us."""
    _state.is_quiet = True


@contextmanager
def paused() -> Iterator[None]:
    """Record nothing by itself within this context, in this thread or task only."""
    token = _is_paused.set(True)
    try:
        yield
    finally:
        _is_paused.reset(token)
