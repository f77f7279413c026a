"""What a stream could not keep, until it has been declared in the stream itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from mltrack_core import wire
from mltrack_core.records import Gap


class Losses:
    """What was offered to a stream and could not be kept, until it has been declared.

    Thread-safe.
    """

    def __init__(self) -> None:
        self.reasons: dict[str, dict[str, int]] = {}  # reason → record kind → how many
        self._lock = threading.RLock()
        self._first_ns = self._last_ns = 0

    def __bool__(self) -> bool:
        return bool(self.reasons)

    def count(self, reason: str, number: int, records: int = 1) -> None:
        """Remember that *records* of type *number* were lost."""
        kind = wire.TYPES[number].__name__ if number in wire.TYPES else str(number)
        self._add(reason, kind, records)

    def move_to(self, other: Losses) -> None:
        """Let *other* declare what is known here, and forget it here."""
        with self._lock:
            moved = [(r, k, n) for r, kinds in self.reasons.items() for k, n in kinds.items()]
            self.reasons.clear()
            self._first_ns = 0
        for reason, kind, records in moved:
            other._add(reason, kind, records)

    def declare(self) -> list[Gap]:
        """Return one Gap for each reason."""
        with self._lock:
            return [
                Gap(
                    self._last_ns, reason, sum(kinds.values()), kinds, self._first_ns, self._last_ns
                )
                for reason, kinds in self.reasons.items()
            ]

    def declare_to(self, put: Callable[[int, bytes], bool]) -> None:
        """Write a Gap for each reason with *put*, until it says that one is not written.

        Each is forgotten as soon as it is written, so none is ever declared twice.
        """
        with self._lock:
            for gap in self.declare():
                if not put(*wire.encode(gap)):
                    return
                del self.reasons[gap.reason]
            self._first_ns = 0

    def _add(self, reason: str, kind: str, records: int) -> None:
        with self._lock:
            self._last_ns = time.time_ns()
            self._first_ns = self._first_ns or self._last_ns
            kinds = self.reasons.setdefault(reason, {})
            kinds[kind] = kinds.get(kind, 0) + records
