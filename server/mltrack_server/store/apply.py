"""The write side: batches of records become rows, within one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import islice
from typing import Final

from sqlalchemy import ColumnElement
from sqlalchemy import Connection
from sqlalchemy import bindparam
from sqlalchemy import case
from sqlalchemy import func
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import update

from mltrack_core import records
from mltrack_core import wire
from mltrack_core.errors import WireInvalid
from mltrack_core.limits import METRIC_NAMES_MAX
from mltrack_core.spool import frame
from mltrack_core.spool.frame import Frame
from mltrack_core.spool.segment import Batch
from mltrack_server.store import schema
from mltrack_server.store.bounds import OutOfBounds
from mltrack_server.store.bounds import bounded
from mltrack_server.store.decoder import PointsBuilder
from mltrack_server.store.decoder import split
from mltrack_server.store.keys import SeriesNumbers
from mltrack_server.store.keys import host_suffix
from mltrack_server.store.ledger import RunLedger
from mltrack_server.store.points import BatchPoints
from mltrack_server.store.points import SegKey
from mltrack_server.store.points import SeriesKey
from mltrack_server.store.points import SeriesKind
from mltrack_server.store.points import Summary
from mltrack_server.store.streams import StreamRow

logger = logging.getLogger(__name__)

_CONFLICT: Final = "conflicting records for the same seq"
_TOO_MANY: Final = f"more than {METRIC_NAMES_MAX} names"
_RECORDS: Final[dict[SeriesKind, str]] = {
    "metric": "Scalars",
    "axis": "Scalars",
    "device": "Devices",
}
_SERIES_AT_ONCE: Final = 4096  # a row of parameters each: a hundred thousand take 200 MB
_GAP: Final = wire.NUMBERS[records.Gap]

# Statements are made once: making one takes longer than SQLite needs for its rows.
_ADD_SEG: Final = insert(schema.seg)
_ADD_SERIES: Final = insert(schema.series)
_SERIES: Final = schema.series.c
_IS_NEWEST: Final = bindparam("b_last_attempt") >= _SERIES.last_attempt
_LOW: Final[ColumnElement[float]] = func.coalesce(bindparam("b_min"), _SERIES.min)
_HIGH: Final[ColumnElement[float]] = func.coalesce(bindparam("b_max"), _SERIES.max)
_GROW: Final = (
    update(schema.series)
    .where(_SERIES.rid == bindparam("b_rid"), _SERIES.no == bindparam("b_no"))
    .values(
        points=_SERIES.points + bindparam("b_points"),
        nonfinite=_SERIES.nonfinite + bindparam("b_nonfinite"),
        first_nonfinite_step=func.coalesce(
            _SERIES.first_nonfinite_step, bindparam("b_first_nonfinite_step")
        ),
        min=case((_SERIES.min < _LOW, _SERIES.min), else_=_LOW),
        max=case((_SERIES.max > _HIGH, _SERIES.max), else_=_HIGH),
        last=case((_IS_NEWEST, bindparam("b_last")), else_=_SERIES.last),
        last_step=case((_IS_NEWEST, bindparam("b_last_step")), else_=_SERIES.last_step),
        last_attempt=case((_IS_NEWEST, bindparam("b_last_attempt")), else_=_SERIES.last_attempt),
    )
)


class OldBatch(Batch, frozen=True, kw_only=True):
    """A batch that may have lain in a spool for long before it was read."""

    heard_ns: int  # when its stream was last written to, since the Unix epoch


class Application:
    """Applies batches within one transaction; nothing of it counts until the commit.

    Args:
        connection: In a transaction that no other writer can be in.
        numbers: Series numbers of runs seen lately; not changed before `numbers` is called for.
        now_ns: The server's clock.
    """

    def __init__(self, connection: Connection, numbers: SeriesNumbers, now_ns: int) -> None:
        self._connection, self._numbers, self._now_ns = connection, numbers, now_ns
        self._ledgers: dict[str, RunLedger] = {}
        self.segs: dict[SegKey, BatchPoints] = {}  # what has been decoded, for readers to come

    def add(self, batch: Batch) -> int:
        """Take what is new in *batch*; return the seq that its stream's next record has."""
        header = batch.header
        ledger = self._ledgers.get(header.run) or RunLedger.load(self._connection, header.run)
        if ledger is not None:
            self._ledgers[header.run] = ledger
        stream = ledger.streams.get(header.stream) if ledger else None
        next_seq = stream.next_seq if stream else 0
        if header.first_seq > next_seq:
            return next_seq  # a gap: what is missing has to come first
        known = batch.frames[: next_seq - header.first_seq]
        if known and ledger and stream:
            self._compare(ledger, stream, known)
        new = batch.frames[len(known) :]
        if not new:
            return next_seq
        if ledger is None:
            ledger = RunLedger.create(self._connection, header.run, self._now_ns)
            self._ledgers[header.run] = ledger
        if stream is None:
            stream = ledger.add_stream(header.stream, self._now_ns)
        heard_ns = batch.heard_ns if isinstance(batch, OldBatch) else self._now_ns
        ledger.heard_ns = max(ledger.heard_ns, min(heard_ns, self._now_ns))
        self._store(ledger, stream, batch, new)
        return stream.next_seq

    def flush(self, rev: int) -> dict[int, dict[SeriesKey, int]]:
        """Write every changed run, stamped with *rev*; return the numbers of new series."""
        changed = [ledger for ledger in self._ledgers.values() if ledger.is_changed]
        for ledger in changed:
            ledger.flush(rev, self._now_ns)
        return {ledger.rid: ledger.new_series for ledger in changed}

    @property
    def has_changes(self) -> bool:
        """Whether anything is to be written."""
        return any(ledger.is_changed for ledger in self._ledgers.values())

    def _store(
        self, ledger: RunLedger, stream: StreamRow, batch: Batch, frames: Sequence[Frame]
    ) -> None:
        """Take consecutive *frames* of *batch*, the first one being the stream's next."""
        with_points, others = split(frames)
        first_seq = with_points[0].seq if with_points else None
        builder: PointsBuilder | None = None
        refused: list[tuple[Frame, WireInvalid]] = []
        for found in others:
            if builder is None and first_seq is not None and found.seq > first_seq:
                builder = PointsBuilder(host_suffix(stream.rank, stream.host))
            try:
                self._take(ledger, stream, found)
            except WireInvalid as error:
                refused.append((found, error))
        ledger.advance(stream, len(frames))
        if with_points:
            # Made late: a RunStarted before the first point says from which host they come.
            builder = builder or PointsBuilder(host_suffix(stream.rank, stream.host))
            builder.add_all(with_points)
            points, undecoded = builder.build()
            refused += undecoded
            first = frames[0].start - batch.frames[0].start
            if len(points):
                self._store_points(ledger, stream, batch, frames[0].seq, batch.body[first:], points)
        self._refuse(ledger, stream, refused)

    def _refuse(
        self, ledger: RunLedger, stream: StreamRow, refused: list[tuple[Frame, WireInvalid]]
    ) -> None:
        """Put records aside that nobody can read; the stream goes on without them.

        They must not be sent for ever, and their neighbours are stored.
        """
        level = logging.WARNING
        for found, error in refused:
            logger.log(level, "run %s, seq %d: %s", ledger.uid, found.seq, error)
            level = logging.DEBUG  # a batch full of them must not fill the server's log
            kind = wire.TYPES[found.number].__name__
            ledger.add_unread(stream, found, str(error))
            reason = "out of bounds" if isinstance(error, OutOfBounds) else "does not decode"
            ledger.count_loss(reason, {kind: 1})

    def _store_points(
        self,
        ledger: RunLedger,
        stream: StreamRow,
        batch: Batch,
        first_seq: int,
        body: bytes,
        found: BatchPoints,
    ) -> None:
        """Keep the frames that hold points, and add these to the summaries of their series."""
        row = {
            "rid": ledger.rid,
            "stream_no": stream.no,
            "first_seq": first_seq,
            "next_seq": stream.next_seq,
            "salt": batch.header.salt,
            "received_ns": self._now_ns,
            "points": len(found),
            "bytes": len(body),
            "body": body,
        }
        self._connection.execute(_ADD_SEG, row)
        self.segs[ledger.rid, stream.no, first_seq, stream.next_seq] = found
        highest = found.highest_step()
        if highest is not None and (ledger.last_step is None or highest > ledger.last_step):
            ledger.last_step = highest
        self._summarise(ledger, stream, found)

    def _take(self, ledger: RunLedger, stream: StreamRow, found: Frame) -> None:
        """Take one record that holds no points.

        Raises:
            WireInvalid: It does not decode, or is larger than the store takes.
        """
        record = wire.decode(found.number, found.payload)
        if isinstance(record, wire.Unknown):
            ledger.add_unread(stream, found, "of a newer mltrack")
            return
        ledger.take(stream, found.seq, bounded(record))

    def _compare(self, ledger: RunLedger, stream: StreamRow, known: Sequence[Frame]) -> None:
        """Say so if *known* frames differ from the stored ones, as far as those are still there."""
        seg = schema.seg
        stored: dict[int, Frame] = {}
        for row in self._connection.execute(
            select(seg.c.salt, seg.c.body).where(
                seg.c.rid == ledger.rid,
                seg.c.stream_no == stream.no,
                seg.c.first_seq <= known[-1].seq,
                seg.c.next_seq > known[0].seq,
            )
        ):
            stored.update(
                (found.seq, found)
                for found in frame.scan(row.body, row.salt)
                if isinstance(found, Frame)
            )
        # A Gap stands for a record that could not be read; that another copy can be is no conflict.
        conflicts = [
            found
            for found in known
            if (other := stored.get(found.seq))
            and (found.number, found.payload) != (other.number, other.payload)
            and _GAP not in (found.number, other.number)
        ]
        if conflicts and not ledger.has_loss(_CONFLICT):
            logger.warning(
                "run %s, stream %s, seq %d: other records than those stored arrived for the same "
                "seqs; the stored ones stay",
                ledger.uid,
                stream.uid,
                conflicts[0].seq,
            )
            kinds: dict[str, int] = {}
            for found in conflicts:
                kind = (
                    wire.TYPES[found.number].__name__ if found.number in wire.TYPES else "unknown"
                )
                kinds[kind] = kinds.get(kind, 0) + 1
            ledger.count_loss(_CONFLICT, kinds)

    def _summarise(self, ledger: RunLedger, stream: StreamRow, found: BatchPoints) -> None:
        """Add a batch's points to the summaries of their series."""
        summaries = found.summaries()
        while some := list(islice(summaries, _SERIES_AT_ONCE)):
            self._summarise_some(ledger, stream, some)

    def _summarise_some(
        self, ledger: RunLedger, stream: StreamRow, summaries: list[tuple[SeriesKey, Summary]]
    ) -> None:
        """Add what some series' points amount to."""
        known = self._numbers.of(self._connection, ledger.rid, ledger.rev)
        fresh, grown = [], []
        for key, summary in summaries:
            no = known.get(key)
            if no is None:
                no = ledger.new_series.get(key)
            if no is None and len(known) + len(ledger.new_series) >= METRIC_NAMES_MAX:
                ledger.count_loss(_TOO_MANY, {_RECORDS[key[0]]: summary.points})
                continue
            if no is None:
                no = ledger.new_series[key] = len(known) + len(ledger.new_series)
                row = summary._asdict()
                row |= {"rid": ledger.rid, "no": no, "kind": key[0], "name": key[1]}
                row["last_attempt"] = stream.attempt
                fresh.append(row)
            else:
                row = {f"b_{field}": value for field, value in summary._asdict().items()}
                row |= {"b_rid": ledger.rid, "b_no": no, "b_last_attempt": stream.attempt}
                grown.append(row)
        if fresh:
            self._connection.execute(_ADD_SERIES, fresh)
        if grown:
            self._connection.execute(_GROW, grown)
