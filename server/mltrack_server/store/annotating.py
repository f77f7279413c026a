"""Annotations in the store: every version of each stays, so that no change loses what was said.

Of several people who change one the last counts; what the others wrote is read as its versions.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Final

from sqlalchemy import Connection
from sqlalchemy import Row
from sqlalchemy import Select
from sqlalchemy import and_
from sqlalchemy import func
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import update

from mltrack_server.resources import ANNOTATIONS_MAX
from mltrack_server.resources import Annotation
from mltrack_server.resources import AnnotationEdit
from mltrack_server.resources import AnnotationList
from mltrack_server.resources import AnnotationVersion
from mltrack_server.resources import AnnotationVersions
from mltrack_server.resources import NewAnnotations
from mltrack_server.store import schema
from mltrack_server.store.database.engine import Connecting
from mltrack_server.store.database.part import Part
from mltrack_server.store.keys import rid_of

VERSIONS_MAX: Final = 200  # of each

_note, _run = schema.annotation.c, schema.run.c


class NoSuchRun(LookupError):
    """A run that was named is not there."""


class TooManyAnnotations(Exception):
    """A run, or an annotation, has as many as it may have."""


class Annotations(Part):
    """Writes annotations, and reads what they were. Thread-safe.

    Args:
        reading, writing, clock_ns: As those of a `Part`.
        raise_rev: Raises the store's revision by one and returns it.
    """

    def __init__(
        self,
        reading: Connecting,
        writing: Connecting,
        raise_rev: Callable[[Connection], int],
        clock_ns: Callable[[], int],
    ) -> None:
        super().__init__(reading, writing, clock_ns)
        self._raise_rev = raise_rev

    def create(self, new: NewAnnotations) -> AnnotationList:
        """Store one text at all of its places, or at none.

        Raises:
            NoSuchRun: One of the runs is not there, or deleted.
            TooManyAnnotations: One of the runs has no room for them.
            StoreFull: No write is possible for now; nothing has changed.
        """
        now_ns = self._clock_ns()
        made = [
            Annotation(
                id=os.urandom(16).hex(),
                step=place.step,
                time_ns=place.time_ns,
                text=new.text,
                author=new.author,
                version=1,
                saved_ns=now_ns,
            )
            for place in new.places
        ]
        rids = {place.run: rid_of(place.run) for place in new.places}
        with self._writing() as connection:
            self._check(connection, rids, Counter(rids[place.run] for place in new.places))
            connection.execute(
                insert(schema.annotation),
                [
                    {
                        "rid": rids[place.run], "uid": each.id, "version": each.version,
                        "step": each.step, "time_ns": each.time_ns, "text": each.text,
                        "author": each.author, "saved_ns": each.saved_ns, "is_removed": False,
                    }
                    for place, each in zip(new.places, made, strict=True)
                ],
            )  # fmt: skip
            self._touch(connection, list(rids.values()))
        return AnnotationList(annotations=made)

    def edit(self, run: str, uid: str, change: AnnotationEdit) -> Annotation | None:
        """Store what an annotation says from now on; None if there is none such.

        What it says already is not stored again, so a request may be repeated.

        Raises:
            TooManyAnnotations: It was changed too often.
            StoreFull: No write is possible for now; nothing has changed.
        """
        return self._put(run, uid, change.text, change.author, is_removed=False)

    def remove(self, run: str, uid: str, author: str) -> Annotation | None:
        """Leave an annotation out from now on; None if there is none such. It can be put back.

        Raises:
            TooManyAnnotations: It was changed too often.
            StoreFull: No write is possible for now; nothing has changed.
        """
        return self._put(run, uid, "", author, is_removed=True)

    def versions(self, run: str, uid: str) -> AnnotationVersions | None:
        """Return all that an annotation ever said, the newest first; None if there is none such."""
        query = select(schema.annotation).where(_note.rid == rid_of(run), _note.uid == uid)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(_note.version.desc())).all()
        if not rows:
            return None
        return AnnotationVersions(
            versions=[
                AnnotationVersion(
                    version=row.version,
                    text=row.text,
                    author=row.author,
                    saved_ns=row.saved_ns,
                    is_removed=row.is_removed,
                )
                for row in rows
            ]
        )

    def _put(
        self, run: str, uid: str, text: str, author: str, *, is_removed: bool
    ) -> Annotation | None:
        rid = rid_of(run)
        query = _newest([rid], removed=True).where(_note.uid == uid)
        with self._writing() as connection:
            found = connection.execute(query).first()
            if found is None:
                return None
            if (found.text, found.is_removed) != (text, is_removed):
                if found.version >= VERSIONS_MAX:
                    raise TooManyAnnotations
                connection.execute(
                    insert(schema.annotation).values(
                        rid=rid, uid=uid, version=found.version + 1, step=found.step,
                        time_ns=found.time_ns, text=text, author=author,
                        saved_ns=self._clock_ns(), is_removed=is_removed,
                    )
                )  # fmt: skip
                self._touch(connection, [rid])
            return _shown(connection.execute(query).one())

    def _check(
        self, connection: Connection, rids: Mapping[str, int], more: Mapping[int, int]
    ) -> None:
        """Refuse runs that are not there, or have no room for so many *more* annotations.

        Raises:
            NoSuchRun: One of the runs is not there, or deleted.
            TooManyAnnotations: One of the runs has no room for them.
        """
        there = select(_run.rid).where(_run.rid.in_(rids.values()), _run.deleted_ns.is_(None))
        missing = set(rids.values()) - set(connection.execute(there).scalars())
        for run, rid in rids.items():
            if rid in missing:
                raise NoSuchRun(run)
        counts = (
            select(_note.rid, func.count())
            .where(_note.rid.in_(rids.values()), _note.version == 1)
            .group_by(_note.rid)
        )
        held = {row[0]: row[1] for row in connection.execute(counts)}
        if any(held.get(rid, 0) + count > ANNOTATIONS_MAX for rid, count in more.items()):
            raise TooManyAnnotations

    def _touch(self, connection: Connection, rids: Sequence[int]) -> None:
        """Let the feed speak of these runs."""
        rev = self._raise_rev(connection)
        connection.execute(update(schema.run).where(_run.rid.in_(rids)).values(rev=rev))


def listed(connection: Connection, rid: int) -> list[Annotation]:
    """Return a run's annotations in the order in which they were made."""
    return [_shown(row) for row in newest_of(connection, [rid])]


def newest_of(connection: Connection, rids: Sequence[int]) -> Sequence[Row[Any]]:
    """Return of each annotation of some runs what it says now; those removed are left out."""
    return connection.execute(_newest(rids)).all()


def _newest(rids: Sequence[int], *, removed: bool = False) -> Select[Any]:
    newest = (
        select(
            _note.rid,
            _note.uid,
            func.max(_note.version).label("version"),
            func.min(_note.saved_ns).label("made_ns"),
        )
        .where(_note.rid.in_(rids))
        .group_by(_note.rid, _note.uid)
        .subquery()
    )
    query = (
        select(schema.annotation)
        .join(
            newest,
            and_(
                newest.c.rid == _note.rid,
                newest.c.uid == _note.uid,
                newest.c.version == _note.version,
            ),
        )
        .order_by(newest.c.made_ns, _note.uid)
    )
    return query if removed else query.where(_note.is_removed.is_(False))


def _shown(row: Row[Any]) -> Annotation:
    return Annotation(
        id=row.uid,
        step=row.step,
        time_ns=row.time_ns,
        text=row.text,
        author=row.author,
        version=row.version,
        saved_ns=row.saved_ns,
    )
