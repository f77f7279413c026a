"""The tables that belong to no run: the store itself, projects, and what people say of these.

schema.py has those of runs, and names these too.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger
from sqlalchemy import Boolean
from sqlalchemy import Index
from sqlalchemy import Integer
from sqlalchemy import LargeBinary
from sqlalchemy import Table

from mltrack_server.store.database.column import column as _column
from mltrack_server.store.database.column import metadata
from mltrack_server.store.database.text import Text

revision: Final = Table(
    "revision",
    metadata,
    _column("no", Integer, "Always 1", key=True),
    _column("rev", BigInteger, "Of the last commit that changed a run"),
    _column("history", Text, "Random; another one once a backup was restored"),
    comment="One row: the store's revision",
)

project: Final = Table(
    "project",
    metadata,
    _column("name", Text, "As users wrote it", key=True),
    _column("created_ns", BigInteger, "When the server first heard of it"),
    comment="Projects",
)

rule: Final = Table(
    "rule",
    metadata,
    _column("project", Text, "Its name; it need not have runs yet", key=True),
    _column("version", Integer, "1, 2, 3 …; the highest one counts", key=True),
    _column("set_ns", BigInteger, "By the server's clock"),
    _column("body", Text, "JSON object: what the rules are; see store/rules.py"),
    comment="What people want of a project's runs, every version of it",
)

dashboard: Final = Table(
    "dashboard",
    metadata,
    _column("uid", Text, "Its id, 32 hexadecimal digits", key=True),
    _column("project", Text, "Its project's name"),
    _column("kind", Text, "dashboard or report"),
    _column("name", Text, "What people call it; not unique"),
    _column("owner", Text, "Whose it is, by their own word; empty: the project's"),
    _column("version", Integer, "The newest"),
    _column("panels", Integer, "Of the newest version"),
    _column("created_ns", BigInteger, "By the server's clock"),
    _column("deleted_ns", BigInteger, "When it was deleted; lists leave it out", optional=True),
    Index("dashboard_by_project", "project"),
    comment="Dashboards that people made, and reports",
)

dashboard_version: Final = Table(
    "dashboard_version",
    metadata,
    _column("uid", Text, "Of the dashboard", key=True),
    _column("version", Integer, "1, 2, 3 …", key=True),
    _column("name", Text, "What people called it then"),
    _column("author", Text, "Who saved it, by their own word"),
    _column("saved_ns", BigInteger, "By the server's clock"),
    _column("body", Text, "The document, JSON; see docs/format/dashboard.md"),
    comment="The newest versions of each dashboard",
)

wall: Final = Table(
    "wall",
    metadata,
    _column("project", Text, "Its name", key=True),
    _column("version", Integer, "1, 2, 3 …; the highest one counts", key=True),
    _column("author", Text, "Who saved it, by their own word"),
    _column("saved_ns", BigInteger, "By the server's clock"),
    _column("body", Text, "JSON object: orders and sizes; see resources/walls.py"),
    comment="How people have arranged the charts of a project, the newest versions of it",
)

report_link: Final = Table(
    "report_link",
    metadata,
    _column("uid", Text, "Its id, 32 hexadecimal digits", key=True),
    _column("report", Text, "The dashboard's uid"),
    _column("key_sha256", Text, "Of the key in its address, which is not stored", unique=True),
    _column("version", Integer, "Of the report that its page shows"),
    _column("author", Text, "Who made it or put the page there, by their own word"),
    _column("made_ns", BigInteger, "By the server's clock"),
    _column("saved_ns", BigInteger, "When its page was put there"),
    _column("page_bytes", Integer, "Of the page, unpacked"),
    _column("page", LargeBinary, "One HTML document, gzip"),
    Index("report_link_by_report", "report"),
    comment="Links by which a report is read without the token; see docs/decisions/0011",
)

report_comment: Final = Table(
    "report_comment",
    metadata,
    _column("uid", Text, "Its id, 32 hexadecimal digits", key=True),
    _column("report", Text, "The dashboard's uid"),
    _column("no", Integer, "1, 2, 3 … of the report, in the order of their making"),
    _column("block", Text, "Id of the panel that it is about"),
    _column("author", Text, "Who wrote it, by their own word"),
    _column("text", Text, "Markdown; empty once it was removed"),
    _column("made_ns", BigInteger, "By the server's clock"),
    _column("removed_ns", BigInteger, "When its author removed it", optional=True),
    Index("report_comment_by_report", "report", "no", unique=True),
    comment="What people say about the blocks of reports",
)

report_thread: Final = Table(
    "report_thread",
    metadata,
    _column("report", Text, "The dashboard's uid", key=True),
    _column("block", Text, "Id of the panel", key=True),
    _column("is_resolved", Boolean, "What was said of it is settled"),
    _column("author", Text, "Who said so last, by their own word"),
    _column("marked_ns", BigInteger, "By the server's clock"),
    comment="Which blocks' comments are settled; without a row: not",
)
