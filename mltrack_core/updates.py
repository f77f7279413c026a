"""How many updates a training has made, for what is logged to its run without a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

Count = Callable[[], int]

_counts: Final[dict[str, Count]] = {}  # by id of the run


def follow(run: str, count: Count) -> None:
    """Let what is logged to *run* without a step be at the one that *count* returns."""
    _counts[run] = count


def unfollow(run: str, count: Count) -> None:
    """Take back what was said by `follow`."""
    if _counts.get(run) == count:
        del _counts[run]


def made(run: str) -> int | None:
    """Return how many updates the training of *run* has made; None where nobody counts them."""
    count = _counts.get(run)
    return None if count is None else count()
