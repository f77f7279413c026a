"""Errors on the wire: every one is an application/problem+json document (RFC 9457).

`type` is for programs, `detail` for people: what happened and what to do. Neither tells anything
of the server's insides: no stack, no path, no SQL.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

from mltrack_server.errors import QueryInvalid
from mltrack_server.resources import Problem

MEDIA = "application/problem+json"


class GapProblem(Problem, frozen=True, kw_only=True):
    """An ingest request that begins after what is stored: send again from *next_seq*."""

    next_seq: int


class QueryProblem(Problem, frozen=True, kw_only=True):
    """A filter, sort order or list of fields that is none, and where it goes wrong."""

    start: int  # character of the text, from 0
    end: int  # the character behind what is wrong; at least `start`
    expected: list[str]  # what could stand there instead
    nearest: str  # the key or word that was perhaps meant; "" where none is near
    reason: str  # what is wrong, for who has words of their own for it
    words: dict[str, str]  # what these words are about, by name


class Refusal(Exception):
    """A request is answered no.

    Args:
        status: HTTP status.
        kind: A word for programs, the last part of the problem's `type`.
        detail: A sentence for people: what is wrong and what to do.
        at: The part of the request that is wrong, e.g. "body.names[3]".
        headers: To be sent along.
        next_seq: Where an ingest request should have begun.
        query: What is wrong with the text of a query.
    """

    def __init__(
        self,
        status: HTTPStatus,
        kind: str,
        detail: str,
        *,
        at: str = "",
        headers: dict[str, str] | None = None,
        next_seq: int | None = None,
        query: QueryInvalid | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail, self.at = status, kind, detail, at
        self.headers = headers or {}
        self.next_seq, self.query = next_seq, query

    def answer(self, request_id: str) -> web.Response:
        """Return the response that says so."""
        kind: type[Problem] = Problem
        more: dict[str, Any] = {}
        if self.next_seq is not None:
            kind, more = GapProblem, {"next_seq": self.next_seq}
        if self.query is not None:
            kind = QueryProblem
            more = {
                "start": self.query.start,
                "end": self.query.end,
                "expected": list(self.query.expected),
                "nearest": self.query.nearest,
                "reason": self.query.reason.code,
                "words": self.query.reason.words,
            }
        problem = kind(
            type=f"urn:mltrack:{self.kind}",
            title=self.status.phrase,
            status=self.status.value,
            detail=self.detail,
            at=self.at,
            request=request_id,
            **more,
        )
        return web.Response(
            status=self.status.value,
            body=msgspec.json.encode(problem),
            content_type=MEDIA,
            headers=self.headers,
        )


def not_found(what: str) -> Refusal:
    """Return the answer for something that is not there."""
    return Refusal(HTTPStatus.NOT_FOUND, "not-found", f"There is no {what} here.")


def invalid(detail: str, at: str) -> Refusal:
    """Return the answer for a request that is understood and makes no sense."""
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, at=at)


def bad_query(error: QueryInvalid, at: str) -> Refusal:
    """Return the answer for a query that is none."""
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "query", error.detail, at=at, query=error)


def too_large(bytes_max: int) -> Refusal:
    """Return the answer for a body that is longer than *bytes_max*."""
    return Refusal(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too-large",
        f"This request takes at most {bytes_max} bytes, unpacked. Send it in smaller parts.",
    )


def busy(detail: str, retry_after_s: float = 1.0) -> Refusal:
    """Return the answer for a request that should come again a little later."""
    return Refusal(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "busy",
        detail,
        headers={"Retry-After": str(max(1, round(retry_after_s)))},
    )


def from_http(error: web.HTTPException) -> Refusal:
    """Return the answer for an error that aiohttp itself raised: 404, 405 and the like."""
    status = HTTPStatus(error.status)
    headers = {}
    detail = f"{status.description or status.phrase}."
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        headers["Allow"] = allowed
        detail = f"This address takes {allowed}, not {error.method}."
    elif isinstance(error, web.HTTPNotFound):
        detail = "There is nothing at this address. /api/v1/openapi.json lists what there is."
    return Refusal(status, status.phrase.lower().replace(" ", "-"), detail, headers=headers)
