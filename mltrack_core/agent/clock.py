"""Time as the agent sees it: a seam, so that tests need not wait for it to pass."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time; `mltrack_core.testing.clock.FakeClock` stands in for the real one."""

    def monotonic(self) -> float:
        """Return seconds that never jump, for intervals."""

    def time_ns(self) -> int:
        """Return nanoseconds since the Unix epoch, for display."""


class SystemClock:
    """The time of this machine."""

    def monotonic(self) -> float:
        """Return seconds that never jump, for intervals."""
        return time.monotonic()

    def time_ns(self) -> int:
        """Return nanoseconds since the Unix epoch, for display."""
        return time.time_ns()
