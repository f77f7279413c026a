"""Comments on the blocks of reports, kept beside their documents.

A document is frozen and has versions; what people say of it has neither. A thread belongs to a
block by its id, so it goes along when the block is moved or changed, and stays when it is removed:
an earlier version may bring it back.
"""

from __future__ import annotations

import os
from typing import Any
from typing import Final
from typing import Literal

from sqlalchemy import Connection
from sqlalchemy import Row
from sqlalchemy import delete
from sqlalchemy import func
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import update

from mltrack_server.resources import COMMENTS_MAX
from mltrack_server.resources import Comment
from mltrack_server.resources import CommentThread
from mltrack_server.resources import CommentThreads
from mltrack_server.resources import NewComment
from mltrack_server.resources import ThreadMark
from mltrack_server.store import schema
from mltrack_server.store.dashboards import newest_document
from mltrack_server.store.database.part import Part

_comment, _thread = schema.report_comment.c, schema.report_thread.c
_BY_ORDER: Final = select(schema.report_comment).order_by(_comment.no)


class CommentRefused(Exception):
    """What was asked is not done; nothing has changed.

    Args:
        kind: "missing": something is not there · "conflict": it is another person's · "full": there
            is no room.
        reason: Why, in plain words.
    """

    def __init__(self, kind: Literal["missing", "conflict", "full"], reason: str) -> None:
        super().__init__(reason)
        self.kind, self.reason = kind, reason


class Comments(Part):
    """Reads and writes comments on reports. Thread-safe."""

    def threads(self, report: str) -> CommentThreads | None:
        """Return what was said of a report's blocks; None if there is no such report."""
        with self._reading() as connection:
            found = newest_document(connection, report)
            if found is None or found.kind != "report":
                return None
            return CommentThreads(threads=_threads(connection, report))

    def add(self, report: str, new: NewComment) -> CommentThread:
        """Store a comment, by which a settled thread is open again; return its thread.

        Raises:
            CommentRefused: There is no such block in the report, or no room.
            StoreFull: No write is possible for now; nothing has changed.
        """
        with self._writing() as connection:
            blocks = _blocks(connection, report)
            if new.block not in blocks:
                raise CommentRefused("missing", f"The report has no block {new.block!r}.")
            last = select(func.coalesce(func.max(_comment.no), 0)).where(_comment.report == report)
            number: int = connection.execute(last).scalar_one() + 1
            if number > COMMENTS_MAX:
                raise CommentRefused("full", f"A report has at most {COMMENTS_MAX:,} comments.")
            now_ns = self._clock_ns()
            connection.execute(
                insert(schema.report_comment).values(
                    uid=os.urandom(16).hex(), report=report, no=number, block=new.block,
                    author=new.author, text=new.text, made_ns=now_ns,
                )
            )  # fmt: skip
            thread = _one(connection, report, new.block)
            if thread.is_resolved:
                mark = ThreadMark(is_resolved=False, author=new.author)
                _mark(connection, report, new.block, mark, now_ns)
            return _one(connection, report, new.block)

    def remove(self, report: str, comment: str, author: str) -> CommentThread:
        """Remove what a comment says; that there was one is still told. Again changes nothing.

        Raises:
            CommentRefused: There is no such comment, or *author* did not write it.
            StoreFull: No write is possible for now; nothing has changed.
        """
        with self._writing() as connection:
            _blocks(connection, report)
            here = (_comment.report == report, _comment.uid == comment)
            row = connection.execute(select(schema.report_comment).where(*here)).first()
            if row is None:
                raise CommentRefused("missing", "The report has no such comment.")
            if row.author != author:
                who = row.author or "somebody without a name"
                raise CommentRefused("conflict", f"{who} wrote it; only its author removes it.")
            if row.removed_ns is None:
                connection.execute(
                    update(schema.report_comment)
                    .where(*here)
                    .values(text="", removed_ns=self._clock_ns())
                )
            return _one(connection, report, row.block)

    def mark(self, report: str, block: str, mark: ThreadMark) -> CommentThread:
        """Say that what was said of a block is settled, or that it is not. Again changes nothing.

        Raises:
            CommentRefused: Nothing was said of it.
            StoreFull: No write is possible for now; nothing has changed.
        """
        with self._writing() as connection:
            _blocks(connection, report)
            thread = _one(connection, report, block)
            if not thread.comments:
                raise CommentRefused("missing", f"Nobody has commented on block {block!r}.")
            if thread.is_resolved == mark.is_resolved:
                return thread
            _mark(connection, report, block, mark, self._clock_ns())
            return _one(connection, report, block)


def _blocks(connection: Connection, report: str) -> set[str]:
    """Return the ids of a report's blocks.

    Raises:
        CommentRefused: There is no such report, or it was deleted.
    """
    found = newest_document(connection, report)
    if found is None or found.kind != "report" or found.is_deleted:
        raise CommentRefused("missing", "There is no such report here.")
    return {panel.id for tab in found.document.tabs for panel in tab.panels}


def _mark(connection: Connection, report: str, block: str, mark: ThreadMark, now_ns: int) -> None:
    """Write down whether a thread is settled."""
    connection.execute(
        delete(schema.report_thread).where(_thread.report == report, _thread.block == block)
    )
    connection.execute(
        insert(schema.report_thread).values(
            report=report, block=block, is_resolved=mark.is_resolved, author=mark.author,
            marked_ns=now_ns,
        )
    )  # fmt: skip


def _one(connection: Connection, report: str, block: str) -> CommentThread:
    """Return a block's thread; an empty one where nothing was said."""
    found = [each for each in _threads(connection, report) if each.block == block]
    empty = CommentThread(block=block, comments=[], is_resolved=False, marked_by="", marked_ns=None)
    return found[0] if found else empty


def _threads(connection: Connection, report: str) -> list[CommentThread]:
    marks = {
        row.block: row
        for row in connection.execute(select(schema.report_thread).where(_thread.report == report))
    }
    comments: dict[str, list[Comment]] = {}
    for row in connection.execute(_BY_ORDER.where(_comment.report == report)):
        comments.setdefault(row.block, []).append(_shown(row))
    return [_thread_of(block, said, marks.get(block)) for block, said in comments.items()]


def _thread_of(block: str, comments: list[Comment], mark: Row[Any] | None) -> CommentThread:
    return CommentThread(
        block=block,
        comments=comments,
        is_resolved=mark is not None and mark.is_resolved,
        marked_by="" if mark is None else mark.author,
        marked_ns=None if mark is None else mark.marked_ns,
    )


def _shown(row: Row[Any]) -> Comment:
    return Comment(
        id=row.uid,
        text=row.text,
        author=row.author,
        made_ns=row.made_ns,
        removed_ns=row.removed_ns,
    )
