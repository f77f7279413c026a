"""The OpenAPI 3.1 document, made of the declared routes."""

from __future__ import annotations

import typing
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from typing import Final

import msgspec
from aiohttp import web

from mltrack_server.resources import Problem
from mltrack_server.web.problems import MEDIA
from mltrack_server.web.problems import GapProblem
from mltrack_server.web.problems import QueryProblem
from mltrack_server.web.routes import JSON
from mltrack_server.web.routes import Route

_REF: Final = "#/components/schemas/{name}"
# What every route may answer: malformed, unauthorised, wrong origin or name, invalid, a fault.
_COMMON: Final = (400, 401, 403, 421, 422, 500, 503)
_BINARY: Final = {"type": "string", "contentEncoding": "binary"}


def document(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """Return the OpenAPI document of *routes* as plain JSON-like values."""
    documented = [route for route in routes if route.is_documented]
    kinds: list[Any] = [Problem, GapProblem, QueryProblem]
    for route in documented:
        kinds += [kind for kind in (route.body, route.answer) if _is_struct(kind)]
    _, schemas = msgspec.json.schema_components(kinds, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for route in documented:
        paths.setdefault(route.plain_path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mltrack",
            "version": version,
            "description": "Numbers that JSON cannot hold travel as the strings "
            '"NaN", "Infinity" and "-Infinity". Errors are application/problem+json.',
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {"Problem": _content((MEDIA,), _ref(Problem), "An error.")},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "mltrack_session"},
            },
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    """Return one method's entry."""
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": _responses(route),
        "security": _security(route),
    }
    if route.description:
        operation["description"] = route.description
    if route.body is not None:
        schema = _ref(route.body) if _is_struct(route.body) else _BINARY
        operation["requestBody"] = {"required": True, "content": {route.takes: {"schema": schema}}}
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    """Return the variable parts of the path and the query."""
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": msgspec.json.schema(kind)}
        for name, kind in route.parts.items()
    ]
    if route.query is not None:
        schema = msgspec.json.schema(route.query)["$defs"][route.query.__name__]
        for name, field in schema["properties"].items():
            is_required = name in schema.get("required", ())
            parameters.append(
                {"name": name, "in": "query", "required": is_required, "schema": field}
            )
    return parameters


def _responses(route: Route) -> dict[str, Any]:
    """Return what the route may answer."""
    schema: dict[str, Any] | None = None
    if _is_struct(route.answer):
        schema = _ref(route.answer)
    elif isinstance(route.answer, type) and issubclass(route.answer, web.WebSocketResponse):
        return {"101": {"description": "The connection becomes a WebSocket."}, **_problems(route)}
    status = HTTPStatus.NO_CONTENT if route.answer is type(None) else HTTPStatus(route.status)
    if status is HTTPStatus.NO_CONTENT:
        return {"204": {"description": "Done."}, **_problems(route)}
    media = {
        kind: {"schema": schema if schema and kind == JSON else _schema_of_media(kind)}
        for kind in route.gives
    }
    good: dict[str, Any] = {str(status.value): {"description": status.phrase, "content": media}}
    if type(None) in typing.get_args(route.answer):
        good["204"] = {"description": "Nothing else than what is known."}
    return good | _problems(route)


def _problems(route: Route) -> dict[str, Any]:
    """Return the errors that the route may answer."""
    problems: dict[str, Any] = {
        str(status): {"$ref": "#/components/responses/Problem"}
        for status in sorted({*_COMMON, *route.problems})
    }
    if route.access == "ingest" and "409" in problems:
        problems["409"] = _content((MEDIA,), _ref(GapProblem), "The batch begins after a gap.")
    if route.takes_query:
        either = {"anyOf": [_ref(QueryProblem), _ref(Problem)]}
        problems["422"] = _content((MEDIA,), either, "The query is none; `start` says where.")
    return problems


def _security(route: Route) -> list[dict[str, list[str]]]:
    """Return by what means a client may be let in; nothing is wanted where no token is set."""
    if route.access == "public":
        return []
    if route.access == "ingest":
        return [{"token": []}]
    return [{"token": []}, {"session": []}]


def _schema_of_media(media: str) -> dict[str, Any]:
    if media == JSON:
        return {"type": "object"}
    return {"type": "string"} if media.startswith("text/") else _BINARY


def _content(media: tuple[str, ...], schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {kind: {"schema": schema} for kind in media},
    }


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _ref(kind: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": _REF.format(name=kind.__name__)}
