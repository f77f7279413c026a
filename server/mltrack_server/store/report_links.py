"""Links of reports in the store: a page each, and the hash of the key that opens it."""

from __future__ import annotations

import gzip
import hashlib
import os
import secrets
from typing import Any
from typing import Final

from sqlalchemy import Connection
from sqlalchemy import Row
from sqlalchemy import delete
from sqlalchemy import func
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import update

from mltrack_server.resources import LinkPageQuery
from mltrack_server.resources import ReportLink
from mltrack_server.resources import ReportLinkList
from mltrack_server.store import schema
from mltrack_server.store.database.part import Part

LINKS_MAX: Final = 20  # of a report

_KEY_BYTES: Final = 32  # nobody guesses these, so nothing has to count attempts
_LEVEL: Final = 6

_board, _link = schema.dashboard.c, schema.report_link.c
_SHOWN: Final[tuple[Any, ...]] = (
    _link.uid, _link.version, _link.author, _link.made_ns, _link.saved_ns, _link.page_bytes
)  # fmt: skip


class TooManyLinks(Exception):
    """The report has as many links as it may have."""


class NoReport(Exception):
    """A dashboard has no page that stays as it is, so it has no links."""


class ReportLinks(Part):
    """Makes, lists and ends links, and opens their pages. Thread-safe."""

    def listed(self, report: str) -> ReportLinkList | None:
        """Return a report's links, the one made last first; None if there is no such report."""
        with self._reading() as connection:
            if not _is_there(connection, report):
                return None
            rows = connection.execute(
                select(*_SHOWN)
                .where(_link.report == report)
                .order_by(_link.made_ns.desc(), _link.uid)
            ).all()
        return ReportLinkList(links=[_shown(row) for row in rows])

    def make(self, report: str, query: LinkPageQuery, page: bytes) -> tuple[ReportLink, str] | None:
        """Store a link that shows *page*; return it and its key. None if there is no such report.

        Raises:
            NoReport: It is a dashboard.
            TooManyLinks: The report has no room for another one.
            StoreFull: No write is possible for now; nothing has changed.
        """
        uid, key = os.urandom(16).hex(), secrets.token_urlsafe(_KEY_BYTES)
        packed = gzip.compress(page, _LEVEL, mtime=0)
        with self._writing() as connection:
            if not _is_there(connection, report):
                return None
            count = connection.execute(
                select(func.count()).select_from(schema.report_link).where(_link.report == report)
            ).scalar_one()
            if count >= LINKS_MAX:
                raise TooManyLinks
            now_ns = self._clock_ns()
            connection.execute(
                insert(schema.report_link).values(
                    uid=uid, report=report, key_sha256=_hash(key), version=query.version,
                    author=query.author, made_ns=now_ns, saved_ns=now_ns,
                    page_bytes=len(page), page=packed,
                )
            )  # fmt: skip
            return _one(connection, uid), key

    def renew(self, report: str, link: str, query: LinkPageQuery, page: bytes) -> ReportLink | None:
        """Let a link show *page* from now on; None if there is no such link.

        Raises:
            NoReport: It is a dashboard.
            StoreFull: No write is possible for now; nothing has changed.
        """
        packed = gzip.compress(page, _LEVEL, mtime=0)
        with self._writing() as connection:
            if not _is_there(connection, report):
                return None
            written = connection.execute(
                update(schema.report_link)
                .where(_link.uid == link, _link.report == report)
                .values(
                    version=query.version,
                    author=query.author,
                    saved_ns=self._clock_ns(),
                    page_bytes=len(page),
                    page=packed,
                )
            )
            return _one(connection, link) if written.rowcount else None

    def end(self, report: str, link: str) -> bool:
        """Remove a link and its page; return whether it was there.

        Raises:
            StoreFull: No write is possible for now; nothing has changed.
        """
        with self._writing() as connection:
            gone = connection.execute(
                delete(schema.report_link).where(_link.uid == link, _link.report == report)
            )
            return gone.rowcount > 0

    def page(self, key: str) -> bytes | None:
        """Return the page that *key* opens, gzip; None if none does, or its report was deleted."""
        with self._reading() as connection:
            page: bytes | None = connection.execute(
                select(_link.page)
                .join_from(schema.report_link, schema.dashboard, _board.uid == _link.report)
                # By its hash: how much of a wrong key is right cannot be timed.
                .where(_link.key_sha256 == _hash(key), _board.deleted_ns.is_(None))
            ).scalar()
        return page


def _is_there(connection: Connection, report: str) -> bool:
    """Tell whether there is such a report.

    Raises:
        NoReport: It is a dashboard.
    """
    found = connection.execute(
        select(_board.kind).where(_board.uid == report, _board.deleted_ns.is_(None))
    ).scalar()
    if found is not None and found != "report":
        raise NoReport
    return found is not None


def _one(connection: Connection, uid: str) -> ReportLink:
    return _shown(connection.execute(select(*_SHOWN).where(_link.uid == uid)).one())


def _shown(row: Row[Any]) -> ReportLink:
    return ReportLink(
        id=row.uid,
        version=row.version,
        author=row.author,
        made_ns=row.made_ns,
        saved_ns=row.saved_ns,
        page_bytes=row.page_bytes,
    )


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
