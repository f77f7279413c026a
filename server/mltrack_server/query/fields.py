"""Fields: which parameters and metrics of each run a list is to hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Fields:
    """Names, or beginnings of names with "*" behind them."""

    params: tuple[str, ...]
    metrics: tuple[str, ...]


ALL: Final = Fields(("*",), ("*",))


def split(names: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return whole names and beginnings of names."""
    whole = [name for name in names if not name.endswith("*")]
    return whole, [name[:-1] for name in names if name.endswith("*")]
