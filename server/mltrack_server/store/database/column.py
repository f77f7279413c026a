"""What the columns of all tables have in common."""

from __future__ import annotations

from typing import Any
from typing import Final

from sqlalchemy import BigInteger
from sqlalchemy import Column
from sqlalchemy import Integer
from sqlalchemy import MetaData
from sqlalchemy.types import TypeEngine

metadata: Final = MetaData()  # all tables of a store


def column(
    name: str,
    kind: type[TypeEngine[Any]],
    comment: str,
    *,
    key: bool = False,
    unique: bool = False,
    optional: bool = False,
) -> Column[Any]:
    """Return one column; it takes no nulls unless it is *optional*."""
    return Column(
        name,
        kind,
        primary_key=key,
        unique=unique or None,
        nullable=optional,
        autoincrement=False,
        comment=comment,
    )


def rid() -> Column[Any]:
    """Return the first key of whatever belongs to a run."""
    return column("rid", BigInteger, "The run", key=True)


def stream_no() -> Column[Any]:
    """Return the key of what belongs to a stream."""
    return column("stream_no", Integer, "The stream within the run", key=True)


def seq() -> Column[Any]:
    """Return the key of what belongs to a record."""
    return column("seq", BigInteger, "Of the record within its stream", key=True)
