"""The type of columns that hold text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

_ESCAPE: Final = "\ufdd0"  # Unicode keeps it free for uses like this one
_NUL: Final = _ESCAPE + "0"
_ITSELF: Final = _ESCAPE + "1"


class Text(sa.types.TypeDecorator[str]):
    """Any text, ordered by code points, on every database.

    PostgreSQL would order by a language's rules, and holds no NUL: there it is written as two
    other characters.
    """

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[str]:
        """Return the database's own type."""
        return sa.Text(collation="C") if _is_postgres(dialect) else sa.Text()

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """Return what a value goes through on its way to the database."""
        return _escaped if _is_postgres(dialect) else None

    def result_processor(self, dialect: Dialect, _coltype: object) -> Callable[[Any], Any] | None:
        """Return what a value goes through on its way back."""
        return _unescaped if _is_postgres(dialect) else None


def _is_postgres(dialect: Dialect) -> bool:
    return dialect.name == "postgresql"


def _escaped(text: str | None) -> str | None:
    """Return *text* without NUL."""
    if text is None or ("\0" not in text and _ESCAPE not in text):
        return text
    return text.replace(_ESCAPE, _ITSELF).replace("\0", _NUL)


def _unescaped(text: str | None) -> str | None:
    """Return what `_escaped` was given."""
    if text is None or _ESCAPE not in text:
        return text
    return text.replace(_NUL, "\0").replace(_ITSELF, _ESCAPE)
