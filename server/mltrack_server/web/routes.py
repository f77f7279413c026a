"""Routes: each is declared once, and that declaration does everything.

    routes = Routes()

    @routes.get("/api/v1/runs/{run}", access="read")
    async def show(services: Services, run: RunId) -> Run:
        '''Return everything about a run but its points and its console.'''

The handler's signature says what is taken and given: `services` and `request` are handed in,
`body` and `query` are structs (or `body: bytes`, as it came), every other name is a part of the
path. From it come validation, access control, the router's entry and the OpenAPI document, so the
four cannot disagree.
"""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from typing import Final
from typing import Literal

import msgspec
from aiohttp import web

from mltrack_server.resources import Resource

Access = Literal["public", "read", "write", "ingest"]
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
Answer = Resource | bytes | web.StreamResponse | None
Handler = Callable[..., Awaitable[Answer]]

JSON: Final = "application/json"
JSON_BYTES_MAX: Final = 1 << 20  # of a JSON body
_HANDED_IN: Final = ("services", "request")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one address."""

    method: Method
    path: str  # as aiohttp writes it, "/api/v1/runs/{run}"
    access: Access
    handler: Handler
    gives: tuple[str, ...]  # media types of the answer
    takes: str  # media type of the body
    status: int  # of a good answer
    problems: tuple[int, ...]  # statuses that this route adds to those every route can give
    body_bytes_max: int
    body: Any  # a struct, `bytes`, or None
    query: type[msgspec.Struct] | None
    parts: dict[str, Any]  # name → type of the path's variable parts
    answer: Any  # a struct, None, or something that has no schema
    is_documented: bool

    @property
    def summary(self) -> str:
        """The first sentence of the handler's docstring."""
        return (inspect.getdoc(self.handler) or "").partition("\n")[0]

    @property
    def description(self) -> str:
        """What follows it."""
        return (inspect.getdoc(self.handler) or "").partition("\n")[2].strip()

    @property
    def name(self) -> str:
        """The handler's name within its module, e.g. "runs.show"."""
        module = self.handler.__module__.rpartition(".")[2]
        return f"{module}.{self.handler.__name__}"

    @property
    def takes_query(self) -> bool:
        """Whether it takes a text in the filter language."""
        return any("q" in getattr(k, "__struct_fields__", ()) for k in (self.query, self.body))

    @property
    def plain_path(self) -> str:
        """The path without aiohttp's patterns, as OpenAPI writes it."""
        return re.sub(r"\{(\w+):[^}]*\}", r"{\1}", self.path)


class Routes:
    """The routes of one module, in the order of their declaration."""

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def get(self, path: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declare a handler of GET; see `declare` for the rest."""
        return self.declare("GET", path, **declared)

    def post(self, path: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declare a handler of POST; see `declare` for the rest."""
        return self.declare("POST", path, **declared)

    def head(self, path: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declare a handler of HEAD; see `declare` for the rest."""
        return self.declare("HEAD", path, **declared)

    def put(self, path: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declare a handler of PUT; see `declare` for the rest."""
        return self.declare("PUT", path, **declared)

    def patch(self, path: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declare a handler of PATCH; see `declare` for the rest."""
        return self.declare("PATCH", path, **declared)

    def delete(self, path: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declare a handler of DELETE; see `declare` for the rest."""
        return self.declare("DELETE", path, **declared)

    def declare(
        self,
        method: Method,
        path: str,
        *,
        access: Access,
        gives: tuple[str, ...] = (JSON,),
        takes: str = JSON,
        status: int = 200,
        problems: tuple[int, ...] = (),
        body_bytes_max: int = JSON_BYTES_MAX,
        is_documented: bool = True,
    ) -> Callable[[Handler], Handler]:
        """Declare that the decorated function handles *method* at *path*.

        Args:
            method: HTTP method.
            path: As aiohttp writes it.
            access: Who may: everyone, or whoever has shown the token, by what means.
            gives: Media types of the answer, the usual one first.
            takes: Media type of the body, where there is one.
            status: Of a good answer.
            problems: Statuses that it may give besides those that every route may.
            body_bytes_max: Longest body, unpacked.
            is_documented: Whether it belongs to the API, and not to the dashboard's pages.
        """

        def add(handler: Handler) -> Handler:
            hints = typing.get_type_hints(handler, include_extras=True)
            answer = _documented(hints.pop("return"))
            names = set(re.findall(r"\{(\w+)", path))
            parts = {name: hints[name] for name in hints if name in names}
            unknown = hints.keys() - parts.keys() - {"body", "query", *_HANDED_IN}
            assert parts.keys() == names, f"{path}: {handler.__name__} does not take {names}"
            assert not unknown, f"{path}: nothing gives {handler.__name__} its {unknown}"
            self._routes.append(
                Route(
                    method=method,
                    path=path,
                    access=access,
                    handler=handler,
                    gives=gives,
                    takes=takes,
                    status=status,
                    problems=problems,
                    body_bytes_max=body_bytes_max,
                    body=hints.get("body"),
                    query=hints.get("query"),
                    parts=parts,
                    answer=answer,
                    is_documented=is_documented,
                )
            )
            return handler

        return add


def _documented(answer: Any) -> Any:
    """Return the struct among the types that a handler may return, or what there is."""
    kinds = typing.get_args(answer) if isinstance(answer, types.UnionType) else (answer,)
    structs = [k for k in kinds if isinstance(k, type) and issubclass(k, msgspec.Struct)]
    return structs[0] if structs else answer
