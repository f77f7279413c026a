"""The table of annotations; schema.py names it too."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger
from sqlalchemy import Boolean
from sqlalchemy import Integer
from sqlalchemy import Table

from mltrack_server.store.database.column import column as _column
from mltrack_server.store.database.column import metadata
from mltrack_server.store.database.column import rid as _rid
from mltrack_server.store.database.text import Text

annotation: Final = Table(
    "annotation",
    metadata,
    _rid(),
    _column("uid", Text, "The annotation's id, 32 hexadecimal digits", key=True),
    _column("version", Integer, "1, then one more with each change; the highest counts", key=True),
    _column("step", BigInteger, "Where in the training", optional=True),
    _column("time_ns", BigInteger, "When in the training", optional=True),
    _column("text", Text, "What it says; nothing where it was removed"),
    _column("author", Text, "Who wrote this version, by their own word"),
    _column("saved_ns", BigInteger, "By the server's clock"),
    _column("is_removed", Boolean, "It is shown no more"),
    comment="What people wrote at places of a run, every version of it",
)
