"""Endpoints: a declared route at work, from the request to the answer."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any
from typing import Final

import msgspec
from aiohttp import web

from mltrack_server.web import body
from mltrack_server.web.guard import check_access
from mltrack_server.web.packing import pack
from mltrack_server.web.problems import Refusal
from mltrack_server.web.problems import invalid
from mltrack_server.web.problems import too_large
from mltrack_server.web.routes import JSON
from mltrack_server.web.routes import Route
from mltrack_server.web.services import SERVICES

# Unpacking and checking more than this is left to a thread: the loop serves others meanwhile.
INLINE_BYTES_MAX: Final = 64 * 1024

_AT: Final = re.compile(r"(?P<what>.*) - at `\$?(?P<where>.*)`", re.DOTALL)


class Endpoint:
    """Serves one route: authorises, reads, validates, calls the handler, encodes its answer."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self._takes = frozenset(inspect.signature(route.handler).parameters)
        is_struct = route.body is not None and route.body is not bytes
        self._decode = msgspec.json.Decoder(route.body).decode if is_struct else None
        self._allowed = frozenset(route.query.__struct_fields__) if route.query else frozenset()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer *request*.

        Raises:
            Refusal: The request cannot be served as it is.
        """
        route = self.route
        services = request.app[SERVICES]
        check_access(request, services, route.access)
        given: dict[str, Any] = {
            name: _convert(request.match_info[name], kind, f"path.{name}")
            for name, kind in route.parts.items()
        }
        given["query"] = self._query(request)
        given["services"], given["request"] = services, request
        with ExitStack() as stack:
            if route.body is not None:
                stack.enter_context(services.bodies.hold(self._announced_bytes(request)))
                given["body"] = await self._body(request)
                if route.body is bytes:  # it may have been packed
                    stack.enter_context(services.bodies.hold(len(given["body"])))
            answer = await route.handler(**{name: given[name] for name in self._takes})
        if answer is None:
            return web.Response(status=HTTPStatus.NO_CONTENT)
        if isinstance(answer, bytes):
            return web.Response(body=answer, status=route.status, content_type=route.gives[0])
        if not isinstance(answer, web.StreamResponse):
            body = msgspec.json.encode(answer)
            answer = web.Response(body=body, status=route.status, content_type=JSON)
        if isinstance(answer, web.Response):
            await pack(route, request, answer)
        return answer

    def _announced_bytes(self, request: web.Request) -> int:
        """Return how long the request's body says it is, or may be if it does not say."""
        bytes_max = self.route.body_bytes_max
        length = request.content_length
        if length is not None and length > bytes_max:
            raise too_large(bytes_max)
        return bytes_max if length is None else length

    def _query(self, request: web.Request) -> msgspec.Struct | None:
        """Return the query string as the route declares it."""
        if self.route.query is None:
            return None  # pages and plain resources ignore what a link tracker may add
        values: dict[str, str] = {}
        for name, value in request.query.items():
            if name not in self._allowed:
                raise invalid(f"There is no parameter {name[:80]!r} here.", "query")
            if name in values:
                raise invalid(f"The parameter {name!r} is given twice.", f"query.{name}")
            values[name] = value
        query: msgspec.Struct = _convert(values, self.route.query, "query")
        return query

    async def _body(self, request: web.Request) -> Any:
        """Return the request's body as the route declares it."""
        data = await body.read(request, self.route.body_bytes_max)
        encoding = request.headers.get("Content-Encoding", "").lower()
        if self._decode is None:
            return await in_thread_if(
                len(data) > INLINE_BYTES_MAX or encoding != "",
                body.unpack, data, encoding, self.route.body_bytes_max,
            )  # fmt: skip
        if encoding not in ("", "identity"):
            raise Refusal(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "encoding", "Send JSON as it is, unpacked."
            )
        return await in_thread_if(len(data) > INLINE_BYTES_MAX, self._from_json, data)

    def _from_json(self, data: bytes) -> Any:
        """Return *data* as the route's struct; blocks."""
        assert self._decode is not None
        try:
            decoded = self._decode(data)
        except msgspec.ValidationError as error:
            raise _invalid(error, "body") from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Refusal(
                HTTPStatus.BAD_REQUEST, "malformed", f"The body is not JSON: {error}.", at="body"
            ) from error
        # msgspec keeps the last of two equal keys; a value must not be lost without a word.
        json.loads(data, object_pairs_hook=_refuse_duplicates)
        return decoded


async def in_thread_if(is_long: bool, function: Any, *arguments: Any) -> Any:
    """Return what *function* returns, called in a thread if *is_long*."""
    if is_long:
        return await asyncio.to_thread(function, *arguments)
    return function(*arguments)


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise invalid(f"The key {name[:80]!r} is there twice.", "body")
        seen.add(name)


def _convert(value: Any, kind: Any, at: str) -> Any:
    """Return *value*, made of text, as *kind*."""
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(error, at) from error


def _invalid(error: msgspec.ValidationError, at: str) -> Refusal:
    """Return the answer for what does not fit its type, naming the place."""
    text = str(error)
    if match := _AT.fullmatch(text):
        return invalid(f"{match['what']}.", f"{at}{match['where']}")
    return invalid(f"{text}.", at)
