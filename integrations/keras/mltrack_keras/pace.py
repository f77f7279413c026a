"""How long epochs, evaluations and predictions take."""

from __future__ import annotations

import time


class Pace:
    """Takes the time of one training, epoch by epoch."""

    def __init__(self) -> None:
        self._epoch_began_s = self._test_began_s = 0.0  # monotonic
        self._validation_s = 0.0  # of this epoch

    def begin_epoch(self) -> None:
        """Begin an epoch."""
        self._validation_s = 0.0
        self._epoch_began_s = time.monotonic()

    def end_epoch(self, batches: int, samples: int | None) -> dict[str, object]:
        """Return what is to be recorded of an epoch over so many; None where nobody knows."""
        seconds = time.monotonic() - self._epoch_began_s
        trained_s = max(seconds - self._validation_s, 1e-9)
        values: dict[str, object] = {"perf/epoch_s": seconds}
        if self._validation_s:
            values["perf/validation_s"] = self._validation_s
        values["perf/batches_per_s"] = batches / trained_s
        if samples is not None:
            values["perf/samples_per_s"] = samples / trained_s
        return values

    def begin_test(self) -> None:
        """Begin an evaluation or a prediction."""
        self._test_began_s = time.monotonic()

    def end_test(self, *, is_validation: bool = False) -> float:
        """Return its seconds; they are no training where it is a part of an epoch."""
        seconds = time.monotonic() - self._test_began_s
        if is_validation:
            self._validation_s += seconds
        return seconds
