"""Tables for terminals."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from typing import Final

_CELL_CHARACTERS_MAX: Final = 40  # one endless name must not push all others off the screen


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return *rows* below *header*, one a line, each column as wide as its widest cell."""
    lines = [header, *map(_shortened, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _shortened(row: Sequence[str]) -> list[str]:
    """Return *row* with long names cut; what comes last may be as long as it likes."""
    *names, values = row
    return [
        name if len(name) <= _CELL_CHARACTERS_MAX else f"{name[: _CELL_CHARACTERS_MAX - 1]}…"
        for name in names
    ] + [values]
