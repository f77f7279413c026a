"""How fast a training goes: time, samples and tokens between two looks at the clock."""

from __future__ import annotations

import time

import torch


class Pace:
    """What has happened since the last look.

    Samples, tokens and waiting are known only where somebody adds them up.
    """

    def __init__(self) -> None:
        self.samples = 0  # since the beginning, as far as they have been counted
        self.tokens = 0
        self.wait_s = 0.0  # spent on waiting for data
        self.waits = False  # whether that is known
        self.epoch: float | None = None
        self._at_s: float | None = None
        self._updates = 0
        self._last = (0, 0, 0.0)

    def update(self) -> None:
        """Take note of an update that has been made."""
        self._updates += 1

    def look(self) -> dict[str, float]:
        """Return the metrics of the updates since the last look; none at the first one."""
        now_s, updates, last = time.perf_counter(), self._updates, self._last
        began_s, self._at_s = self._at_s, now_s
        self._updates, self._last = 0, (self.samples, self.tokens, self.wait_s)
        if began_s is None or updates == 0:
            return {}
        seconds = max(now_s - began_s, 1e-9)
        found = {"perf/step_s": seconds / updates, "perf/updates_per_s": updates / seconds}
        if self.waits:
            found["perf/wait_s"] = (self.wait_s - last[2]) / updates
        if self.samples > last[0]:
            found["perf/samples_per_s"] = (self.samples - last[0]) / seconds
        if self.tokens > last[1]:
            found["perf/tokens_per_s"] = (self.tokens - last[1]) / seconds
        if torch.cuda.is_initialized():
            # Counted by the allocator, on the host: no device is asked.
            found["perf/memory_peak_bytes"] = float(torch.cuda.max_memory_allocated())
        return found

    def axes(self) -> dict[str, float]:
        """Return the position, as far as it is known."""
        known = {"epoch": self.epoch, "samples": self.samples, "tokens": self.tokens}
        return {name: float(count) for name, count in known.items() if count}
