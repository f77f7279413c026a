"""The tables of files that runs wrote and read; schema.py names these too."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger
from sqlalchemy import Index
from sqlalchemy import Integer
from sqlalchemy import LargeBinary
from sqlalchemy import Table

from mltrack_server.store.database.column import column as _column
from mltrack_server.store.database.column import metadata
from mltrack_server.store.database.column import rid as _rid
from mltrack_server.store.database.column import seq as _seq
from mltrack_server.store.database.column import stream_no as _stream_no
from mltrack_server.store.database.text import Text

file: Final = Table(
    "file",
    metadata,
    _rid(),
    _stream_no(),
    _seq(),
    _column("uid", Text, "The file's id, 32 hexadecimal digits"),
    _column("time_ns", BigInteger, "By the writer's clock"),
    _column("use", Text, "output or input"),
    _column("name", Text, "What it is called in the run"),
    _column("body", LargeBinary, "The File record, msgpack"),
    Index("file_by_uid", "rid", "uid"),
    comment="Files and folders that the run wrote or read, as its process saw them",
)

digest: Final = Table(
    "digest",
    metadata,
    _rid(),
    _stream_no(),
    _seq(),
    _column("no", Integer, "Of the file within the record", key=True),
    _column("about", Text, "Id of the checkpoint or file"),
    _column("sha256", Text, "64 hexadecimal digits"),
    Index("digest_by_sha256", "sha256"),
    comment="Which bytes checkpoints and files are: the first 1000 files of each, empty ones not",
)
