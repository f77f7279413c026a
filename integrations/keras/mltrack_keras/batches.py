"""The loss between epochs, got back from the running mean that Keras reports."""

from __future__ import annotations

import threading
from dataclasses import dataclass

# Keras reports a float32 mean since the epoch's beginning. Over less than a thousandth of the
# batches behind it, the difference of two such means would be mostly rounding.
_PRECISION_BATCHES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The batches since the previous window of the epoch."""

    batches: int  # of the epoch that were complete at its end
    loss: float  # mean over the window's batches; exact where all batches have one size


class BatchLoss:
    """Cuts an epoch into windows of about *every* batches, in order and without holes.

    Thread-safe: on JAX and PyTorch Keras calls from a pool of threads, in any order. A batch that
    comes after a later one is in that one's window already.

    Args:
        every: Batches between two windows; 0 for no windows.
        batches: In one epoch; None where that is unknown.
    """

    def __init__(self, every: int, batches: int | None) -> None:
        self.count = 0  # batches of this epoch that are complete
        self._every, self._batches = every, batches
        self._end = 0  # of the latest window
        self._total = 0.0  # loss of all batches up to there
        self.lock = threading.Lock()  # held from `complete` until its window is recorded

    def begin_epoch(self) -> None:
        """Forget the epoch before."""
        self.count = self._end = 0
        self._total = 0.0

    def complete(self, index: int, running_loss: float | None) -> Window | None:
        """Return the window that batch *index* of the epoch completes, if it does.

        Args:
            index: From 0. With `steps_per_execution` it may lie behind the epoch's last batch.
            running_loss: Mean over the epoch up to this batch; None where it is something else.
        """
        count = index + 1 if self._batches is None else min(index + 1, self._batches)
        self.count = max(self.count, count)
        length = count - self._end
        if not self._every or running_loss is None:
            return None
        if length < max(self._every, count // _PRECISION_BATCHES):
            return None
        total = running_loss * count
        window = Window(batches=count, loss=(total - self._total) / length)
        self._end, self._total = count, total
        return window
