"""Metrics of one run, however many they are: how many, page by page, or only their names."""

from __future__ import annotations

from sqlalchemy import ColumnElement
from sqlalchemy import Connection
from sqlalchemy import false
from sqlalchemy import func
from sqlalchemy import select

from mltrack_server.resources import MetricNames
from mltrack_server.resources import MetricPage
from mltrack_server.resources import MetricQuery
from mltrack_server.store import rules
from mltrack_server.store import schema
from mltrack_server.store.search.listing import AMOUNTS
from mltrack_server.store.search.listing import metric_of

_series = schema.series.c


def page(connection: Connection, rid: int, query: MetricQuery) -> MetricPage:
    """Return the series of a run that *query* asks for."""
    found = _found(rid, query.search, query.kind)
    if query.misnamed:
        found.append(rules.misnamed_of(connection, rid))
    rows = connection.execute(
        select(_series.no, _series.name, *AMOUNTS)
        .where(*found, _series.no >= query.cursor)
        .order_by(_series.no)
        .limit(query.limit + 1)
    ).all()
    shown, following = rows[: query.limit], rows[query.limit :]
    total = len(shown)
    if query.cursor or following:
        counted = select(func.count()).select_from(schema.series).where(*found)
        total = connection.execute(counted).scalar_one()
    return MetricPage(
        metrics={name: metric_of(amounts) for _, name, *amounts in shown},
        total=total,
        next=following[0].no if following else None,
    )


def names(connection: Connection, rid: int, *, limit: int, search: str = "") -> MetricNames:
    """Return up to *limit* names that hold every word of *search*."""
    query = select(_series.name).where(*_found(rid, search)).order_by(_series.name)
    found = list(connection.execute(query.limit(limit + 1)).scalars())
    return MetricNames(names=found[:limit], has_more=len(found) > limit)


def _found(rid: int, search: str, kind: str = "metric") -> list[ColumnElement[bool]]:
    """Return the conditions of the series that *search* finds."""
    if "\0" in search:  # SQLite's LIKE ends there, and would find everything
        return [false()]
    words = [_series.name.icontains(word, autoescape=True) for word in search.split()]
    return [_series.rid == rid, _series.kind == kind, *words]
