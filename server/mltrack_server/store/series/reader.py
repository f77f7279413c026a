"""Readers: what runs have of some series, folded or not, thinned or whole.

Those of many runs are opened together: most of what a run's own statements would cost is that of
making them, not of their rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import Any
from typing import Final
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy import and_
from sqlalchemy import bindparam
from sqlalchemy import func
from sqlalchemy import select

from mltrack_server.columns import ORDERS
from mltrack_server.columns import Ints
from mltrack_server.columns import Order
from mltrack_server.columns import Points
from mltrack_server.store import chunk
from mltrack_server.store import schema
from mltrack_server.store import tier
from mltrack_server.store.database.among import among
from mltrack_server.store.lineage import Lineage
from mltrack_server.store.lineage import Piece
from mltrack_server.store.overlap import firsts_of
from mltrack_server.store.overlap import lowest
from mltrack_server.store.points import Column
from mltrack_server.store.points import SeriesKind
from mltrack_server.store.remnant import Remnant
from mltrack_server.store.remnant import look
from mltrack_server.store.remnant import unpack as unpack_remnant
from mltrack_server.store.segs import SegCache
from mltrack_server.store.segs import unfolded
from mltrack_server.store.series.descent import Begun
from mltrack_server.store.series.descent import Descent
from mltrack_server.store.series.descent import Found
from mltrack_server.store.series.descent import begin
from mltrack_server.store.series.descent import first_level
from mltrack_server.store.series.descent import reach_into
from mltrack_server.store.series.layout import Plans
from mltrack_server.store.series.merges import Merges
from mltrack_server.store.series.view import View
from mltrack_server.store.series.view import Window

_chunk, _axis, _tier, _seg = schema.chunk.c, schema.axis.c, schema.tier.c, schema.seg.c
_series, _remnant = schema.series.c, schema.remnant.c
_PRECEDENCE: Final[dict[SeriesKind, int]] = {"axis": 0, "device": 1, "metric": 2}

# Statements are made once: making one takes several times as long as SQLite needs for its rows.
_CHOOSE: Final = select(_series.rid, _series.no, _series.kind, _series.name, _series.points).where(
    among(_series.rid, "b_rids"), _series.name.in_(bindparam("b_names", expanding=True))
)
_IN_WINDOW: Final = {
    order: and_(
        among(_chunk.rid, "b_rids"),
        among(_chunk.series_no, "b_numbers"),
        _chunk.n <= bindparam("b_points_max"),
        reach_into(order),
    )
    for order in ORDERS
}
_CHUNKS: Final = {
    order: select(
        _chunk.rid,
        _chunk.series_no,
        _chunk.stream_no,
        _chunk.no,
        _chunk.epoch,
        _chunk.axis,
        _chunk.body,
    ).where(condition)
    for order, condition in _IN_WINDOW.items()
}
_AXES: Final = {
    order: select(_axis.digest, _axis.body)
    .join(schema.chunk, and_(_axis.rid == _chunk.rid, _axis.digest == _chunk.axis))
    .where(condition)
    for order, condition in _IN_WINDOW.items()
}
# The rows of the highest level are about all full chunks.
_EXTENTS: Final = (
    select(
        _tier.rid,
        _tier.series_no,
        func.min(_tier.step_min).label("step_min"),
        func.max(_tier.step_max).label("step_max"),
        func.min(_tier.time_min).label("time_min"),
        func.max(_tier.time_max).label("time_max"),
    )
    .where(
        among(_tier.rid, "b_rids"),
        among(_tier.series_no, "b_numbers"),
        _tier.level == max(tier.LEVELS),
    )
    .group_by(_tier.rid, _tier.series_no)
)
_REMNANTS: Final = {
    order: select(
        _remnant.rid,
        _remnant.series_no,
        _remnant.stream_no,
        _remnant.epoch,
        _remnant.body,
        _axis.body.label("axis_body"),
    )
    .join(schema.axis, and_(_axis.rid == _remnant.rid, _axis.digest == _remnant.axis))
    .where(
        among(_remnant.rid, "b_rids"),
        among(_remnant.series_no, "b_numbers"),
        reach_into(order, _remnant),
    )
    .order_by(_remnant.rid, _remnant.series_no, _remnant.stream_no, _remnant.no)
    for order in ORDERS
}
_WAITING: Final = select(_seg.rid).where(among(_seg.rid, "b_rids")).distinct()


class Chosen(NamedTuple):
    """A series of a run."""

    no: int
    kind: SeriesKind
    points: int

    @property
    def order(self) -> Order:
        """What its points are ordered by."""
        return "time" if self.kind == "device" else "step"


@dataclass(slots=True, kw_only=True)
class Reader:
    """What a run has of some series in a window, and some points around it; see `open_readers`."""

    connection: Connection
    rid: int
    chosen: Mapping[str, Chosen]
    lineage: Lineage
    times: bool  # of points are read; where not, all folded ones may be 0
    pieces: dict[str, list[Piece]]  # of each series, those that a descent finds left out
    remnants: dict[str, list[tuple[int, int, Remnant]]] = field(default_factory=dict)
    tiered: dict[str, dict[Order, tuple[int, int]]] = field(default_factory=dict)  # their extents
    begun: dict[str, Begun] = field(default_factory=dict)  # their descents
    merges: Merges = field(default_factory=Merges)
    _cuts: dict[str, dict[tuple[int, int], int]] = field(default_factory=dict)

    @property
    def names(self) -> Iterable[str]:
        """Which of the series the run has."""
        return self.chosen

    @property
    def by_number(self) -> dict[int, str]:
        """Number → name of the series."""
        return {chosen.no: name for name, chosen in self.chosen.items()}

    def has_tiers(self, name: str) -> bool:
        """Tell whether there are points that only `descend` finds."""
        return name in self.tiered or name in self.remnants

    def is_thinned(self, name: str) -> bool:
        """Tell whether some points near the window have given way to a remnant."""
        return name in self.remnants

    def number(self, name: str) -> int:
        """Return the number of a series."""
        return self.chosen[name].no

    def cuts(self, name: str) -> Mapping[tuple[int, int], int]:
        """Return stream and epoch → the step from which on points are superseded."""
        return self._cuts[name]

    def extent(self, name: str, order: Order) -> tuple[int, int] | None:
        """Return lowest and highest step or time of a series' points, tiers included."""
        bounds = [self.tiered[name][order]] if name in self.tiered else []
        for _, _, remnant in self.remnants.get(name, ()):
            column = remnant.column.step if order == "step" else remnant.column.time_ns
            bounds.append((int(column.min()), int(column.max())))
        for piece in self.pieces.get(name, []):
            column = piece.column.step if order == "step" else piece.column.time_ns
            bounds.append((int(column.min()), int(column.max())))
        if not bounds:
            return None
        return min(low for low, _ in bounds), max(high for _, high in bounds)

    def descend(self, name: str, view: View, plans: Plans) -> Found:
        """Return buckets and points of a series' full chunks and remnants, as *view* needs them."""
        cuts, found = self._cuts[name], Found()
        if name in self.begun:
            number = self.number(name)
            descent = Descent(
                self.connection, self.rid, number, cuts, view, plans, times=self.times
            )
            found = descent.go(self.begun[name])
        for stream_no, epoch, remnant in self.remnants.get(name, ()):
            piece = Piece(stream_no, epoch, remnant.column)
            look(remnant, piece, cuts.get((stream_no, epoch)), view, found)
        return found

    def kept(self, name: str) -> Points:
        """Return the points of a series that its remnants have kept."""
        pieces = [
            Piece(stream_no, epoch, remnant.column)
            for stream_no, epoch, remnant in self.remnants[name]
        ]
        return Merges().points(pieces, self._cuts[name], self.chosen[name].order)

    def points(self, name: str, found: Sequence[Piece] = ()) -> Points:
        """Return a series' points, those *found* by a descent too, in the series' order."""
        pieces = [*self.pieces[name], *found]
        attempts = self.lineage.attempts
        pieces.sort(key=lambda piece: (attempts[piece.stream_no], piece.stream_no))
        # Those that a descent has found are hardly the same in another series.
        merges = Merges() if found else self.merges
        merged = merges.points(pieces, self._cuts[name], self.chosen[name].order)
        return replace(merged, is_thinned=True) if self.is_thinned(name) else merged

    def take_unfolded(self, cache: SegCache) -> None:
        """Add the points of batches that are not folded yet."""
        for (_, stream_no, _, _), batch in unfolded(self.connection, cache, self.rid, self.lineage):
            for name, chosen in self.chosen.items():
                column = batch.get((chosen.kind, name))
                if column is not None:
                    self.pieces[name] += self.lineage.split(stream_no, column)

    def find_cuts(self) -> None:
        """Work out what is superseded, once all pieces are there."""
        is_resumed = len(set(self.lineage.attempts.values())) > 1
        if not is_resumed and not self.lineage.rewinds:
            self._cuts = {name: {} for name in self.chosen}
            return
        firsts: dict[int, dict[int, int]] = {}
        if is_resumed:
            firsts = firsts_of(self.connection, self.rid, list(self.by_number))
        self._cuts = {
            name: self.lineage.cuts(lowest(self.pieces[name], firsts.get(chosen.no, {})))
            if chosen.order == "step"
            else {}
            for name, chosen in self.chosen.items()
        }


def open_readers(
    connection: Connection,
    cache: SegCache,
    windows: Mapping[int, Window],
    names: Sequence[str],
    *,
    buckets: int | None,
    times: bool = True,
) -> dict[int, Reader]:
    """Return for each of some runs what it has of the series *names*.

    Args:
        connection: Sees one state of the store.
        cache: Of unfolded batches.
        windows: Run → what is wanted of it.
        names: Each a metric, else a device series, else an axis.
        buckets: Of the chart. None: the points of full chunks and of remnants are read too, which
            can be many; else they are there by `descend`.
        times: Whether to read the times of points. Where not, all folded ones may be 0: a chart
            over steps has no use for them, and they are the larger part of an axis.
    """
    rids = list(windows)
    chosen = choose(connection, rids, names)
    lineages = Lineage.load_all(connection, list(chosen))
    found, merges = {}, Merges()
    alike: dict[tuple[Window, tuple[int, ...]], list[Reader]] = {}
    for rid in rids:
        mine = chosen.get(rid, {})
        found[rid] = reader = Reader(
            connection=connection,
            rid=rid,
            chosen=mine,
            lineage=lineages.get(rid, Lineage()),
            times=times,
            pieces={name: [] for name in mine},
            merges=merges,
        )
        if mine:
            alike.setdefault((windows[rid], tuple(reader.by_number)), []).append(reader)
    for (window, numbers), readers in alike.items():
        full = buckets is None
        _take_remnants(connection, readers, window, numbers, full=full)
        _take_folded(connection, readers, window, numbers, full=full, times=times)
        if buckets is not None:
            _find_extents(connection, readers)
            _begin(connection, readers, window, buckets)
    for rid in connection.execute(_WAITING, {"b_rids": list(chosen)}).scalars().all():
        found[rid].take_unfolded(cache)
    for rid in chosen:
        found[rid].find_cuts()
    return found


def choose(
    connection: Connection, rids: Sequence[int], names: Sequence[str]
) -> dict[int, dict[str, Chosen]]:
    """Return what each run has by these *names*: a metric, else a device series, else an axis."""
    rows = connection.execute(_CHOOSE, {"b_rids": rids, "b_names": names}).all()
    found: dict[int, dict[str, Chosen]] = {}
    for row in sorted(rows, key=lambda row: _PRECEDENCE[row.kind]):
        found.setdefault(row.rid, {})[row.name] = Chosen(row.no, row.kind, row.points)
    return found


def _given(readers: Sequence[Reader], window: Window, numbers: Sequence[int]) -> dict[str, Any]:
    rids = [reader.rid for reader in readers]
    return {"b_rids": rids, "b_numbers": numbers, "b_low": window.low, "b_high": window.high}


def _take_remnants(
    connection: Connection,
    readers: Sequence[Reader],
    window: Window,
    numbers: Sequence[int],
    *,
    full: bool,
) -> None:
    """Read what thinning has left of the series."""
    by_rid = {reader.rid: reader for reader in readers}
    for row in connection.execute(_REMNANTS[window.order], _given(readers, window, numbers)):
        reader = by_rid[row.rid]
        step, time_ns = chunk.unpack_axis(row.axis_body)
        found = unpack_remnant(row.body, step, time_ns)
        name = reader.by_number[row.series_no]
        reader.remnants.setdefault(name, []).append((row.stream_no, row.epoch, found))
        if full:
            reader.pieces[name].append(Piece(row.stream_no, row.epoch, found.column))


def _take_folded(
    connection: Connection,
    readers: Sequence[Reader],
    window: Window,
    numbers: Sequence[int],
    *,
    full: bool,
    times: bool,
) -> None:
    """Read the chunks that reach into *window*, in order of logging; full ones if they are wanted.

    They are put in order here: the database would copy all bodies for that.
    """
    given = _given(readers, window, numbers) | {"b_points_max": tier.SHAPE.chunk - (not full)}
    rows = connection.execute(_CHUNKS[window.order], given).all()
    axes: dict[bytes, tuple[Ints, Ints]] = {}
    steps: chunk.Known = {}  # those of runs too that were logged at different times
    having = {row.axis: row.series_no for row in rows}  # each axis is read with one of its series
    if having:
        some = given | {"b_numbers": set(having.values())}
        for digest, body in connection.execute(_AXES[window.order], some).all():
            if digest not in axes:
                axes[digest] = chunk.unpack_axis(body) if times else chunk.unpack_steps(body, steps)
    by_rid = {reader.rid: (reader.pieces, reader.by_number) for reader in readers}
    for row in sorted(rows, key=lambda row: (row.series_no, row.stream_no, row.no)):
        pieces, by_number = by_rid[row.rid]
        step, time_ns = axes[row.axis]
        value, exact_ints = chunk.unpack_values(row.body)
        # Inside a chunk the order says all that seq would; it is not kept.
        column = Column(step, step, time_ns, value, exact_ints)
        pieces[by_number[row.series_no]].append(Piece(row.stream_no, row.epoch, column))


def _find_extents(connection: Connection, readers: Sequence[Reader]) -> None:
    """Note between which steps and times the tiers of the series are."""
    full = tier.SHAPE.chunk  # no shorter series has a full chunk
    long = {each.no for reader in readers for each in reader.chosen.values() if each.points >= full}
    if not long:
        return
    by_rid = {reader.rid: (reader.tiered, reader.by_number) for reader in readers}
    for row in connection.execute(_EXTENTS, {"b_rids": list(by_rid), "b_numbers": list(long)}):
        tiered, by_number = by_rid[row.rid]
        tiered[by_number[row.series_no]] = {
            "step": (row.step_min, row.step_max),
            "time": (row.time_min, row.time_max),
        }


def _begin(connection: Connection, readers: Sequence[Reader], window: Window, buckets: int) -> None:
    """Read what the descents of series that have tiers begin with."""
    by_level: dict[int, dict[tuple[int, int], tuple[Reader, str]]] = {}
    for reader in readers:
        for name in reader.tiered:
            level = first_level(reader.chosen[name].points, buckets)
            by_level.setdefault(level, {})[reader.rid, reader.number(name)] = reader, name
    for level, alike in by_level.items():
        for key, begun in begin(connection, alike, level, window).items():
            reader, name = alike[key]
            reader.begun[name] = begun
