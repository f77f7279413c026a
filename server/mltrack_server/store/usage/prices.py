"""Prices of devices, by patterns of their names."""

from __future__ import annotations

from collections.abc import Sequence

from mltrack_server.resources import DevicePrice


def price_of(kind: str, prices: Sequence[DevicePrice]) -> float | None:
    """Return what an hour of a device costs: by the first price that fits; None: by none."""
    return next((price.per_hour for price in prices if _fits(kind, price.device)), None)


def _fits(name: str, pattern: str) -> bool:
    """Tell whether *name* fits *pattern*, in which * stands for any characters."""
    name, pattern = name.casefold(), pattern.casefold()
    first, *parts = pattern.split("*")
    if not parts:
        return name == pattern
    last = parts.pop()
    if not name.startswith(first) or not name.endswith(last):
        return False
    # Each part as early as it can be: no backtracking, whatever the pattern is.
    at, end = len(first), len(name) - len(last)
    for part in parts:
        found = name.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end
