"""Which of the processes that train together this one is, and what the others get for a run."""

from __future__ import annotations

import sys
from typing import Self

import mltrack_core
from mltrack_core import NullTracker


def rank() -> int:
    """Return this process's rank among those that train together, as Lightning knows it."""
    torch = sys.modules.get("torch")
    if torch is not None:
        distributed = torch.distributed
        if distributed.is_available() and distributed.is_initialized():
            return int(distributed.get_rank())
    ranks = sys.modules.get("lightning_utilities.core.rank_zero")
    known = getattr(getattr(ranks, "rank_zero_only", None), "rank", None)
    return mltrack_core.launch_rank() if known is None else int(known)


class Elsewhere(NullTracker):
    """What other ranks get for a run: everything may be asked of it, and nothing happens."""

    def __getattr__(self, name: str) -> Self:
        if name.startswith("__"):
            raise AttributeError(name)  # copying and pickling ask for what is not there
        return self

    def __call__(self, *args: object, **kwargs: object) -> Self:
        """Return itself: whatever was asked of it may be asked for more."""
        return self

    def __getitem__(self, key: object) -> Self:
        return self

    def __setitem__(self, key: object, value: object) -> None:
        pass
