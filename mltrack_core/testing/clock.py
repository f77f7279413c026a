"""A clock that passes when it is told to."""

from __future__ import annotations


class FakeClock:
    """Stands in for `mltrack_core.agent.clock.SystemClock`.

    Args:
        now_s: What both clocks show at first, in seconds.
    """

    def __init__(self, now_s: float = 1_000_000.0) -> None:
        self.now_s = now_s

    def monotonic(self) -> float:
        """Return the time in seconds."""
        return self.now_s

    def time_ns(self) -> int:
        """Return the time in nanoseconds."""
        return int(self.now_s * 1e9)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        assert seconds >= 0, "time does not go back here"
        self.now_s += seconds
