"""What the clock says of a training."""

from __future__ import annotations

from typing import Final

from mltrack_core.health._mark import Mark

_STEPS: Final = 50  # that are looked at together; the first ones are let pass as a warm-up
_SHARE_MAX: Final = 0.3  # of the time, waited for data
_SECONDS_MIN: Final = 5.0  # that they take together: of less, nobody would notice


class Starved:
    """The training waits for its data for much of the time."""

    def __init__(self) -> None:
        self._left = _STEPS
        self._is_warm = False
        self._wait_s = self._step_s = 0.0

    def observe(self, wait_s: float, step_s: float, step: int) -> Mark | None:
        self._wait_s += wait_s
        self._step_s += step_s
        self._left -= 1
        if self._left > 0 or self._step_s < _SECONDS_MIN:
            return None
        share, seconds = self._wait_s / self._step_s, self._step_s
        was_warm, self._is_warm = self._is_warm, True
        self._left, self._wait_s, self._step_s = _STEPS, 0.0, 0.0
        if not was_warm or share <= _SHARE_MAX:
            return None
        return Mark(
            kind="health.starved",
            level="warning",
            title=f"Waits for data {share:.0%} of the time",
            evidence=f"Over the last {seconds:.3g} s, until step {step}. More workers, prefetching "
            "or cheaper preprocessing may help.",
        )
