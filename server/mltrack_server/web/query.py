"""What there is to search for: keys, values, completions, groups."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from msgspec import Meta

from mltrack_server.errors import QueryInvalid
from mltrack_server.resources import Completion
from mltrack_server.resources import GroupQuery
from mltrack_server.resources import KeyIndex
from mltrack_server.resources import Request
from mltrack_server.resources import RunGroups
from mltrack_server.resources import ValueIndex
from mltrack_server.web.problems import bad_query
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

routes = Routes()

Limit = Annotated[int, Meta(ge=1, le=1000)]
Text = Annotated[str, Meta(max_length=1024)]


class KeysQuery(Request, frozen=True, kw_only=True):
    """Which keys: those that contain `match`, in capitals or not."""

    project: Text | None = None
    match: Text = ""
    limit: Limit = 100


class ValuesQuery(Request, frozen=True, kw_only=True):
    """Which values of which key."""

    key: Annotated[str, Meta(min_length=1, max_length=10_000)]
    project: Text | None = None
    match: Text = ""
    limit: Limit = 100


class CompleteQuery(Request, frozen=True, kw_only=True):
    """A query as far as it has been typed, and where."""

    q: Annotated[str, Meta(max_length=10_000)] = ""
    at: Annotated[int, Meta(ge=0, le=10_000)] | None = None  # character; None: at the end
    project: Text | None = None
    limit: Limit = 20


@routes.get("/api/v1/query/keys", access="read")
async def index(services: Services, query: KeysQuery) -> KeyIndex:
    """Return the keys that runs have, to filter, sort and group by, or to show as columns."""
    return await asyncio.to_thread(
        services.store.keys, project=query.project, match=query.match, limit=query.limit
    )


@routes.get("/api/v1/query/values", access="read")
async def values(services: Services, query: ValuesQuery) -> ValueIndex:
    """Return the values of one key, the most frequent first."""
    with pointing("query", query):
        return await asyncio.to_thread(
            services.store.values,
            project=query.project,
            key=query.key,
            match=query.match,
            limit=query.limit,
        )


@routes.get("/api/v1/query/complete", access="read")
async def complete(services: Services, query: CompleteQuery) -> Completion:
    """Return what could be written next in a query that is being typed; no text is an error."""
    return await asyncio.to_thread(
        services.store.complete,
        project=query.project,
        q=query.q,
        at=query.at,
        limit=query.limit,
    )


@routes.post("/api/v1/query/groups", access="read")
async def groups(services: Services, body: GroupQuery) -> RunGroups:
    """Return runs grouped by some keys, with count, mean and deviation of numbers of each group."""
    with pointing("body", body):
        return await asyncio.to_thread(services.store.grouped, body)


@contextmanager
def pointing(at: str, asked: Request) -> Iterator[None]:
    """Answer a text that is no query with where in *asked* it goes wrong.

    Raises:
        Refusal: There is such a text.
    """
    try:
        yield
    except QueryInvalid as error:
        wrong = next(
            name for name in asked.__struct_fields__ if getattr(asked, name) == error.query
        )
        raise bad_query(error, f"{at}.{wrong}") from error
