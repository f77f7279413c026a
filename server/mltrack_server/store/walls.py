"""Walls in the store: each with its versions, and nobody's changes lost to another's."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Connection
from sqlalchemy import delete
from sqlalchemy import insert
from sqlalchemy import select

from mltrack_server.resources import Wall
from mltrack_server.resources import WallLayout
from mltrack_server.resources import WallSave
from mltrack_server.store import schema
from mltrack_server.store.database.part import Part

VERSIONS_KEPT: Final = 200  # of each; older ones are removed
UNARRANGED: Final = WallLayout(sections=[], cards=[], sizes={})

_wall: Final = schema.wall.c
_decode: Final = msgspec.json.Decoder(WallLayout).decode


class ArrangedMeanwhile(Exception):
    """Another version was saved since the one that was changed; nothing is written.

    Args:
        newest: What there is now.
    """

    def __init__(self, newest: Wall) -> None:
        super().__init__(f"version {newest.version} was saved meanwhile")
        self.newest = newest


class Walls(Part):
    """Reads and writes walls. Thread-safe."""

    def one(self, project: str, version: int | None = None) -> Wall | None:
        """Return a version of a project's wall, the newest where none is named.

        Of what nobody has arranged it is version 0, which arranges nothing; None if there is no
        such version, or it is too old to be kept.
        """
        with self._reading() as connection:
            return _read(connection, project, version)

    def save(self, change: WallSave) -> Wall | None:
        """Store a wall's next version; None if there is no such project.

        What is there already is not stored again, so a request may be repeated.

        Raises:
            ArrangedMeanwhile: Its newest version is not the one that was changed.
            StoreFull: No write is possible for now; nothing has changed.
        """
        project = schema.project.c.name
        with self._writing() as connection:
            if connection.execute(select(project).where(project == change.project)).first() is None:
                return None
            newest = _read(connection, change.project, None)
            assert newest is not None, "there is always one, if only of nothing"
            if newest.layout == change.layout:
                return newest
            if newest.version != change.version:
                raise ArrangedMeanwhile(newest)
            version = change.version + 1
            connection.execute(
                insert(schema.wall).values(
                    project=change.project,
                    version=version,
                    author=change.author,
                    saved_ns=self._clock_ns(),
                    body=msgspec.json.encode(change.layout).decode(),
                )
            )
            connection.execute(
                delete(schema.wall).where(
                    _wall.project == change.project, _wall.version <= version - VERSIONS_KEPT
                )
            )
            return _read(connection, change.project, version)


def _read(connection: Connection, project: str, version: int | None) -> Wall | None:
    query = select(schema.wall).where(_wall.project == project)
    if version is not None:
        query = query.where(_wall.version == version)
    row = connection.execute(query.order_by(_wall.version.desc()).limit(1)).first()
    if row is None:
        return None if version else _unarranged(project)
    return Wall(
        project=project,
        version=row.version,
        author=row.author,
        saved_ns=row.saved_ns,
        layout=_decode(row.body),
    )


def _unarranged(project: str) -> Wall:
    return Wall(project=project, version=0, author="", saved_ns=None, layout=UNARRANGED)
