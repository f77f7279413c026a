"""Disks that refuse: a stand-in for `os.write` that fails where a test says so."""

from __future__ import annotations

import math
import os


class FaultyWrite:
    """`os.write`, but from the call number *at* on the disk refuses, *lasts* calls long.

    A disk that runs full takes a part of the data first, and says why it took no more at the next
    call. So the first faulty call writes *short_bytes* and returns that many, and the later ones
    raise; with 0 all of them raise.

    Args:
        at: Number of the first faulty call, counted from 1.
        error: The errno that is raised.
        short_bytes: What the first faulty call still writes, if its data is longer.
        lasts: Number of faulty calls; `math.inf` until `heal`.
    """

    def __init__(
        self, at: int, error: int, *, short_bytes: int = 0, lasts: float = math.inf
    ) -> None:
        self.at, self.error = at, error
        self.short_bytes, self.lasts = short_bytes, lasts
        self.calls = 0
        self.faults = 0  # calls that were short or raised: 0 means that no call has met the fault

    def __call__(self, descriptor: int, data: bytes) -> int:
        """Write *data*, or do what the faulty disk does."""
        self.calls += 1
        if not self.at <= self.calls < self.at + self.lasts:
            return os.write(descriptor, data)
        self.faults += 1
        if self.calls == self.at and 0 < self.short_bytes < len(data):
            return os.write(descriptor, data[: self.short_bytes])
        raise OSError(self.error, os.strerror(self.error))

    def heal(self) -> None:
        """Let every later call through."""
        self.lasts = -math.inf
