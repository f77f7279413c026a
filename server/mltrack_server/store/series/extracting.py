"""Extracting: the points of many series, page by page, or reduced to a few rows each."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from mltrack_server import history
from mltrack_server.columns import ORDERS
from mltrack_server.columns import Order
from mltrack_server.columns import Points
from mltrack_server.extract import Extract
from mltrack_server.extract import Sums
from mltrack_server.resources import ExtractPosition
from mltrack_server.resources import ExtractQuery
from mltrack_server.store.bounds import INT64_MAX
from mltrack_server.store.bounds import INT64_MIN
from mltrack_server.store.keys import rid_of
from mltrack_server.store.segs import SegCache
from mltrack_server.store.series import exact
from mltrack_server.store.series.reader import Chosen
from mltrack_server.store.series.reader import choose
from mltrack_server.store.series.reader import open_readers
from mltrack_server.store.series.sampling import sample
from mltrack_server.store.series.view import Window

_POINTS_AT_ONCE = 2_000_000  # of series that are read together to be reduced


def extract(connection: Connection, cache: SegCache, query: ExtractQuery) -> Extract:
    """Return the first page of what *query* asks for, or the one that it resumes with."""
    if query.samples is not None:
        return _reduced(connection, cache, query, query.samples)
    return _Page(connection, cache, query).filled()


def _reduced(connection: Connection, cache: SegCache, query: ExtractQuery, samples: int) -> Extract:
    """Return every series in at most *samples* rows, all in one page."""
    found: list[tuple[str, str, Points, Sums | None]] = []
    for run in query.runs:
        rid = rid_of(run)
        chosen = choose(connection, [rid], query.names).get(rid, {})
        names = [name for name in query.names if name in chosen]
        while names:
            room = _POINTS_AT_ONCE
            some = [names.pop(0)]
            room -= chosen[some[0]].points
            while names and chosen[names[0]].points <= room:
                some.append(names.pop(0))
                room -= chosen[some[-1]].points
            for order in ORDERS:
                alike = [name for name in some if chosen[name].order == order]
                if alike:
                    rows = sample(connection, cache, rid, alike, _window(query, order), samples)
                    found += [(run, name, *rows[name]) for name in alike]
    places = {name: place for place, name in enumerate(query.names)}
    runs = {run: place for place, run in enumerate(query.runs)}
    found.sort(key=lambda each: (runs[each[0]], places[each[1]]))
    return Extract.joined(found)


def _window(query: ExtractQuery, order: Order) -> Window:
    low = INT64_MIN if query.start is None else query.start
    return Window(order, low, INT64_MAX if query.end is None else query.end)


class _Page:
    """The points of one page, being gathered."""

    def __init__(self, connection: Connection, cache: SegCache, query: ExtractQuery) -> None:
        self._connection, self._cache, self._query = connection, cache, query
        self._room = query.limit
        self._series: list[tuple[str, str, Points, Sums | None]] = []

    def filled(self) -> Extract:
        """Return the page."""
        begin = self._query.resume or ExtractPosition(run=0, name=0)
        following: ExtractPosition | None = None
        for number in range(begin.run, len(self._query.runs)):
            first = begin if number == begin.run else ExtractPosition(run=number, name=0)
            following = self._fill(first)
            if following is not None:
                break
        return Extract.joined(self._series, following)

    def _fill(self, first: ExtractPosition) -> ExtractPosition | None:
        """Take the series of one run from *first* on; return where the next page begins."""
        query = self._query
        rid = rid_of(query.runs[first.run])
        chosen = choose(self._connection, [rid], query.names[first.name :]).get(rid, {})
        waiting: list[str] = []  # whole series, to be read together
        for number in range(first.name, len(query.names)):
            name = query.names[number]
            if name not in chosen:
                continue
            is_begun = number == first.name and first.start is not None
            if chosen[name].points <= self._room and not is_begun:
                waiting.append(name)
                self._room -= chosen[name].points
                continue
            self._read(first.run, rid, waiting, chosen)
            waiting = []
            here = first if is_begun else ExtractPosition(run=first.run, name=number)
            if self._room == 0 or self._room < query.limit // 2:
                return here
            following = self._read_part(rid, here)
            if following is not None:
                return following
        self._read(first.run, rid, waiting, chosen)
        return None

    def _read(self, run: int, rid: int, names: Sequence[str], chosen: dict[str, Chosen]) -> None:
        """Take whole series of a run; they share their axes, so they are read together."""
        read: dict[str, Points] = {}
        for order in ORDERS:
            alike = [name for name in names if chosen[name].order == order]
            if alike:
                window = _window(self._query, order)
                readers = open_readers(
                    self._connection, self._cache, {rid: window}, alike, buckets=None
                )
                for name in alike:
                    points = readers[rid].points(name)
                    is_inside = (points.key >= window.low) & (points.key <= window.high)
                    read[name] = points if is_inside.all() else points.take(is_inside)
        self._series += [(self._query.runs[run], name, read[name], None) for name in names]

    def _read_part(self, rid: int, here: ExtractPosition) -> ExtractPosition | None:
        """Take as much of one series as there is room for; return where it goes on."""
        query = self._query
        name = query.names[here.name]
        start = query.start if here.start is None else here.start
        points = exact.read(
            self._connection,
            self._cache,
            rid,
            name,
            start=start,
            end=query.end,
            skip=here.skip,
            limit=self._room + 1,
        )
        assert points is not None, "it was there a moment ago"
        shown, following = history.page(points, start, here.skip, self._room)
        self._series.append((query.runs[here.run], name, shown, None))
        self._room -= len(shown)
        if following is None:
            return None
        return ExtractPosition(
            run=here.run, name=here.name, start=following.start, skip=following.skip
        )
