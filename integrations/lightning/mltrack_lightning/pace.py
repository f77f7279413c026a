"""How fast a training goes, and how long it waits for its data; validation left out."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass

import torch


@dataclass(slots=True)
class _Sums:
    """What has been added up between two points."""

    updates: int = 0
    seconds: float = 0.0
    wait_s: float = 0.0
    samples: int = 0
    tokens: int = 0


class Pace:
    """Adds up the time of batches on the host.

    Where an accelerator computes behind the host's back, a single batch says little; over the
    batches between two points it evens out.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.wait_s = self.batch_s = 0.0  # of the latest batch: waited for it, and in all
        self._clock = clock
        self._since = clock()  # the end of the batch before, or of what came between
        self._begun = 0.0
        self._sums = _Sums()

    def wait(self) -> None:
        """Take note that what comes next is the wait for a batch."""
        self._since = self._clock()

    def begin(self, batch: object) -> None:
        """Take note that a batch is there."""
        self._begun = self._clock()
        self.wait_s = self._begun - self._since
        samples, tokens = sizes(batch)
        self._sums.samples += samples
        self._sums.tokens += tokens

    def end(self, updates: int) -> None:
        """Take note that a batch is done with, and that *updates* were made in it."""
        now = self._clock()
        self.batch_s = now - self._since
        self._sums.updates += updates
        self._sums.seconds += self.batch_s
        self._sums.wait_s += self.wait_s
        self._since = now

    def point(self, processes: int) -> dict[str, float]:
        """Return means since the point before; empty where no update was made.

        Args:
            processes: That train together, each on as many samples.
        """
        sums, self._sums = self._sums, _Sums()
        if not sums.updates or sums.seconds <= 0:
            return {}
        values = {
            "perf/step_s": sums.seconds / sums.updates,
            "perf/wait_s": sums.wait_s / sums.updates,
            "perf/updates_per_s": sums.updates / sums.seconds,
        }
        if sums.samples:
            values["perf/samples_per_s"] = processes * sums.samples / sums.seconds
        if sums.tokens:
            values["perf/tokens_per_s"] = processes * sums.tokens / sums.seconds
        if torch.cuda.is_initialized():
            # Counted by the allocator, on the host: no device is asked.
            values["perf/memory_peak_bytes"] = float(torch.cuda.max_memory_allocated())
        return values


def sizes(batch: object) -> tuple[int, int]:
    """Return samples and tokens of a batch: the first tensor's length, and entries of input_ids."""
    while isinstance(batch, list | tuple) and batch:
        batch = batch[0]
    if isinstance(batch, torch.Tensor):
        return (len(batch) if batch.ndim else 0), 0
    if isinstance(batch, Mapping):
        ids = batch.get("input_ids")
        first = next((part for part in batch.values() if isinstance(part, torch.Tensor)), None)
        tokens = ids.numel() if isinstance(ids, torch.Tensor) else 0
        return sizes(first)[0], tokens
    return 0, 0
