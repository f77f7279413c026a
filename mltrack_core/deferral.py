"""Values that a device is still computing, and records that wait for them instead of the training.

Core knows no device. The integration that does registers here what `log` asks about every value
that is not a plain number.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from typing import Protocol


class Deferral(Protocol):
    """Brings values from a device to the host without waiting for them."""

    def takes(self, value: object) -> bool:
        """Tell whether *value* is one number that the host may not have yet."""

    def put(
        self, values: Mapping[str, object], then: Callable[[Mapping[str, float]], None]
    ) -> None:
        """Call *then* with the numbers that *values* are now, at once or in a later call."""

    def settle(self) -> None:
        """Wait for all that are on their way."""


_registered: list[Deferral] = []


def register(deferral: Deferral) -> None:
    """Let `log` give *deferral* the values that it takes, in the place of an earlier one."""
    _registered[:] = [deferral]


def registered() -> Deferral | None:
    """Return what has been registered."""
    return _registered[0] if _registered else None
