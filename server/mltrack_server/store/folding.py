"""Folding: batches of points become chunks and tiers, one transaction at a time."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import Final
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy import Table
from sqlalchemy import bindparam
from sqlalchemy import delete
from sqlalchemy import func
from sqlalchemy import insert
from sqlalchemy import or_
from sqlalchemy import select

from mltrack_core.limits import MIB
from mltrack_server.store import chunk
from mltrack_server.store import schema
from mltrack_server.store import tier
from mltrack_server.store.axes import Axes
from mltrack_server.store.keys import series_numbers
from mltrack_server.store.lineage import Lineage
from mltrack_server.store.points import Column
from mltrack_server.store.points import SegKey
from mltrack_server.store.points import SeriesKey
from mltrack_server.store.points import cut
from mltrack_server.store.segs import SegCache
from mltrack_server.store.segs import unfolded
from mltrack_server.store.tiering import Place
from mltrack_server.store.tiering import Tiering

_DUE_BYTES: Final = 256 * 1024
_DUE_AGE_NS: Final = 60_000_000_000  # of the oldest: what is read often is not decoded for ever
_PARAMETERS_MAX: Final = 500  # of one query
_PLAN_BYTES_MAX: Final = 16 * MIB  # of frames folded in one transaction: bounds memory and the lock

AXIS_TABLES: Final = (schema.chunk, schema.tier, schema.remnant)  # whose rows refer to axes

_seg, _chunk, _tier, _axis = schema.seg.c, schema.chunk.c, schema.tier.c, schema.axis.c
_DELETE_SEG: Final = delete(schema.seg).where(
    _seg.rid == bindparam("b_rid"),
    _seg.stream_no == bindparam("b_stream_no"),
    _seg.first_seq == bindparam("b_first_seq"),
)
_DELETE_CHUNK: Final = delete(schema.chunk).where(
    _chunk.rid == bindparam("b_rid"),
    _chunk.series_no == bindparam("b_series_no"),
    _chunk.stream_no == bindparam("b_stream_no"),
    _chunk.no == bindparam("b_no"),
)
_DELETE_TIER: Final = delete(schema.tier).where(
    _tier.rid == bindparam("b_rid"),
    _tier.series_no == bindparam("b_series_no"),
    _tier.stream_no == bindparam("b_stream_no"),
    _tier.level == bindparam("b_level"),
    _tier.no == bindparam("b_no"),
)


class _Chunk(NamedTuple):
    """A chunk that is not full."""

    no: int
    epoch: int
    n: int
    digest: bytes


@dataclass(slots=True, kw_only=True)
class _Tail:
    """Where the chunks of one series and stream end."""

    small: list[_Chunk] = field(default_factory=list)  # those that are not full, ascending
    next_no: int = 0


class _Growth(NamedTuple):
    """What a series and stream is given, all of one epoch."""

    place: Place
    epoch: int
    no: int  # of its first new chunk
    swallowed: list[_Chunk]  # those before it, whose points it takes in
    column: Column | None  # None: they are only put together


@dataclass(slots=True, kw_only=True)
class Plan:
    """What one fold takes out and puts in."""

    rid: int
    points: int = 0
    segs: list[SegKey] = field(default_factory=list)  # rows to delete
    swallowed: list[dict[str, Any]] = field(default_factory=list)  # keys of chunks to delete
    chunks: list[dict[str, Any]] = field(default_factory=list)  # rows
    replaced: list[dict[str, Any]] = field(default_factory=list)  # keys of tiers to delete
    tiers: list[dict[str, Any]] = field(default_factory=list)  # rows
    axes: dict[bytes, bytes] = field(default_factory=dict)  # digest → body
    left_axes: set[bytes] = field(default_factory=set)  # that deleted chunks and tiers referred to
    axis_tables: Sequence[Table] = AXIS_TABLES

    def is_current(self, connection: Connection) -> bool:
        """Tell whether all that it takes out is there: another server may have been faster."""
        seg = schema.seg.c
        rows = connection.execute(
            select(seg.stream_no, seg.first_seq).where(seg.rid == self.rid)
        ).all()
        return {(stream_no, seq) for _, stream_no, seq, _ in self.segs} <= set(map(tuple, rows))

    def carry_out(self, connection: Connection) -> None:
        """Do it, within one transaction."""
        of_run = {"b_rid": self.rid}
        segs = [
            {"b_stream_no": stream_no, "b_first_seq": seq} for _, stream_no, seq, _ in self.segs
        ]
        for statement, keys in (
            (_DELETE_SEG, segs),
            (_DELETE_CHUNK, self.swallowed),
            (_DELETE_TIER, self.replaced),
        ):
            if keys:
                connection.execute(statement, [of_run | key for key in keys])
        insert_axes(connection, self.rid, self.axes)
        for table, rows in ((schema.chunk, self.chunks), (schema.tier, self.tiers)):
            if rows:
                connection.execute(insert(table), rows)
        gone = self.left_axes - set(self.axes)
        delete_axes(connection, self.rid, gone, self.axis_tables)


def insert_axes(connection: Connection, rid: int, axes: Mapping[bytes, bytes]) -> None:
    """Store the axes of a run that are not there yet."""
    present = {
        digest
        for digest in axes
        if connection.execute(
            select(_axis.rid).where(_axis.rid == rid, _axis.digest == digest)
        ).first()
    }
    if fresh := [
        {"rid": rid, "digest": digest, "body": body}
        for digest, body in axes.items()
        if digest not in present
    ]:
        connection.execute(insert(schema.axis), fresh)


def delete_axes(
    connection: Connection,
    rid: int,
    digests: Iterable[bytes],
    tables: Sequence[Table] = AXIS_TABLES,
) -> None:
    """Delete those of *digests* that no row of *tables* refers to any more."""
    for digest in digests:
        is_used = (
            select(table.c.rid).where(table.c.rid == rid, table.c.axis == digest).limit(1)
            for table in tables
        )
        if not any(connection.execute(query).first() for query in is_used):
            connection.execute(delete(schema.axis).where(_axis.rid == rid, _axis.digest == digest))


def due(connection: Connection, now_ns: int) -> list[str]:
    """Return the runs whose points should be folded: many, a minute old, or complete."""
    seg, run = schema.seg.c, schema.run.c
    waiting = (
        select(
            seg.rid,
            func.sum(seg.bytes).label("bytes"),
            func.min(seg.received_ns).label("oldest_ns"),
        )
        .group_by(seg.rid)
        .subquery()
    )
    rows = connection.execute(
        select(run.uid)
        .join(waiting, waiting.c.rid == run.rid)
        .where(
            or_(
                waiting.c.bytes >= _DUE_BYTES,
                waiting.c.oldest_ns <= now_ns - _DUE_AGE_NS,
                run.state != "running",
            )
        )
    )
    return [row.uid for row in rows]


def plan(connection: Connection, cache: SegCache, rid: int) -> Plan | None:
    """Work out how to fold a run's oldest segs; None if it has none."""
    made = Plan(rid=rid)
    axes = Axes(connection, rid)
    columns = _take_segs(connection, cache, made, axes)
    if not made.segs:
        return None
    return _grown(connection, made, axes, _growths(connection, made, columns))


def merge(connection: Connection, rid: int) -> Plan | None:
    """Work out how to put the last small chunks of each series of a run together."""
    made = Plan(rid=rid)
    growths = []
    for place, tail in _tails(connection, rid).items():
        taken: list[_Chunk] = []
        no = tail.next_no
        while tail.small and tail.small[-1].no == no - 1:
            if taken and tail.small[-1].epoch != taken[0].epoch:
                break
            taken.insert(0, tail.small.pop())
            no = taken[0].no
        if len(taken) > 1:
            _swallow(made, place, taken)
            growths.append(_Growth(place, taken[0].epoch, no, taken, None))
    if not growths:
        return None
    return _grown(connection, made, Axes(connection, rid), growths)


def _grown(connection: Connection, made: Plan, axes: Axes, growths: list[_Growth]) -> Plan:
    """Return the plan with the chunks and tiers that *growths* make."""
    rid = made.rid
    bodies = _bodies(connection, rid, growths)
    tiering = Tiering(connection=connection, rid=rid, axes=axes)
    full = tier.SHAPE.chunk
    for growth in growths:
        column = _whole(axes, growth, bodies)
        for no, start in enumerate(range(0, len(column.value), full), growth.no):
            piece = cut(column, start, start + full)
            made.chunks.append(_row(rid, axes, growth, no, piece))
            if len(piece.value) == full:
                tiering.add(growth.place, growth.epoch, no, piece)
    return finish(made, tiering)


def finish(made: Plan, tiering: Tiering) -> Plan:
    """Return the plan with everything that the tiers need."""
    tiering.finish()
    made.tiers, made.replaced = tiering.rows, tiering.replaced
    made.left_axes |= tiering.left_axes
    made.axes = tiering.axes.bodies
    return made


def _take_segs(
    connection: Connection, cache: SegCache, made: Plan, axes: Axes
) -> list[tuple[int, int, SeriesKey, Column]]:
    """Note the oldest segs in the plan; return stream, epoch, series and points of what they hold.

    Ordered by stream and epoch: chunks are numbered in the order of logging.
    """
    lineage = Lineage.load(connection, made.rid)
    columns: dict[tuple[int, SeriesKey], list[Column]] = {}
    for seg, batch in unfolded(connection, cache, made.rid, lineage, bytes_max=_PLAN_BYTES_MAX):
        made.segs.append(seg)
        _, stream_no, _, _ = seg
        for key, column in batch.items():
            columns.setdefault((stream_no, key), []).append(column)
    pieces = [
        (stream_no, piece.epoch, key, piece.column)
        for (stream_no, key), found in columns.items()
        for piece in lineage.split(stream_no, axes.concatenate(found))
    ]
    return sorted(pieces, key=lambda piece: piece[:2])


def _tails(connection: Connection, rid: int) -> dict[Place, _Tail]:
    """Return how the chunks of each series and stream of a run end."""
    found: dict[Place, _Tail] = {}
    place = _chunk.series_no, _chunk.stream_no
    for end in connection.execute(
        select(*place, func.max(_chunk.no).label("no")).where(_chunk.rid == rid).group_by(*place)
    ):
        found[end.series_no, end.stream_no] = _Tail(next_no=end.no + 1)
    for row in connection.execute(
        select(*place, _chunk.no, _chunk.epoch, _chunk.n, _chunk.axis)
        .where(_chunk.rid == rid, _chunk.n < tier.SHAPE.chunk)
        .order_by(*place, _chunk.no)
    ):
        found[row.series_no, row.stream_no].small.append(_Chunk(row.no, row.epoch, row.n, row.axis))
    return found


def _growths(
    connection: Connection, made: Plan, columns: list[tuple[int, int, SeriesKey, Column]]
) -> list[_Growth]:
    """Return what each series and stream is given, and note in the plan what it swallows.

    A chunk goes when it is at most twice as large as what follows it: so each point is written
    again a logarithmic number of times, and a chunk is full in the end. Once the run has ended
    there is no more to come, and every small chunk goes.
    """
    state = connection.execute(select(schema.run.c.state).where(schema.run.c.rid == made.rid))
    has_ended = state.scalar_one() != "running"
    numbers = series_numbers(connection, made.rid)
    tails = _tails(connection, made.rid)
    found: list[_Growth] = []
    for stream_no, epoch, key, column in columns:
        if key not in numbers:
            continue  # one name too many for the run: counted as lost when it arrived
        place = numbers[key], stream_no
        tail = tails.setdefault(place, _Tail())
        size = len(column.value)
        made.points += size
        taken: list[_Chunk] = []
        while (
            tail.small
            and tail.small[-1].epoch == epoch
            and tail.small[-1].no == tail.next_no - 1
            and (has_ended or tail.small[-1].n <= 2 * size)
        ):
            taken.insert(0, tail.small.pop())
            size += taken[0].n
            tail.next_no = taken[0].no
        _swallow(made, place, taken)
        found.append(_Growth(place, epoch, tail.next_no, taken, column))
        tail.next_no += -(-size // tier.SHAPE.chunk)
    return found


def _swallow(made: Plan, place: Place, chunks: list[_Chunk]) -> None:
    """Note in the plan that *chunks* go."""
    for small in chunks:
        made.left_axes.add(small.digest)
        made.swallowed.append({"b_series_no": place[0], "b_stream_no": place[1], "b_no": small.no})


def _bodies(
    connection: Connection, rid: int, growths: list[_Growth]
) -> dict[tuple[Place, int], bytes]:
    """Return by place and number the bodies of all chunks that are swallowed.

    Series that are logged together have chunks of equal numbers: a few queries fetch all.
    """
    wanted: dict[tuple[int, int], list[int]] = {}
    for growth in growths:
        series_no, stream_no = growth.place
        for small in growth.swallowed:
            wanted.setdefault((stream_no, small.no), []).append(series_no)
    found: dict[tuple[Place, int], bytes] = {}
    for (stream_no, no), series in wanted.items():
        for start in range(0, len(series), _PARAMETERS_MAX):
            for row in connection.execute(
                select(_chunk.series_no, _chunk.body).where(
                    _chunk.rid == rid,
                    _chunk.stream_no == stream_no,
                    _chunk.no == no,
                    _chunk.series_no.in_(series[start : start + _PARAMETERS_MAX]),
                )
            ):
                found[(row.series_no, stream_no), no] = row.body
    return found


def _whole(axes: Axes, growth: _Growth, bodies: dict[tuple[Place, int], bytes]) -> Column:
    """Return the points of swallowed chunks and the new ones behind them."""
    columns = []
    for small in growth.swallowed:
        step, time_ns = axes.load(small.digest)
        value, exact_ints = chunk.unpack_values(bodies[growth.place, small.no])
        columns.append(Column(step, step, time_ns, value, exact_ints))
    return axes.concatenate(columns if growth.column is None else [*columns, growth.column])


def _row(rid: int, axes: Axes, growth: _Growth, no: int, piece: Column) -> dict[str, Any]:
    """Return the row of a chunk."""
    axis = axes.pack(piece.step, piece.time_ns)
    return {
        "rid": rid,
        "series_no": growth.place[0],
        "stream_no": growth.place[1],
        "no": no,
        "epoch": growth.epoch,
        "n": len(piece.value),
        "step_min": axis.step_min,
        "step_max": axis.step_max,
        "time_min": axis.time_min,
        "time_max": axis.time_max,
        "axis": axis.digest,
        "body": chunk.pack_values(piece.value, piece.exact_ints),
    }
