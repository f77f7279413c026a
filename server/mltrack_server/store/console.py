"""A run's console: blocks of lines, and the progress bars that still move.

A block's body is zstd over a msgpack array of lines, each
`[number, time_ns, channel, rank, text, partial]`. Lines are numbered by arrival; the state of a
progress bar has a number too, and the line that replaces it takes that number over.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any
from typing import Final

import msgspec
from sqlalchemy import Connection
from sqlalchemy import and_
from sqlalchemy import delete
from sqlalchemy import insert
from sqlalchemy import or_
from sqlalchemy import select

from mltrack_core.records import Channel
from mltrack_core.records import Console
from mltrack_server.resources import ConsoleLine
from mltrack_server.resources import ConsolePage
from mltrack_server.store import schema

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_BLOCK_BYTES_MAX: Final = 32 * 1024  # of text; a block that is shorter is rewritten with more
_LINE_BYTES: Final = 16  # what a line counts beside its text: empty lines cost something too
_LEVEL: Final = 3


class Line(msgspec.Struct, frozen=True, array_like=True):
    """A line as it is stored."""

    number: int
    time_ns: int
    channel: Channel
    rank: int
    text: str
    partial: bool


_encode: Final = msgspec.msgpack.Encoder().encode
_decode_line: Final = msgspec.msgpack.Decoder(Line).decode
_decode_lines: Final = msgspec.msgpack.Decoder(list[Line]).decode


class ConsoleWriter:
    """Adds lines to the console of one run, within one transaction.

    Args:
        connection: In a transaction.
        rid: The run.
        total: How many numbers have been given.
    """

    def __init__(self, connection: Connection, rid: int, total: int) -> None:
        self._connection, self._rid = connection, rid
        self.total = total
        self._lines: list[Line] = []
        self._partials = {
            (row.stream_no, row.channel): _decode_line(row.body)
            for row in connection.execute(select(schema.partial).where(schema.partial.c.rid == rid))
        }
        self._changed: set[tuple[int, Channel]] = set()

    def add(self, stream_no: int, rank: int, record: Console) -> None:
        """Take one record of a stream."""
        key = (stream_no, record.channel)
        replaced = self._partials.pop(key, None)
        if replaced is None:
            number = self.total
            self.total += 1
        else:
            number = replaced.number
            self._changed.add(key)
        line = Line(number, record.time_ns, record.channel, rank, record.text, record.partial)
        if record.partial:
            self._partials[key] = line
            self._changed.add(key)
        else:
            self._lines.append(line)

    def flush(self) -> None:
        """Write what has been added."""
        where = schema.partial.c.rid == self._rid
        for stream_no, channel in self._changed:
            self._connection.execute(
                delete(schema.partial).where(
                    where,
                    schema.partial.c.stream_no == stream_no,
                    schema.partial.c.channel == channel,
                )
            )
            if line := self._partials.get((stream_no, channel)):
                self._connection.execute(
                    insert(schema.partial).values(
                        rid=self._rid,
                        stream_no=stream_no,
                        channel=channel,
                        number=line.number,
                        body=_encode(line),
                    )
                )
        if self._lines:
            self._write_blocks()

    def _write_blocks(self) -> None:
        """Put the lines into the last block, as far as it has room, and into new ones."""
        blocks = schema.console
        last = self._connection.execute(
            select(blocks).where(blocks.c.rid == self._rid).order_by(blocks.c.no.desc()).limit(1)
        ).first()
        no = 0 if last is None else last.no + 1
        lines = self._lines
        if last is not None and last.bytes < _BLOCK_BYTES_MAX:
            no = last.no
            lines = decode_block(last.body) + lines
            self._connection.execute(
                delete(blocks).where(blocks.c.rid == self._rid, blocks.c.no == no)
            )
        rows: list[dict[str, Any]] = []
        for block in _cut(lines):
            numbers = [line.number for line in block]
            rows.append(
                {
                    "rid": self._rid,
                    "no": no + len(rows),
                    "first": min(numbers),
                    "last": max(numbers),
                    "bytes": sum(len(line.text) + _LINE_BYTES for line in block),
                    "body": zstd.compress(_encode(block), _LEVEL),
                }
            )
        self._connection.execute(insert(blocks), rows)


def read_console(
    connection: Connection, rid: int, total: int, first: int | None, limit: int
) -> ConsolePage:
    """Return up to *limit* lines from number *first* on; None: the last lines."""
    start = max(0, total - limit) if first is None else first
    end = start + limit
    blocks, partials = schema.console, schema.partial
    lines = [
        line
        for row in connection.execute(
            select(blocks.c.body).where(
                blocks.c.rid == rid, blocks.c.last >= start, blocks.c.first < end
            )
        )
        for line in decode_block(row.body)
    ]
    lines += [
        _decode_line(row.body)
        for row in connection.execute(
            select(partials.c.body).where(
                partials.c.rid == rid, partials.c.number >= start, partials.c.number < end
            )
        )
    ]
    return ConsolePage(
        lines=_resources(line for line in lines if start <= line.number < end), total=total
    )


def lines_of(connection: Connection, rid: int, numbers: Sequence[int]) -> list[ConsoleLine]:
    """Return the lines of these *numbers*, as far as there are such."""
    blocks, wanted = schema.console, set(numbers)
    rows = connection.execute(
        select(blocks.c.body).where(
            blocks.c.rid == rid,
            or_(*(and_(blocks.c.first <= n, blocks.c.last >= n) for n in sorted(wanted))),
        )
    )
    lines = [line for row in rows for line in decode_block(row.body)]
    lines += read_partials(connection, rid)
    return _resources(line for line in lines if line.number in wanted)


def _resources(lines: Iterable[Line]) -> list[ConsoleLine]:
    return [
        ConsoleLine(
            number=line.number,
            time_ns=line.time_ns,
            channel=line.channel,
            rank=line.rank,
            text=line.text,
            partial=line.partial,
        )
        for line in sorted(lines, key=lambda line: line.number)
    ]


def decode_block(body: bytes) -> list[Line]:
    """Return the lines of a block, in the order in which they were completed."""
    return _decode_lines(zstd.decompress(body))


def read_partials(connection: Connection, rid: int) -> list[Line]:
    """Return the present states of a run's progress bars."""
    rows = connection.execute(select(schema.partial.c.body).where(schema.partial.c.rid == rid))
    return [_decode_line(row.body) for row in rows]


def _cut(lines: Iterable[Line]) -> list[list[Line]]:
    """Return *lines* in blocks that end once they hold enough text."""
    blocks: list[list[Line]] = [[]]
    room = _BLOCK_BYTES_MAX
    for line in lines:
        if room <= 0:
            blocks.append([])
            room = _BLOCK_BYTES_MAX
        blocks[-1].append(line)
        room -= len(line.text) + _LINE_BYTES
    return blocks
