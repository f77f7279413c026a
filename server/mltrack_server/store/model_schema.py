"""The tables of the model registry. schema.py has those of runs, and names these too.

None has a `rid`: what people say of a model outlives the records of a run.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger
from sqlalchemy import Index
from sqlalchemy import Integer
from sqlalchemy import Table

from mltrack_server.store.database.column import column as _column
from mltrack_server.store.database.column import metadata
from mltrack_server.store.database.text import Text

model: Final = Table(
    "model",
    metadata,
    _column("uid", Text, "Its id, 32 hexadecimal digits", key=True),
    _column("project", Text, "Its project's name"),
    _column("name", Text, "What people call it, once in a project"),
    _column("versions", Integer, "Number of the newest version, deleted or not"),
    _column("card", Integer, "Number of its card's newest version; 0: it has none"),
    _column("created_ns", BigInteger, "By the server's clock"),
    _column("changed_ns", BigInteger, "When anything of it changed last"),
    _column("deleted_ns", BigInteger, "When it was deleted; lists leave it out", optional=True),
    Index("model_by_name", "project", "name", unique=True),
    comment="Models of the registry",
)

model_rename: Final = Table(
    "model_rename",
    metadata,
    _column("uid", Text, "Of the model", key=True),
    _column("no", Integer, "1, 2, 3 … in the order of the renamings", key=True),
    _column("project", Text, "Of the model"),
    _column("name_before", Text, "What it was called until then"),
    _column("name", Text, "What it was called from then on"),
    _column("author", Text, "Who renamed it, by their own word"),
    _column("renamed_ns", BigInteger, "By the server's clock"),
    Index("model_rename_by_name", "project", "name_before"),
    comment="Names that models had before: each leads to its model until another one takes it",
)

model_version: Final = Table(
    "model_version",
    metadata,
    _column("uid", Text, "Of the model", key=True),
    _column("version", Integer, "1, 2, 3 …; no number is given twice", key=True),
    _column("run", Text, "Id of the run that made it"),
    _column("checkpoint", Text, "Id of the run's checkpoint"),
    _column("step", BigInteger, "Of the checkpoint"),
    _column("bytes", BigInteger, "Of the checkpoint's files"),
    _column("note", Text, "What whoever registered it says of it"),
    _column("author", Text, "Who registered it, by their own word"),
    _column("registered_ns", BigInteger, "By the server's clock"),
    _column("deleted_ns", BigInteger, "When it was deleted; it can be restored", optional=True),
    Index("model_version_by_run", "run"),
    comment="Versions of models: a checkpoint each, which stays while its version does",
)

model_alias: Final = Table(
    "model_alias",
    metadata,
    _column("uid", Text, "Of the model", key=True),
    _column("alias", Text, "E.g. champion", key=True),
    _column("version", Integer, "That it points at"),
    _column("author", Text, "Who pointed it there, by their own word"),
    _column("moved_ns", BigInteger, "By the server's clock"),
    comment="Names that point at one version of a model at a time",
)

model_move: Final = Table(
    "model_move",
    metadata,
    _column("uid", Text, "Of the model", key=True),
    _column("no", Integer, "1, 2, 3 … in the order of the moves", key=True),
    _column("alias", Text, "Which one was moved"),
    _column("version_before", Integer, "Where it pointed; null: it was not there", optional=True),
    _column("version", Integer, "Where it points since; null: it was removed", optional=True),
    _column("author", Text, "Who moved it, by their own word"),
    _column("why", Text, "By their own word, too"),
    _column("moved_ns", BigInteger, "By the server's clock"),
    comment="Every move of every alias",
)

model_card: Final = Table(
    "model_card",
    metadata,
    _column("uid", Text, "Of the model", key=True),
    _column("version", Integer, "1, 2, 3 …", key=True),
    _column("author", Text, "Who saved it, by their own word"),
    _column("saved_ns", BigInteger, "By the server's clock"),
    _column("body", Text, "Markdown"),
    comment="The newest versions of each model's card",
)
