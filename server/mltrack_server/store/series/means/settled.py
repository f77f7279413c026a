"""What runs that have ended amount to, kept: beside runs that go on only these are read again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from mltrack_core.limits import MIB
from mltrack_server.store.series.means.pool import Settled

_BYTES_MAX: Final = 32 * MIB


class SettledMeans:
    """Means of runs that have ended, by all that they depend on. Thread-safe."""

    def __init__(self, bytes_max: int = _BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Settled] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable) -> Settled | None:
        """Return what is known by *key*; not to be changed by the caller."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Hashable, found: Settled) -> None:
        """Keep what was found; forget what was not asked for the longest."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = found
                self._bytes += _bytes(found)
            while self._bytes > self._bytes_max:
                _, oldest = self._kept.popitem(last=False)
                self._bytes -= _bytes(oldest)


def _bytes(settled: Settled) -> int:
    return 1024 + sum(average.nbytes for average in settled.averages.values())
