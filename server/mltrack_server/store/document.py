"""Writes docs/format/store.md: `python -m mltrack_server.store.document > docs/format/store.md`."""

from __future__ import annotations

import sys

from sqlalchemy import Table

from mltrack_server.store import schema

_HEAD = """# The store

Generated from `mltrack_server/store/schema.py` by `python -m mltrack_server.store.document`; a test
compares the two. Alembic keeps the schema's version in the table `mltrack_version`.

A run's records arrive as frames. What they say of the run is projected into tables at once, in the
transaction that raises the stream's `next_seq`: that number is the acknowledgement, and the only
cursor there is. Batches that hold points also stay as they came, in `seg`, until a background fold
moves the points into `chunk` and `axis`, and what full chunks amount to into `tier`. A read merges
all of them.
"""


def describe() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *(_describe(table) for table in schema.metadata.tables.values())])


def _describe(table: Table) -> str:
    """Return one table's section."""
    lines = [
        f"## {table.name}",
        "",
        f"{table.comment}.",
        "",
        "| column | type | |",
        "|---|---|---|",
    ]
    for column in table.columns:
        kind = type(column.type).__name__
        marks = [kind]
        if column.primary_key:
            marks.append("key")
        if column.unique:
            marks.append("unique")
        if column.nullable:
            marks.append("optional")
        lines.append(f"| `{column.name}` | {', '.join(marks)} | {column.comment} |")
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        columns = ", ".join(f"`{column.name}`" for column in index.columns)
        unique = "unique index" if index.unique else "index"
        lines += ["", f"{unique.capitalize()} `{index.name}` on {columns}."]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.stdout.write(describe())
