"""How fast a training goes, and how long it waits for its data."""

from __future__ import annotations

import time
from collections.abc import Callable


class Throughput:
    """Adds up the time of updates between two reports.

    The time of an update is that of its hooks on the host. Where an accelerator computes behind the
    host's back, that of a single update says little; over a report's updates it evens out.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.wait_s = self.update_s = 0.0  # of the latest update: waited for data, and in all
        self._clock = clock
        self._waits_since: float | None = None
        self._began: float | None = None
        self._updates, self._sum_s, self._sum_wait_s = 0, 0.0, 0.0
        self._samples: int | None = None
        self._tokens = 0

    def wait(self) -> None:
        """Take note that what comes next is the wait for data."""
        self._waits_since = self._clock()

    def begin(self) -> None:
        """Take note that the data of an update are there."""
        now = self._clock()
        since = now if self._waits_since is None else self._waits_since
        self.wait_s, self._began = now - since, since

    def end(self) -> None:
        """Take note that an update is made."""
        if self._began is None:
            return
        self.update_s = self._clock() - self._began
        self._updates += 1
        self._sum_s += self.update_s
        self._sum_wait_s += self.wait_s
        self._began = None
        self.wait()

    def report(self, samples: int | None, tokens: int) -> dict[str, float]:
        """Return means since the report before.

        Args:
            samples: Trained on so far, where it is known.
            tokens: Seen so far; 0 where nobody counts them.
        """
        values: dict[str, float] = {}
        if self._updates and self._sum_s > 0:
            values["perf/step_s"] = self._sum_s / self._updates
            values["perf/wait_s"] = self._sum_wait_s / self._updates
            values["perf/updates_per_s"] = self._updates / self._sum_s
            if samples is not None and self._samples is not None:
                values["perf/samples_per_s"] = (samples - self._samples) / self._sum_s
            if tokens > self._tokens:
                values["perf/tokens_per_s"] = (tokens - self._tokens) / self._sum_s
        self.restart(samples, tokens)
        return values

    def restart(self, samples: int | None, tokens: int) -> None:
        """Forget what has been added up, and begin here."""
        self._updates, self._sum_s, self._sum_wait_s = 0, 0.0, 0.0
        self._samples, self._tokens = samples, tokens
