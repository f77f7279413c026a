"""Means: the runs of each group as one line, made of all of them however many they are.

Runs are read some at a time, and each is let go once it is in its group's buckets. What the runs
that have ended amount to is kept, so a chart of a group that goes on costs those that do.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Final
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection
from sqlalchemy import bindparam
from sqlalchemy import select

from mltrack_core.records import ParamValue
from mltrack_server.columns import Ints
from mltrack_server.columns import Order
from mltrack_server.container import Container
from mltrack_server.resources import MeanBlock
from mltrack_server.resources import MeanColumns
from mltrack_server.resources import MeanGroup
from mltrack_server.resources import MeanHeader
from mltrack_server.resources import MeanQuery
from mltrack_server.resources.means import MeanColumn
from mltrack_server.smoothing import Smoothing
from mltrack_server.store import runs
from mltrack_server.store import schema
from mltrack_server.store.segs import SegCache
from mltrack_server.store.series.drawing import Drawing
from mltrack_server.store.series.lines import ChartRun
from mltrack_server.store.series.lines import Frame
from mltrack_server.store.series.means.average import Average
from mltrack_server.store.series.means.extents import extents
from mltrack_server.store.series.means.extents import some_of
from mltrack_server.store.series.means.extents import values
from mltrack_server.store.series.means.grid import Grid
from mltrack_server.store.series.means.pool import POINTS_MAX
from mltrack_server.store.series.means.pool import Line
from mltrack_server.store.series.means.pool import Means
from mltrack_server.store.series.means.pool import Pool
from mltrack_server.store.series.means.settled import SettledMeans
from mltrack_server.store.series.means.sources import Source
from mltrack_server.store.series.reader import Chosen
from mltrack_server.store.series.reader import choose

# Of all runs that are read together. A series that has tiers counts no more than …
_PORTION_POINTS_MAX: Final = 2_000_000
_TIERED_POINTS: Final = 1 << 18  # … what is read of them
_PORTION_RUNS_MAX: Final = 200
_SILENT_NS: Final = 600_000_000_000  # a run not heard of for so long is taken to have ended

_run = schema.run.c
_MEMBERS: Final = select(
    _run.uid, _run.rid, _run.started_ns, _run.rev, _run.state, _run.heard_ns
).where(_run.rid.in_(bindparam("b_rids", expanding=True)), _run.purged_ns.is_(None))


class Group(NamedTuple):
    """Runs that are averaged."""

    values: list[ParamValue]  # of the keys that they are grouped by
    q: str  # that holds for them
    rids: Sequence[int]


class Groups(NamedTuple):
    """The groups of an answer."""

    groups: Sequence[Group]
    total: int  # those left out included
    runs: int  # in all of them


class _Member(NamedTuple):
    """A run in its groups."""

    run: ChartRun
    rev: int
    is_settled: bool
    groups: Sequence[int]


def draw(
    connection: Connection,
    cache: SegCache,
    kept: SettledMeans,
    query: MeanQuery,
    groups: Groups,
    now_ns: int,
) -> bytes | None:
    """Return the binary answer to *query*; None where it is what the client has.

    Args:
        connection: Sees one state of the store.
        cache: Of unfolded batches.
        kept: What is known of runs that have ended.
        query: What is wanted.
        groups: Of which runs.
        now_ns: The server's clock.
    """
    members = _members(connection, groups, now_ns)
    tag = _digest(f"{runs.history(connection)} {groups.total} {groups.runs} {query.by}", members)
    if tag == query.known:
        return None
    averaging = _Averaging(connection, cache, kept, query, members)
    container = Container()
    blocks = [averaging.block(name, container) for name in averaging.names]
    sizes = Counter(number for member in members for number in member.groups)
    header = MeanHeader(
        groups=[
            MeanGroup(values=group.values, q=group.q, runs=sizes[number])
            for number, group in enumerate(groups.groups)
        ],
        total=groups.total,
        runs=groups.runs,
        blocks=blocks,
        rev=runs.rev(connection),
        tag=tag,
    )
    return container.pack(header)


class _Averaging:
    """One answer on its way."""

    def __init__(
        self,
        connection: Connection,
        cache: SegCache,
        kept: SettledMeans,
        query: MeanQuery,
        members: Sequence[_Member],
    ) -> None:
        self.names = list(dict.fromkeys(query.names))
        self._query, self._members, self._kept = query, members, kept
        self._connection, self._cache = connection, cache
        self._smoothing = None if query.smooth is None else Smoothing.parse(query.smooth)
        wanted = [*self.names, *([query.over] if query.x == "metric" else [])]
        self._chosen: dict[int, dict[str, Chosen]] = {}
        for some in some_of([member.run.rid for member in members]):
            self._chosen |= choose(connection, some, wanted)
        if query.x == "metric":
            self._chosen = {rid: mine for rid, mine in self._chosen.items() if query.over in mine}
        self._having = Counter(
            (name, group)
            for member in members
            for name in self._chosen.get(member.run.rid, ())
            for group in member.groups
        )
        self._grids = self._find_grids()
        self._pools = self._fill()

    # ---- reading ----

    def _find_grids(self) -> dict[str, Grid]:
        """Return what the lines of each metric are put into."""
        query = self._query
        if query.start is not None and query.end is not None:
            grid = Grid.around(query.start, query.end, query.buckets)
            return dict.fromkeys(self.names, grid)
        if query.x == "metric":
            found = list(values(self._connection, self._chosen, query.over))
            return dict.fromkeys(self.names, self._grid(found))
        order: Order = "step" if query.x == "step" else "time"
        bounds: dict[str, list[float]] = {name: [] for name in self.names}
        origins = {member.run.rid: member.run.started_ns for member in self._members}
        for (rid, name), extent in extents(
            self._connection, self._cache, self._chosen, order
        ).items():
            if query.x == "step":
                bounds[name] += [float(extent.low), float(extent.high)]
            else:
                origin = origins[rid] if query.x == "relative" else 0
                bounds[name] += [(time_ns - origin) / 1e9 for time_ns in extent]
        return {name: self._grid(found) for name, found in bounds.items()}

    def _grid(self, found: Sequence[float]) -> Grid:
        query = self._query
        low = min(found, default=0.0) if query.start is None else query.start
        high = max(found, default=0.0) if query.end is None else query.end
        if query.start is None and query.end is None:
            return Grid.covering(low, high, query.buckets)
        return Grid.around(low, max(low, high), query.buckets)

    def _fill(self) -> dict[str, Pool]:
        """Return the lines of each metric, all of them added."""
        query = self._query
        settled = _digest("", [member for member in self._members if member.is_settled])
        keys = {
            name: (settled, name, query.x, query.over, query.smooth, self._grids[name])
            for name in self.names
        }
        known = {name: self._kept.get(key) for name, key in keys.items()}
        waiting_max = POINTS_MAX // len(self.names)
        pools = {name: Pool(self._grids[name], waiting_max, known[name]) for name in self.names}
        frame = Frame(
            "step" if query.x == "metric" else query.x, query.start, query.end, query.buckets
        )
        source = Source(
            self._connection,
            self._cache,
            frame,
            query.over if query.x == "metric" else None,
            self._grids,
            self._smoothing,
        )
        for members, names in self._portions(known):
            by_uid = {member.run.uid: member for member in members}
            drawing = Drawing()
            for name, part, curve in source.parts([each.run for each in members], names):
                member = by_uid[part.run]
                if member.is_settled and known[name] is not None:
                    continue
                for group in member.groups:
                    pools[name].add(Line(group, member.is_settled, part, curve), drawing)
        for name, pool in pools.items():
            if known[name] is None and pool.settled is not None:
                self._kept.put(keys[name], pool.settled)
        return pools

    def _portions(
        self, known: Mapping[str, object | None]
    ) -> Iterator[tuple[list[_Member], list[str]]]:
        """Yield runs and names that are read together: as many as fit into memory."""
        members: list[_Member] = []
        room = _PORTION_POINTS_MAX
        names: set[str] = set()
        for member in self._members:
            mine = self._chosen.get(member.run.rid, {})
            wanted = [
                name
                for name in self.names
                if name in mine and (known[name] is None or not member.is_settled)
            ]
            size = sum(min(mine[name].points, _TIERED_POINTS) for name in wanted)
            if not wanted:
                continue
            if members and (size > room or len(members) == _PORTION_RUNS_MAX):
                yield members, [name for name in self.names if name in names]
                members, names, room = [], set(), _PORTION_POINTS_MAX
            members.append(member)
            names.update(wanted)
            room -= size
        if members:
            yield members, [name for name in self.names if name in names]

    # ---- writing ----

    def block(self, name: str, container: Container) -> MeanBlock:
        """Append the means of one metric."""
        grid, means = self._grids[name], self._pools[name].means()
        chosen = self._shown(means, grid.margin)
        series = [
            self._columns(name, group, average.take(chosen), means, container)
            for group, average in sorted(means.groups.items())
            if average.points[chosen].any()
        ]
        return MeanBlock(
            name=name,
            is_exact=means.is_exact,
            x=container.add(means.x[chosen]),
            low=None if means.is_exact else grid.low + grid.margin * grid.width,
            width=None if means.is_exact else grid.width,
            series=series,
        )

    def _shown(self, means: Means, margin: int) -> Ints:
        """Return the buckets in the window in which anybody has a point."""
        query, x = self._query, means.x
        is_shown = np.zeros(len(x), np.bool_)
        for average in means.groups.values():
            is_shown |= average.points > 0
        if means.is_exact:
            low = -np.inf if query.start is None else query.start
            high = np.inf if query.end is None else query.end
            is_shown &= (x >= low) & (x <= high)
        else:
            is_shown[:margin] = False
            is_shown[len(x) - margin :] = False
        return np.flatnonzero(is_shown)

    def _columns(
        self, name: str, group: int, average: Average, means: Means, container: Container
    ) -> MeanColumns:
        is_empty = average.runs == 0
        mean = np.where(is_empty, np.nan, average.mean)
        columns: dict[MeanColumn, NDArray[Any]] = {
            "mean": mean,
            "sd": average.sd,
            "min": average.low,
            "max": average.high,
            "runs": average.runs.astype(np.uint32),
            "count": average.points.astype(np.uint32),
            "bad": average.bad.astype(np.uint32),
        }
        if self._smoothing is not None:
            columns["smooth"] = np.where(is_empty, np.nan, average.smooth)
        return MeanColumns(
            group=group,
            having=self._having[name, group],
            count=int(average.points.sum()),
            nonfinite=int(average.bad.sum()),
            columns={key: container.add(column) for key, column in columns.items()},
            is_thinned=group in means.thinned,
        )


def _members(connection: Connection, groups: Groups, now_ns: int) -> list[_Member]:
    """Return the runs of the groups, those that there are."""
    of: dict[int, list[int]] = {}
    for number, group in enumerate(groups.groups):
        for rid in group.rids:
            of.setdefault(rid, []).append(number)
    found = []
    for some in some_of(list(of)):
        for row in connection.execute(_MEMBERS, {"b_rids": some}):
            is_settled = row.state != "running" or row.heard_ns < now_ns - _SILENT_NS
            run = ChartRun(row.uid, row.rid, row.started_ns)
            found.append(_Member(run, row.rev, is_settled, of[row.rid]))
    found.sort(key=lambda member: member.run.rid)
    return found


def _digest(salt: str, members: Sequence[_Member]) -> str:
    """Return what tells some runs in their groups, each as it is, from all others."""
    digest = hashlib.sha256(salt.encode())
    for member in members:
        digest.update(f" {member.run.rid} {member.rev} {member.groups}".encode())
    return digest.hexdigest()[:32]
