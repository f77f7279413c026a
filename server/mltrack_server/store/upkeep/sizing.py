"""Sizing: what each project takes of a store."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

import msgspec
from sqlalchemy import Connection
from sqlalchemy import func
from sqlalchemy import select
from sqlalchemy import text

from mltrack_core import records
from mltrack_server.resources import ProjectSize
from mltrack_server.resources import SizeList
from mltrack_server.store import schema
from mltrack_server.store.blobs import BlobStore

_run, _artifact, _file = schema.run.c, schema.artifact.c, schema.media_file.c
_POINTS: Final = (schema.chunk, schema.axis, schema.tier, schema.remnant, schema.seg)
_decode: Final = msgspec.msgpack.Decoder(records.Artifact).decode


def measure(connection: Connection, blobs: BlobStore) -> SizeList:
    """Return what each project takes, the largest first, and what the store takes in all."""
    rows = connection.execute(
        select(
            _run.project,
            func.count().label("runs"),
            func.sum(_run.records).label("records"),
            func.count(_run.deleted_ns).label("deleted"),
        ).group_by(_run.project)
    ).all()
    counts = (
        select(_run.project, func.sum(schema.series.c.points).label("points"))
        .join(schema.series, schema.series.c.rid == _run.rid)
        .group_by(_run.project)
    )
    points = {row.project: int(row.points) for row in connection.execute(counts)}
    point_bytes, other_bytes = _bodies(connection)
    named = _named(connection)
    holders: dict[str, int] = defaultdict(int)
    for digests in named.values():
        for digest in digests:
            holders[digest] += 1
    sizes = {digest: blobs.size(digest) for digest in holders}
    projects = [
        ProjectSize(
            project=row.project,
            runs=row.runs,
            deleted=row.deleted,
            records=int(row.records),  # PostgreSQL makes decimals of sums
            points=points.get(row.project, 0),
            point_bytes=point_bytes[row.project],
            other_bytes=other_bytes[row.project],
            blob_bytes=sum(sizes[digest] for digest in named[row.project]),
            own_blob_bytes=sum(
                sizes[digest] for digest in named[row.project] if holders[digest] == 1
            ),
        )
        for row in rows
    ]
    projects.sort(key=lambda each: -(each.point_bytes + each.other_bytes + each.own_blob_bytes))
    total, free = _database(connection)
    return SizeList(
        projects=projects,
        database_bytes=total,
        free_bytes=free,
        blob_bytes=sum(sizes.values()),
    )


def _bodies(connection: Connection) -> tuple[dict[str, int], dict[str, int]]:
    """Return project → bytes of its points' bodies, and of all others."""
    point_bytes: dict[str, int] = defaultdict(int)
    other_bytes: dict[str, int] = defaultdict(int)
    for table in schema.metadata.sorted_tables:
        if table is schema.run or "rid" not in table.columns or "body" not in table.columns:
            continue
        # SQLite tells the length of a long body without reading it.
        found = connection.execute(
            select(_run.project, func.sum(func.length(table.c.body)))
            .join(table, table.c.rid == _run.rid)
            .group_by(_run.project)
        )
        target = point_bytes if table in _POINTS else other_bytes
        for project, size in found:
            target[project] += int(size or 0)
    return point_bytes, other_bytes


def _named(connection: Connection) -> dict[str, set[str]]:
    """Return project → the blobs that its runs name."""
    found: dict[str, set[str]] = defaultdict(set)
    for project, body in connection.execute(
        select(_run.project, _artifact.body)
        .join(schema.artifact, _artifact.rid == _run.rid)
        .where(_artifact.removed_ns.is_(None))
    ):
        for file in _decode(body).files:
            found[project].update(file.chunks)
    for project, digest in connection.execute(
        select(_run.project, _file.digest)
        .join(schema.media_file, _file.rid == _run.rid)
        .where(_file.data.is_(None))
    ):
        found[project].add(digest)
    return found


def _database(connection: Connection) -> tuple[int, int]:
    """Return the bytes of the database, and those in it that `mltrack compact` gives back."""
    if connection.dialect.name != "sqlite":
        return database_bytes(connection), 0
    page, count, free = (
        int(connection.execute(text(f"PRAGMA {name}")).scalar_one())
        for name in ("page_size", "page_count", "freelist_count")
    )
    return page * count, page * free


def database_bytes(connection: Connection) -> int:
    """Return the bytes of the database, holes in it included."""
    if connection.dialect.name != "sqlite":
        here = func.pg_database_size(func.current_database())
        return int(connection.execute(select(here)).scalar_one())
    return _database(connection)[0]
