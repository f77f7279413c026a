"""Tables for terminals."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from typing import Final

_CELL_CHARACTERS_MAX: Final = 40  # one endless name must not push all others off the screen


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return *rows* below *header*, one a line, each column as wide as its widest cell."""
    lines = [header, *(_shortened([*map(plain, row)]) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def plain(text: str) -> str:
    """Return *text* without what would move the cursor, colour the screen or turn the line."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "�" for c in text)


def _shortened(row: Sequence[str]) -> list[str]:
    """Return *row* with long names cut; what comes last may be as long as it likes."""
    *names, values = row
    return [
        name if len(name) <= _CELL_CHARACTERS_MAX else f"{name[: _CELL_CHARACTERS_MAX - 1]}…"
        for name in names
    ] + [values]


def size(count: int) -> str:
    """Return a number of bytes for people."""
    left = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if left < 1024:
            return f"{left:.4g} {unit}"
        left /= 1024
    return f"{left:.4g} TiB"
