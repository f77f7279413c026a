"""Searching: runs by a query, in any order, page by page."""

from __future__ import annotations

import json
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager

import msgspec
import numpy as np
from sqlalchemy import Connection
from sqlalchemy import select
from sqlalchemy import update

from mltrack_core.records import RunState
from mltrack_server.errors import QueryInvalid
from mltrack_server.errors import RunDeleted
from mltrack_server.query import keys
from mltrack_server.query.cells import MISSING
from mltrack_server.query.fields import ALL
from mltrack_server.query.fields import Fields
from mltrack_server.query.mask import holds
from mltrack_server.query.order import Level
from mltrack_server.query.order import Place
from mltrack_server.query.order import Rows
from mltrack_server.query.order import arrange
from mltrack_server.query.order import follows
from mltrack_server.query.order import pack
from mltrack_server.query.order import place_of
from mltrack_server.query.order import unpack
from mltrack_server.query.parser import parse
from mltrack_server.query.parser import parse_fields
from mltrack_server.query.parser import parse_order
from mltrack_server.query.tree import EVERYTHING
from mltrack_server.query.tree import And
from mltrack_server.query.tree import Compare
from mltrack_server.query.tree import Exists
from mltrack_server.query.tree import Has
from mltrack_server.query.tree import In
from mltrack_server.query.tree import Key
from mltrack_server.query.tree import Node
from mltrack_server.query.tree import Not
from mltrack_server.query.tree import Or
from mltrack_server.query.tree import Order
from mltrack_server.resources import RunEdit
from mltrack_server.resources import RunList
from mltrack_server.resources import RunSummary
from mltrack_server.resources import UnknownKey
from mltrack_server.store import runs
from mltrack_server.store import schema
from mltrack_server.store.connected import Connected
from mltrack_server.store.database.retrying import retried
from mltrack_server.store.keys import rid_of
from mltrack_server.store.search import listing
from mltrack_server.store.search.contents import Contents
from mltrack_server.store.search.runtable import RunTable
from mltrack_server.store.search.runtable import TableFrame

_ARCHIVED = Key("attribute", "archived")
_WORDS_ARE_IN = tuple(Key("attribute", name) for name in ("name", "tags", "notes"))
_PAGE_RUNS = 200  # that the dashboard's list begins with
_NEWEST_FIRST = (Order(Key("attribute", "created"), is_descending=True),)


@retried
class Search(Connected):
    """The part of the store that finds runs, and changes what people may change of them."""

    def runs(
        self,
        *,
        project: str | None = None,
        state: RunState | None = None,
        q: str = "",
        sort: str = "",
        fields: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> RunList:
        """Return a page of runs; see `RunQuery`.

        Raises:
            ValueError: *cursor* is none that an earlier page gave.
            QueryInvalid: *q*, *sort* or *fields* is not what it should be.
        """
        try:
            node, orders = parse(q), parse_order(sort)
        except QueryInvalid:
            names = self._names(project)  # so that the message can say what was perhaps meant
            node, orders = parse(q, names), parse_order(sort, names)
        asked = ALL if fields is None else parse_fields(fields)
        now_ns = self._clock_ns()
        if node == EVERYTHING and orders in ((), _NEWEST_FIRST):
            with self._reading() as connection:
                rids, following, total = listing.newest(
                    connection, now_ns, project=project, state=state, limit=limit, cursor=cursor
                )
                listed = self._summaries(connection, now_ns, rids, asked)
                return RunList(runs=listed, next=following, total=total, rev=runs.rev(connection))
        if state is not None:
            node = And((Compare(Key("attribute", "state"), "=", state), node))
        wanted = {*named(node), *(order.key for order in orders)}
        with self._table(project, wanted) as (table, frame):
            rows = found(node, table, frame)
            total = len(rows)
            levels = [Level(frame.cells(order.key), order.is_descending) for order in orders]
            rows = arrange(levels, rows)
            if cursor is not None:
                rows = rows[_skipped(cursor, sort, levels, rows, table) :]
            following = None
            if len(rows) > limit:
                following = _cursor(sort, levels, int(rows[limit - 1]), table)
            rids = table.rids[rows[:limit]].tolist()
            lacking = lacking_keys(node, orders, frame)
            listed = self._summaries(frame.connection, now_ns, rids, asked)
            rev = table.rev
        unknown = self._unknown(project, lacking)
        return RunList(runs=listed, next=following, total=total, rev=rev, unknown=unknown)

    def warm(self) -> None:
        """Load what people ask first of the project heard of last: its runs, and words in them."""
        with self._reading() as connection:
            listed = runs.projects(connection, self._clock_ns()).projects
        for project in listed[:1]:
            self.runs(project=project.name, limit=_PAGE_RUNS)
            self._tables.prepare(self._reading, project.name, _WORDS_ARE_IN)

    def _names(self, project: str | None) -> list[str]:
        """Return the keys that runs of a project have."""
        return list(self._tables.catalogue(self._reading, project).entries)

    def _unknown(self, project: str | None, lacking: Sequence[Key]) -> list[UnknownKey]:
        """Return keys that no run has, each with the one that was perhaps meant."""
        known = self._names(project) if lacking else []
        return [
            UnknownKey(
                key=keys.write(key),
                nearest=keys.nearest(keys.write(Key(key.place, key.name)), known),  # no statistic
            )
            for key in lacking
        ]

    def _summaries(
        self, connection: Connection, now_ns: int, rids: Sequence[int], fields: Fields
    ) -> list[RunSummary]:
        return listing.summaries(connection, now_ns, rids, fields, self._contents)

    @contextmanager
    def _table(
        self, project: str | None, wanted: Collection[Key] = ()
    ) -> Iterator[tuple[RunTable, TableFrame]]:
        """Give a project's table, kept for us while the context lasts.

        The columns *wanted* are loaded before, so that others need not wait for that.
        """
        self._tables.prepare(self._reading, project, wanted)
        with self._tables.held(), self._reading() as connection:
            table = self._tables.of(connection, project)
            yield table, TableFrame(table, connection, self._clock_ns())
            self._tables.trim()

    def edit(self, run: str, change: RunEdit) -> RunSummary | None:
        """Change what a person may change of a run; None if there is no such run.

        What the run's own processes say, now or later, does not undo it.

        Raises:
            RunDeleted: It was deleted.
            StoreFull: No write is possible for now; nothing has changed.
        """
        rid = rid_of(run)
        row = schema.run.c
        with self._write_lock, self._writing() as connection:
            before = connection.execute(
                select(row.edits, row.archived, row.deleted_ns).where(row.rid == rid)
            ).first()
            if before is None:
                return None
            if before.deleted_ns is not None:
                raise RunDeleted(run)
            edits = json.loads(before.edits)
            for name in ("name", "tags", "notes", "group"):
                value = getattr(change, name)
                if value is None:
                    edits.pop(name, None)
                elif value is not msgspec.UNSET:
                    edits[name] = value
            archived = before.archived if change.archived is msgspec.UNSET else change.archived
            written = json.dumps(edits, ensure_ascii=False)
            if (written, archived) != (before.edits, before.archived):
                connection.execute(
                    update(schema.run)
                    .where(row.rid == rid)
                    .values(edits=written, archived=archived, rev=runs.next_rev(connection))
                )
            # Nothing is kept of it: were this rolled back, another change would have its revision.
            (summary,) = listing.summaries(connection, self._clock_ns(), [rid], ALL, Contents())
            return summary


def found(node: Node, table: RunTable, frame: TableFrame) -> Rows:
    """Return the rows that *node* holds for, the newest run first."""
    mask = holds(node, frame)
    if _ARCHIVED not in set(named(node)):
        mask &= frame.cells(_ARCHIVED).numbers == 0
    newest = table.recency()
    return newest[mask[newest]]


def named(node: Node) -> Iterator[Key]:
    """Yield every key that a query names."""
    match node:
        case And(terms) | Or(terms):
            for term in terms:
                yield from named(term)
        case Not(term):
            yield from named(term)
        case Compare(key=key) | In(key=key) | Has(key=key) | Exists(key):
            yield key


def lacking_keys(node: Node, orders: Sequence[Order], frame: TableFrame) -> list[Key]:
    """Return which parameters, facts and metrics of a query no run has."""
    if not frame.length:
        return []
    asked = dict.fromkeys([*named(node), *(order.key for order in orders)])
    return [
        key
        for key in asked
        if key.place != "attribute" and not np.any(frame.cells(key).kinds != MISSING)
    ]


def _skipped(cursor: str, sort: str, levels: Sequence[Level], rows: Rows, table: RunTable) -> int:
    """Return how many of the sorted *rows* were on the pages before."""
    if levels:
        place = unpack(cursor, sort, len(levels))
    else:
        started_ns, uid = listing.parse_cursor(cursor)
        place = Place("", [], started_ns, uid)
    if place.is_cut:
        row = table.row_of(place.uid)
        if row is None:
            raise ValueError(f"cursor={cursor[:80]!r}: the run that it stands for has gone")
        place = msgspec.structs.replace(place, values=[level.cells.value(row) for level in levels])
    return follows(levels, rows, place, table.started, table.uids)


def _cursor(sort: str, levels: Sequence[Level], row: int, table: RunTable) -> str:
    """Return the cursor of the page behind *row*."""
    started_ns, uid = int(table.started[row]), table.uids[row].decode()
    if not levels:
        return f"{started_ns}-{uid}"
    return pack(place_of(sort, levels, row, started_ns, uid))
