"""Dashboards in the store: each with its versions, and nobody's changes lost to another's."""

from __future__ import annotations

import os
from typing import Any
from typing import Final
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection
from sqlalchemy import Row
from sqlalchemy import delete
from sqlalchemy import func
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import update

from mltrack_server.resources import Dashboard
from mltrack_server.resources import DashboardDocument
from mltrack_server.resources import DashboardKind
from mltrack_server.resources import DashboardList
from mltrack_server.resources import DashboardQuery
from mltrack_server.resources import DashboardSave
from mltrack_server.resources import DashboardSummary
from mltrack_server.resources import DashboardVersion
from mltrack_server.resources import DashboardVersions
from mltrack_server.resources import NewDashboard
from mltrack_server.store import schema
from mltrack_server.store.database.part import Part

DASHBOARDS_MAX: Final = 1000  # of a project, reports included, deleted ones not
VERSIONS_KEPT: Final = 200  # of each; older ones are removed

_board, _version = schema.dashboard.c, schema.dashboard_version.c
_NEWEST: Final = select(
    schema.dashboard, _version.author, _version.saved_ns, _version.body
).join_from(
    schema.dashboard,
    schema.dashboard_version,
    (_version.uid == _board.uid) & (_version.version == _board.version),
)
_decode: Final = msgspec.json.Decoder(DashboardDocument).decode


class Newest(NamedTuple):
    """What the newest version of a dashboard or report is."""

    kind: DashboardKind
    document: DashboardDocument
    is_deleted: bool


def newest_document(connection: Connection, uid: str) -> Newest | None:
    """Return the newest version of a dashboard; None if there is no such dashboard."""
    row = connection.execute(_NEWEST.where(_board.uid == uid)).first()
    if row is None:
        return None
    return Newest(row.kind, _decode(row.body), row.deleted_ns is not None)


class SavedMeanwhile(Exception):
    """Another version was saved since the one that was changed; nothing is written.

    Args:
        newest: What there is now.
    """

    def __init__(self, newest: DashboardSummary) -> None:
        super().__init__(f"version {newest.version} was saved meanwhile")
        self.newest = newest


class KindChanged(Exception):
    """A report cannot be saved as a dashboard, nor a dashboard as a report."""


class TooManyDashboards(Exception):
    """The project has as many as it may have."""


class Dashboards(Part):
    """Reads and writes dashboards. Thread-safe."""

    def listed(self, query: DashboardQuery) -> DashboardList:
        """Return a project's dashboards and reports, the one saved last first."""
        gone = _board.deleted_ns.is_not(None) if query.deleted else _board.deleted_ns.is_(None)
        with self._reading() as connection:
            rows = connection.execute(
                _NEWEST.where(_board.project == query.project, gone).order_by(
                    _version.saved_ns.desc(), _board.uid
                )
            ).all()
        return DashboardList(dashboards=[_summary(row) for row in rows])

    def one(self, uid: str, version: int | None = None) -> Dashboard | None:
        """Return a version of a dashboard, the newest where none is named; None if there is none.

        A deleted one is still read.
        """
        with self._reading() as connection:
            newest = connection.execute(_NEWEST.where(_board.uid == uid)).first()
            if newest is None:
                return None
            if version is None or version == newest.version:
                return _whole(newest)
            body = connection.execute(
                select(_version.body).where(_version.uid == uid, _version.version == version)
            ).scalar()
        if body is None:
            return None
        return Dashboard(summary=_summary(newest), version=version, document=_decode(body))

    def versions(self, uid: str) -> DashboardVersions | None:
        """Return when a dashboard was saved and by whom; None if there is no such dashboard."""
        with self._reading() as connection:
            rows = connection.execute(
                select(_version.version, _version.name, _version.author, _version.saved_ns)
                .where(_version.uid == uid)
                .order_by(_version.version.desc())
            ).all()
        if not rows:
            return None
        return DashboardVersions(
            versions=[
                DashboardVersion(
                    version=row.version, name=row.name, author=row.author, saved_ns=row.saved_ns
                )
                for row in rows
            ]
        )

    def create(self, new: NewDashboard) -> Dashboard | None:
        """Store a dashboard as its version 1; None if there is no such project.

        Raises:
            TooManyDashboards: The project has no room for another one.
            StoreFull: No write is possible for now; nothing has changed.
        """
        uid = os.urandom(16).hex()
        with self._writing() as connection:
            project = schema.project.c.name
            if connection.execute(select(project).where(project == new.project)).first() is None:
                return None
            count = connection.execute(
                select(func.count()).where(
                    _board.project == new.project, _board.deleted_ns.is_(None)
                )
            ).scalar_one()
            if count >= DASHBOARDS_MAX:
                raise TooManyDashboards
            now_ns = self._clock_ns()
            connection.execute(
                insert(schema.dashboard).values(
                    uid=uid, project=new.project, kind=new.document.kind, name=new.name,
                    owner=new.owner, version=1, panels=_panels(new.document), created_ns=now_ns,
                )
            )  # fmt: skip
            _add_version(connection, uid, 1, new, now_ns)
            return _newest(connection, uid)

    def save(self, uid: str, change: DashboardSave) -> Dashboard | None:
        """Store a dashboard's next version; None if there is no such dashboard, or it is deleted.

        What is there already is not stored again, so a request may be repeated.

        Raises:
            SavedMeanwhile: Its newest version is not the one that was changed.
            KindChanged: It would be a report from now on, or no longer be one.
            StoreFull: No write is possible for now; nothing has changed.
        """
        with self._writing() as connection:
            found = connection.execute(_NEWEST.where(_board.uid == uid)).first()
            if found is None or found.deleted_ns is not None:
                return None
            if found.kind != change.document.kind:
                raise KindChanged
            said = (change.name, change.owner, _encode(change.document))
            if (found.name, found.owner, found.body) == said:
                return _whole(found)
            if found.version != change.version:
                raise SavedMeanwhile(_summary(found))
            version = change.version + 1
            # By its condition only one of two servers changes the row.
            written = connection.execute(
                update(schema.dashboard)
                .where(_board.uid == uid, _board.version == change.version)
                .values(
                    name=change.name,
                    owner=change.owner,
                    version=version,
                    panels=_panels(change.document),
                )
            )
            if written.rowcount == 0:
                raise SavedMeanwhile(_summary(_row(connection, uid)))
            _add_version(connection, uid, version, change, self._clock_ns())
            connection.execute(
                delete(schema.dashboard_version).where(
                    _version.uid == uid, _version.version <= version - VERSIONS_KEPT
                )
            )
            return _newest(connection, uid)

    def delete(self, uid: str) -> DashboardSummary | None:
        """Leave a dashboard out of lists; None if there is no such one. Again it changes nothing.

        Raises:
            StoreFull: No write is possible for now; nothing has changed.
        """
        return self._mark(uid, self._clock_ns())

    def undelete(self, uid: str) -> DashboardSummary | None:
        """Put a deleted dashboard back into lists; None if there is no such one.

        Raises:
            StoreFull: No write is possible for now; nothing has changed.
        """
        return self._mark(uid, None)

    def _mark(self, uid: str, deleted_ns: int | None) -> DashboardSummary | None:
        """Set when a dashboard was deleted, unless it was or was not already."""
        with self._writing() as connection:
            is_other = _board.deleted_ns.is_(None) == (deleted_ns is not None)
            connection.execute(
                update(schema.dashboard)
                .where(_board.uid == uid, is_other)
                .values(deleted_ns=deleted_ns)
            )
            found = connection.execute(_NEWEST.where(_board.uid == uid)).first()
            return None if found is None else _summary(found)


def _add_version(
    connection: Connection,
    uid: str,
    version: int,
    saved: NewDashboard | DashboardSave,
    now_ns: int,
) -> None:
    connection.execute(
        insert(schema.dashboard_version).values(
            uid=uid,
            version=version,
            name=saved.name,
            author=saved.author,
            saved_ns=now_ns,
            body=_encode(saved.document),
        )
    )


def _row(connection: Connection, uid: str) -> Row[Any]:
    return connection.execute(_NEWEST.where(_board.uid == uid)).one()


def _newest(connection: Connection, uid: str) -> Dashboard:
    return _whole(_row(connection, uid))


def _whole(row: Row[Any]) -> Dashboard:
    return Dashboard(summary=_summary(row), version=row.version, document=_decode(row.body))


def _summary(row: Row[Any]) -> DashboardSummary:
    return DashboardSummary(
        id=row.uid,
        project=row.project,
        kind=row.kind,
        name=row.name,
        owner=row.owner,
        author=row.author,
        version=row.version,
        created_ns=row.created_ns,
        saved_ns=row.saved_ns,
        deleted_ns=row.deleted_ns,
        panels=row.panels,
    )


def _encode(document: DashboardDocument) -> str:
    return msgspec.json.encode(document).decode()


def _panels(document: DashboardDocument) -> int:
    return sum(len(tab.panels) for tab in document.tabs)
