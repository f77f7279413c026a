"""Thinning: long series of runs that have ended long ago give way to their remnants.

How much is left is a project's level of detail: at most so many buckets of each series and stream.
Series that are not much longer than that stay whole. It cannot be undone, so nobody's points are
thinned before a person has said so for their project.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import Final
from typing import NamedTuple

from sqlalchemy import ColumnElement
from sqlalchemy import Connection
from sqlalchemy import and_
from sqlalchemy import delete
from sqlalchemy import exists
from sqlalchemy import func
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import update

from mltrack_server.columns import Ints
from mltrack_server.resources import Detail
from mltrack_server.resources import Thinned
from mltrack_server.resources import ThinningPlan
from mltrack_server.resources import ThinningRun
from mltrack_server.store import chunk
from mltrack_server.store import folding
from mltrack_server.store import remnant
from mltrack_server.store import schema
from mltrack_server.store.axes import Axes
from mltrack_server.store.points import Column
from mltrack_server.store.points import take
from mltrack_server.store.tiering import Place

BUCKETS: Final[dict[Detail, int]] = {"reduced": 4096, "archive": 256}
WHOLE: Final = 8  # a series with at most so many times as many points as buckets stays whole
KEPT: Final = 4  # points of a bucket, mostly

_DAY_NS: Final = 86_400 * 10**9
_RUNS_LISTED_MAX: Final = 100

_run, _chunk, _tier, _seg = schema.run.c, schema.chunk.c, schema.tier.c, schema.seg.c
_remnant = schema.remnant.c

Cuts = dict[tuple[int, int], int]  # stream and epoch → step from which on points are superseded


class Old(NamedTuple):
    """A run that may be thinned."""

    rid: int
    uid: str
    name: str


def old(connection: Connection, project: str, days: int, now_ns: int) -> list[Old]:
    """Return the runs of a project that nothing was heard of for so long, all folded."""
    rows = connection.execute(
        select(_run.rid, _run.uid, _run.name)
        .where(
            _run.project == project,
            _run.deleted_ns.is_(None),
            _run.heard_ns <= now_ns - days * _DAY_NS,
            ~exists().where(_seg.rid == _run.rid),
        )
        .order_by(_run.started_ns, _run.uid)
    )
    return [Old(*row) for row in rows]


def places(connection: Connection, rid: int, detail: Detail) -> list[Place]:
    """Return the series and streams of a run that are long enough to be thinned."""
    if detail == "full":
        return []
    place = (_chunk.series_no, _chunk.stream_no)
    rows = connection.execute(
        select(*place)
        .where(_chunk.rid == rid)
        .group_by(*place)
        .having(func.sum(_chunk.n) > WHOLE * BUCKETS[detail])
        .order_by(*place)
    )
    return [(row.series_no, row.stream_no) for row in rows]


def preview(connection: Connection, runs: Sequence[Old], detail: Detail) -> ThinningPlan:
    """Return what thinning *runs* would take away."""
    listed, series, points, kept, size = [], 0, 0, 0, 0
    for run in runs:
        mine = mine_kept = 0
        found = places(connection, run.rid, detail)
        for series_no, stream_no in found:
            row = connection.execute(
                select(
                    func.sum(_chunk.n).label("n"), func.sum(func.length(_chunk.body)).label("b")
                ).where(_at(_chunk, run.rid, (series_no, stream_no)))
            ).one()
            mine += int(row.n)
            mine_kept += KEPT * BUCKETS[detail]
            size += int(row.b)
        if found:
            listed.append(ThinningRun(id=run.uid, name=run.name, series=len(found), points=mine))
        series, points, kept = series + len(found), points + mine, kept + mine_kept
    return ThinningPlan(
        detail=detail,
        runs=len(listed),
        series=series,
        points=points,
        points_kept=kept,
        bytes=size,
        listed=listed[:_RUNS_LISTED_MAX],
    )


def thinned(connection: Connection, rid: int) -> Thinned | None:
    """Return what of a run is thinned; None: nothing is."""
    row = connection.execute(
        select(
            func.count(_remnant.series_no.distinct()).label("series"),
            func.sum(_remnant.n).label("points"),
            func.sum(_remnant.kept).label("kept"),
        ).where(_remnant.rid == rid)
    ).one()
    if not row.series:
        return None
    return Thinned(series=row.series, points=int(row.points), points_kept=int(row.kept))


@dataclass(slots=True, kw_only=True)
class Plan:
    """What thinning takes out of one series and stream, and puts in."""

    rid: int
    place: Place
    chunks: list[tuple[int, int]] = field(default_factory=list)  # number, points
    rows: list[dict[str, Any]] = field(default_factory=list)
    axes: dict[bytes, bytes] = field(default_factory=dict)
    left_axes: set[bytes] = field(default_factory=set)

    @property
    def points(self) -> int:
        """How many points it takes out."""
        return sum(count for _, count in self.chunks)

    def is_current(self, connection: Connection) -> bool:
        """Tell whether the chunks are still those that were read."""
        query = select(_chunk.no, _chunk.n).where(_at(_chunk, self.rid, self.place))
        rows = connection.execute(query.order_by(_chunk.no))
        return [(row.no, row.n) for row in rows] == self.chunks

    def carry_out(self, connection: Connection, rev: int) -> None:
        """Do it, within one transaction."""
        for table in (schema.chunk, schema.tier):
            connection.execute(delete(table).where(_at(table.c, self.rid, self.place)))
        # The axes of what came and went are a fold's as well.
        folding.insert_axes(connection, self.rid, self.axes)
        connection.execute(insert(schema.remnant), self.rows)
        folding.delete_axes(connection, self.rid, self.left_axes - set(self.axes))
        connection.execute(update(schema.run).where(_run.rid == self.rid).values(rev=rev))


def plan(connection: Connection, rid: int, place: Place, detail: Detail, cuts: Cuts) -> Plan:
    """Work out how to thin one series and stream.

    Args:
        connection: Sees one state of the store.
        rid: The run.
        place: The series and the stream.
        detail: What is to be left.
        cuts: Of the series: what is superseded gets buckets of its own.
    """
    made = Plan(rid=rid, place=place)
    epochs: dict[int, int] = {}  # epoch → points
    for row in connection.execute(
        select(_chunk.no, _chunk.epoch, _chunk.n, _chunk.axis)
        .where(_at(_chunk, rid, place))
        .order_by(_chunk.no)
    ):
        made.chunks.append((row.no, row.n))
        made.left_axes.add(row.axis)
        epochs[row.epoch] = epochs.get(row.epoch, 0) + row.n
    made.left_axes.update(
        connection.execute(select(_tier.axis).where(_at(_tier, rid, place))).scalars()
    )
    query = select(func.max(_remnant.no)).where(_at(_remnant, rid, place))
    last = connection.execute(query).scalar()
    no = 0 if last is None else last + 1
    axes = Axes(connection, rid)
    for epoch, count in epochs.items():
        size = max(1, -(-count // BUCKETS[detail]))
        bound = cuts.get((place[1], epoch))
        for is_superseded in (False, True) if bound is not None else (False,):
            columns = _columns(connection, rid, place, epoch)
            if bound is not None:
                columns = _side(columns, bound, is_superseded=is_superseded)
            left = remnant.thin(columns, size)
            if left is not None:
                made.rows.append(_row(rid, place, no, epoch, axes, left))
                no += 1
    made.axes = axes.bodies
    return made


def _columns(connection: Connection, rid: int, place: Place, epoch: int) -> Iterator[Column]:
    """Yield the points of one epoch, chunk by chunk: a long series is never in memory whole."""
    here = and_(_at(_chunk, rid, place), _chunk.epoch == epoch)
    numbers = connection.execute(select(_chunk.no).where(here).order_by(_chunk.no)).scalars().all()
    axis = schema.axis.c
    for no in numbers:
        row = connection.execute(
            select(_chunk.body, axis.body.label("axis_body"))
            .join(schema.axis, and_(axis.rid == _chunk.rid, axis.digest == _chunk.axis))
            .where(here, _chunk.no == no)
        ).one()
        step, time_ns = chunk.unpack_axis(row.axis_body)
        value, exact_ints = chunk.unpack_values(row.body)
        yield Column(step, step, time_ns, value, exact_ints)


def _side(columns: Iterator[Column], bound: int, *, is_superseded: bool) -> Iterator[Column]:
    """Yield the points of *columns* that are superseded, or the others."""
    for column in columns:
        chosen: Ints = ((column.step >= bound) == is_superseded).nonzero()[0]
        if len(chosen):
            yield take(column, chosen)


def _row(
    rid: int, place: Place, no: int, epoch: int, axes: Axes, left: remnant.Remnant
) -> dict[str, Any]:
    axis = axes.pack(left.column.step, left.column.time_ns)
    return {
        "rid": rid,
        "series_no": place[0],
        "stream_no": place[1],
        "no": no,
        "epoch": epoch,
        "n": int(left.points.sum()),
        "kept": len(left.column.value),
        "step_min": axis.step_min,
        "step_max": axis.step_max,
        "time_min": axis.time_min,
        "time_max": axis.time_max,
        "axis": axis.digest,
        "body": remnant.pack(left),
    }


def _at(columns: Any, rid: int, place: Place) -> ColumnElement[bool]:
    """Return the condition of one series and stream."""
    return and_(columns.rid == rid, columns.series_no == place[0], columns.stream_no == place[1])
