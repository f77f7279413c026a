"""Files that runs wrote and read, and which bytes these and checkpoints are."""

from collections.abc import Iterator
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

from mltrack_server.store.database.text import Text

revision = "0013"
down_revision = "0012"

_DIGESTS_MAX = 1000  # of one record
_ROWS_AT_ONCE = 500


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "file",
        sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("stream_no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("uid", Text, nullable=False),
        sa.Column("time_ns", sa.BigInteger, nullable=False),
        sa.Column("use", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Index("file_by_uid", "rid", "uid"),
    )
    digest = op.create_table(
        "digest",
        sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("stream_no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("about", Text, nullable=False),
        sa.Column("sha256", Text, nullable=False),
        sa.Index("digest_by_sha256", "sha256"),
    )
    # Checkpoints of before: a run that reads one of them from now on is shown beside it.
    connection = op.get_bind()
    for row in _artifacts(connection):
        files = [
            (no, sha256)
            for no, (_path, size, sha256, *_) in enumerate(msgspec.msgpack.decode(row.body)[2])
            if size
        ]
        if files:
            key = {"rid": row.rid, "stream_no": row.stream_no, "seq": row.seq, "about": row.about}
            rows = [key | {"no": no, "sha256": sha256} for no, sha256 in files[:_DIGESTS_MAX]]
            connection.execute(sa.insert(digest), rows)


def _artifacts(connection: sa.Connection) -> Iterator[sa.Row[Any]]:
    """Yield all artifacts, not many at a time: each may have ten thousand files."""
    names = ("rid", "stream_no", "seq", "about", "body")
    artifact = sa.table("artifact", *map(sa.column, names))
    keys = (artifact.c.rid, artifact.c.stream_no, artifact.c.seq)
    after: tuple[Any, ...] | None = None
    while True:
        query = sa.select(artifact).order_by(*keys).limit(_ROWS_AT_ONCE)
        if after is not None:
            query = query.where(sa.tuple_(*keys) > sa.tuple_(*after))
        rows = connection.execute(query).all()
        yield from rows
        if len(rows) < _ROWS_AT_ONCE:
            return
        after = (rows[-1].rid, rows[-1].stream_no, rows[-1].seq)
