"""A mark: one thing that looks wrong, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from mltrack_core.records import AlertLevel

_NAMES_SHOWN: Final = 5


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What `Health` tells the run, as an alert of a kind."""

    kind: str  # "health.nonfinite", "health.exploding", …: see docs/health.md
    level: AlertLevel
    title: str  # what, in one line
    evidence: str  # the numbers that say so, and what usually helps


def listed(names: Iterable[str]) -> str:
    """Return the first few of *names* in words, and how many there are beyond."""
    names = list(names)
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
