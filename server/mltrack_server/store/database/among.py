"""Conditions that many integers meet, all of them one parameter.

SQL is the same however many there are. A parameter for each would be written into the statement
anew whenever it is used, which takes longer than a chart's rows.
"""

from __future__ import annotations

from typing import Any
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_encode: Final = msgspec.json.Encoder().encode


class _Integers(sa.types.TypeDecorator[list[int]]):
    """Integers as one parameter: an array, or JSON where there are none."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        """Return the database's own type."""
        return sa.ARRAY(sa.BigInteger) if dialect.name == "postgresql" else sa.Text()

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Return what the driver takes."""
        return list(value) if dialect.name == "postgresql" else _encode(list(value)).decode()


class _Among(FunctionElement[bool]):
    """The condition, of a column and a parameter."""

    name = "among"
    type = sa.Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> _Among:
        """Return the condition as it is: SQLite would compare it with 1, and use no index."""
        return self


def among(column: sa.ColumnElement[int], parameter: str) -> sa.ColumnElement[bool]:
    """Return the condition that *column* is one of the integers given as *parameter*."""
    return _Among(column, sa.bindparam(parameter, type_=_Integers()))


@compiles(_Among, "sqlite")
def _in_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - no values


@compiles(_Among, "postgresql")
def _in_array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY ({values})"
