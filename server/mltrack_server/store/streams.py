"""Streams: the row of each process that writes to a run."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import Final

from sqlalchemy import Connection
from sqlalchemy import bindparam
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import update

from mltrack_core.records import StreamRole
from mltrack_server.store import schema

_stream: Final = schema.stream
_OF_RUN: Final = select(_stream).where(_stream.c.rid == bindparam("b_rid"))
_ADD: Final = insert(_stream)
_MOVE: Final = (
    update(_stream)
    .where(_stream.c.rid == bindparam("b_rid"), _stream.c.no == bindparam("b_no"))
    .values({c.name: bindparam(f"b_{c.name}") for c in _stream.columns if not c.primary_key})
)


@dataclass(slots=True, kw_only=True)
class StreamRow:
    """One stream's row; columns as in the schema."""

    rid: int
    no: int
    uid: str
    role: StreamRole = "trainer"
    attempt: int = 1
    rank: int = 0
    host: str = ""
    pid: int = 0
    started_ns: int
    next_seq: int = 0
    is_sealed: bool = False


def streams_of(connection: Connection, rid: int) -> list[StreamRow]:
    """Return the streams of a run."""
    rows = connection.execute(_OF_RUN, {"b_rid": rid}).mappings()
    return [StreamRow(**row) for row in rows]


def add_streams(connection: Connection, streams: Sequence[StreamRow]) -> None:
    """Write the rows of streams that are not in the store yet."""
    if streams:
        connection.execute(_ADD, [_as_row(stream) for stream in streams])


def move_streams(connection: Connection, streams: Sequence[StreamRow]) -> None:
    """Write what has changed of streams that are in the store."""
    if streams:
        connection.execute(_MOVE, [bound(_as_row(stream)) for stream in streams])


def bound(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return columns under the names that statements which update a row give them."""
    return {f"b_{name}": value for name, value in row.items()}


def _as_row(stream: StreamRow) -> dict[str, Any]:
    """Return a stream's columns."""
    return {name: getattr(stream, name) for name in StreamRow.__dataclass_fields__}
