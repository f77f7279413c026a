"""The part of the store that reads consoles: pages, parts to be searched, and places by time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection
from sqlalchemy import func
from sqlalchemy import select

from mltrack_server.resources import ConsolePage
from mltrack_server.resources import ConsolePlace
from mltrack_server.store import schema
from mltrack_server.store.connected import Connected
from mltrack_server.store.console import Line
from mltrack_server.store.console import decode_block
from mltrack_server.store.console import lines_of
from mltrack_server.store.console import read_console
from mltrack_server.store.console import read_partials
from mltrack_server.store.database.retrying import retried
from mltrack_server.store.keys import rid_of

_BLOCKS_MAX: Final = 128  # of a part: about 4 MiB of text


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsolePart:
    """A bounded part of a console, in the order in which its lines were completed."""

    lines: list[Line]
    total: int  # lines of the run
    next: int  # the part that follows; that has the last of these lines again while it grows
    is_end: bool


@retried
class Consoles(Connected):
    """The part of the store that reads consoles."""

    def console(self, run: str, *, first: int | None, limit: int) -> ConsolePage | None:
        """Return up to *limit* console lines from number *first* on; None: the last ones."""
        rid = rid_of(run)
        with self._reading() as connection:
            total = _total(connection, rid)
            if total is None:
                return None
            return read_console(connection, rid, total, first, limit)

    def console_lines(self, run: str, numbers: Sequence[int]) -> ConsolePage | None:
        """Return the lines of these numbers, as far as there are such; None: there is no such run.

        Every block that holds one of them is read: a few hundred numbers are enough at once.
        """
        rid = rid_of(run)
        with self._reading() as connection:
            total = _total(connection, rid)
            if total is None:
                return None
            return ConsolePage(lines=lines_of(connection, rid, numbers), total=total)

    def console_part(self, run: str, part: int) -> ConsolePart | None:
        """Return the lines of a part of the console; 0 is the first. None: there is no such run."""
        rid = rid_of(run)
        blocks = schema.console
        with self._reading() as connection:
            total = _total(connection, rid)
            if total is None:
                return None
            rows = connection.execute(
                select(blocks.c.no, blocks.c.body)
                .where(blocks.c.rid == rid, blocks.c.no >= part)
                .order_by(blocks.c.no)
                .limit(_BLOCKS_MAX + 1)
            ).all()
            is_end = len(rows) <= _BLOCKS_MAX
            lines = [line for row in rows[:_BLOCKS_MAX] for line in decode_block(row.body)]
            if is_end:
                lines += read_partials(connection, rid)
        return ConsolePart(
            lines=lines, total=total, next=rows[-1].no if rows else part, is_end=is_end
        )

    def console_place(self, run: str, time_ns: int) -> ConsolePlace | None:
        """Return which line was the last one at a time; None if there is no such run."""
        rid = rid_of(run)
        with self._reading() as connection:
            if _total(connection, rid) is None:
                return None
            return ConsolePlace(number=_number_at(connection, rid, time_ns))


def _total(connection: Connection, rid: int) -> int | None:
    """Return how many lines a run has; None if there is no such run."""
    return connection.execute(
        select(schema.run.c.console_lines).where(schema.run.c.rid == rid)
    ).scalar()


def _number_at(connection: Connection, rid: int, time_ns: int) -> int | None:
    """Return the number of the last line printed by *time_ns*; of the first one before that.

    Blocks are numbered without holes, and their lines are by time as far as clocks of several
    processes agree: a dozen blocks of a million lines are looked at.
    """
    blocks = schema.console
    last = connection.execute(select(func.max(blocks.c.no)).where(blocks.c.rid == rid)).scalar()
    low, high = 0, -1 if last is None else last
    found: list[Line] = []
    while low <= high:
        middle = (low + high) // 2
        lines = decode_block(
            connection.execute(
                select(blocks.c.body).where(blocks.c.rid == rid, blocks.c.no == middle)
            ).scalar_one()
        )
        if lines[0].time_ns <= time_ns or middle == 0:
            found, low = lines, middle + 1
        else:
            high = middle - 1
    candidates = [*found, *read_partials(connection, rid)]
    before = [line for line in candidates if line.time_ns <= time_ns]
    if before:
        return max(before, key=lambda line: (line.time_ns, line.number)).number
    return min((line.number for line in candidates), default=None)
