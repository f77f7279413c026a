"""Links by which a report is read without the server's token."""

from __future__ import annotations

from typing import Annotated
from typing import Final

from msgspec import Meta

from mltrack_core.limits import MIB
from mltrack_server.resources.base import Author
from mltrack_server.resources.base import Request
from mltrack_server.resources.base import Resource
from mltrack_server.resources.base import RunId

LINK_PAGE_BYTES_MAX: Final = 16 * MIB

LinkId = RunId


class LinkPageQuery(Request, frozen=True, kw_only=True):
    """Of what a page is, and who says so."""

    version: Annotated[int, Meta(ge=1, le=2**31 - 1)]  # of the report that the page shows
    author: Author = ""


class ReportLink(Resource, frozen=True, kw_only=True):
    """A link that is there. Its key is not: it was told once, and its hash is all that is kept."""

    id: LinkId
    version: int  # of the report that its page shows
    author: str
    made_ns: int
    saved_ns: int  # when its page was put there
    page_bytes: int


class ReportLinkList(Resource, frozen=True, kw_only=True):
    """The links of a report, the one made last first."""

    links: list[ReportLink]


class NewReportLink(Resource, frozen=True, kw_only=True):
    """A link that was just made, and what to hand on."""

    link: ReportLink
    url: str  # with the key in it; told this once


class SharedQuery(Request, frozen=True, kw_only=True):
    """What a link has after its question mark."""

    key: Annotated[str, Meta(max_length=64)]
