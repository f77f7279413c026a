"""When to try again."""

from __future__ import annotations

import random
from typing import Final

from mltrack_core.limits import RETRY_S_MAX
from mltrack_core.limits import RETRY_S_MIN

# A server may ask for patience, but a slip of its clock must not silence us for a year.
_PATIENCE_S_MAX: Final = 3600.0


class Backoff:
    """Exponential back-off with full jitter: after a failure, wait between nothing and a bound.

    The bound doubles from RETRY_S_MIN to RETRY_S_MAX. Full jitter because a thousand agents whose
    server comes back must not come back with it.

    Args:
        chance: Where the jitter comes from.
    """

    def __init__(self, chance: random.Random | None = None) -> None:
        self.ready_at_s = 0.0  # by the monotonic clock
        self._chance = chance or random.Random()  # noqa: S311 - jitter, not a secret
        self._failures = 0

    @property
    def failures(self) -> int:
        """How many times in a row it failed."""
        return self._failures

    def is_ready(self, now_s: float) -> bool:
        """Tell whether the next try is due."""
        return now_s >= self.ready_at_s

    def failed(self, now_s: float, retry_after_s: float | None = None) -> None:
        """Put off the next try; what the server asks for wins."""
        bound = min(RETRY_S_MAX, RETRY_S_MIN * 2.0**self._failures)
        self._failures = min(self._failures + 1, 30)
        if retry_after_s is None:
            self.ready_at_s = now_s + self._chance.uniform(0, bound)
        else:
            self.ready_at_s = now_s + min(max(retry_after_s, 0.0), _PATIENCE_S_MAX)

    def park(self, now_s: float) -> None:
        """Put off the next try for RETRY_S_MAX: only a person can change the answer."""
        self._failures = min(self._failures + 1, 30)
        self.ready_at_s = now_s + RETRY_S_MAX

    def succeeded(self) -> None:
        """Forget the failures."""
        self._failures = 0
        self.ready_at_s = 0.0
