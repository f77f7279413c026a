"""Comments: what people say to each other about the blocks of a report."""

from __future__ import annotations

from typing import Annotated
from typing import Final

from msgspec import Meta

from mltrack_server.resources.base import Author
from mltrack_server.resources.base import Request
from mltrack_server.resources.base import Resource
from mltrack_server.resources.base import RunId
from mltrack_server.resources.dashboards import PartId

COMMENTS_MAX: Final = 1000  # of a report, removed ones included

CommentId = RunId
BlockId = PartId


class NewComment(Request, frozen=True, kw_only=True):
    """What somebody says about a block of a report."""

    block: BlockId
    text: Annotated[str, Meta(min_length=1, max_length=10_000, description="Markdown")]
    author: Author = ""


class CommentRemoval(Request, frozen=True, kw_only=True):
    """Who removes it: whoever wrote it."""

    author: Author = ""


class ThreadMark(Request, frozen=True, kw_only=True):
    """Whether what was said of a block is settled."""

    is_resolved: bool
    author: Author = ""


class Comment(Resource, frozen=True, kw_only=True):
    """What somebody said."""

    id: CommentId
    text: str  # "" once it was removed
    author: str
    made_ns: int
    removed_ns: int | None


class CommentThread(Resource, frozen=True, kw_only=True):
    """What was said about one block, in order."""

    block: str
    comments: list[Comment]
    is_resolved: bool
    marked_by: str  # who resolved it, or opened it again; "" while nobody has
    marked_ns: int | None


class CommentThreads(Resource, frozen=True, kw_only=True):
    """What was said about the blocks of a report, the one commented first in front."""

    threads: list[CommentThread]
