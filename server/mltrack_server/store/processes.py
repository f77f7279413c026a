"""A run's processes: their streams, and how each of them ended."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Connection
from sqlalchemy import select

from mltrack_core.records import RunEnded
from mltrack_server.resources import Stream
from mltrack_server.store import schema
from mltrack_server.store.outcome import Ending
from mltrack_server.store.outcome import Process
from mltrack_server.store.outcome import outcome_of

encode_ending: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(RunEnded).decode


def endings_of(connection: Connection, rid: int) -> list[Ending]:
    """Return what has been said about how the processes of a run ended."""
    ending = schema.ending
    return [
        Ending(stream_no=row.stream_no, seq=row.seq, about=row.about, record=_decode(row.body))
        for row in connection.execute(select(ending).where(ending.c.rid == rid))
    ]


def streams_of(connection: Connection, rid: int) -> list[Stream]:
    """Return a run's streams, in the order of arrival."""
    stream = schema.stream.c
    endings = endings_of(connection, rid)
    found = []
    for row in connection.execute(
        select(schema.stream).where(stream.rid == rid).order_by(stream.no)
    ):
        process = Process(
            no=row.no,
            uid=row.uid,
            role=row.role,
            attempt=row.attempt,
            rank=row.rank,
            started_ns=row.started_ns,
        )
        outcome = outcome_of(process, endings)
        found.append(
            Stream(
                id=row.uid,
                role=row.role,
                attempt=row.attempt,
                rank=row.rank,
                host=row.host,
                pid=row.pid,
                started_ns=row.started_ns,
                ended_ns=outcome.ended_ns,
                state=None if outcome.state == "running" else outcome.state,
                reason=outcome.reason,
                next_seq=row.next_seq,
                is_sealed=row.is_sealed,
            )
        )
    return found
