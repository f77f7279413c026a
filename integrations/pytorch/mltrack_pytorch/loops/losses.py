"""What was passed to `backward` since the last update."""

from __future__ import annotations

from torch import Tensor


class Losses:
    """The mean of some numbers, kept on their device."""

    def __init__(self) -> None:
        self._sum: Tensor | None = None
        self._count = 0

    def add(self, loss: Tensor) -> None:
        """Take note of one number; of now, whatever happens to the tensor later."""
        loss = loss.detach().reshape(())
        if self._sum is None or self._sum.device != loss.device:
            self._sum, self._count = loss.clone(), 0
        else:
            self._sum = self._sum + loss
        self._count += 1

    def take(self) -> Tensor | None:
        """Return the mean, and begin anew; None where there was no number."""
        total, count = self._sum, self._count
        self._sum, self._count = None, 0
        return total if total is None or count == 1 else total / count
