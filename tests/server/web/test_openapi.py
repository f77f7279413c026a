"""The OpenAPI document, the router and what is really answered agree."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from aiohttp import web
from openapi_spec_validator import validate

from mltrack_core._version import __version__
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started
from mltrack_server.web.api import ROUTES
from mltrack_server.web.api import _refuse_undeclared
from mltrack_server.web.endpoint import Endpoint
from mltrack_server.web.openapi import document


def schema_of(openapi: dict[str, Any], method: str, path: str, status: str) -> dict[str, Any]:
    """Return the JSON schema that the document gives for an answer, its references included."""
    answer = openapi["paths"][path][method]["responses"][status]
    if "$ref" in answer:
        answer = openapi["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    content = answer["content"]
    media = content.get("application/json") or content["application/problem+json"]
    return {**media["schema"], "components": openapi["components"]}


def test_the_document_is_valid_openapi(server: RunningServer) -> None:
    """Independent software accepts the document that the server gives."""
    openapi = server.get("/api/v1/openapi.json").json()

    validate(openapi)
    assert openapi["openapi"].startswith("3.1")


def test_every_route_is_in_the_document() -> None:
    """What the router knows and what the document says are the same set."""
    openapi = document(ROUTES, __version__)
    documented = {
        (method.upper(), path) for path, item in openapi["paths"].items() for method in item
    }

    assert documented == {(r.method, r.plain_path) for r in ROUTES if r.is_documented}
    assert [r.path for r in ROUTES if not r.is_documented] == ["/{page:(?!api/|healthz).*}"]


async def _undeclared(_request: web.Request) -> web.Response:
    return web.Response(text="a secret")


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_route_without_a_declaration_keeps_the_server_from_starting(is_declared: bool) -> None:
    """Nobody can add a handler and forget to say who may call it."""
    import asyncio

    application = web.Application()
    handler = Endpoint(ROUTES[0]).answer if is_declared else _undeclared
    application.router.add_route("GET", "/new", handler)

    if is_declared:
        asyncio.run(_refuse_undeclared(application))
    else:
        with pytest.raises(RuntimeError, match="/new"):
            asyncio.run(_refuse_undeclared(application))


def test_real_answers_are_what_the_document_says(server: RunningServer, agent: Agent) -> None:
    """Each JSON answer, good or bad, validates against its schema in the document."""
    openapi = server.get("/api/v1/openapi.json").json()
    batch = agent.batch(0, started())
    run = agent.run

    answers = [
        ("post", "/api/v1/ingest/{run}/{stream}", server.post(agent.path, data=batch.pack())),
        (
            "post",
            "/api/v1/ingest/{run}/{stream}",
            server.post(agent.path, data=agent.losses(90, 1).pack()),
        ),
        ("get", "/api/v1/ingest/{run}/{stream}", server.get(agent.path)),
        ("post", "/api/v1/runs", server.post("/api/v1/runs", json={"params": {"lr": 0.1}})),
        ("post", "/api/v1/runs", server.post("/api/v1/runs", json={"nonsense": 1})),
        ("get", "/api/v1/runs", server.get("/api/v1/runs")),
        ("get", "/api/v1/runs", server.get("/api/v1/runs?limit=0")),
        ("get", "/api/v1/runs/{run}", server.get(f"/api/v1/runs/{run}")),
        ("get", "/api/v1/runs/{run}", server.get(f"/api/v1/runs/{'0' * 32}")),
        ("get", "/api/v1/runs/{run}/console", server.get(f"/api/v1/runs/{run}/console")),
        ("get", "/api/v1/projects", server.get("/api/v1/projects")),
        ("get", "/api/v1/server", server.get("/api/v1/server")),
        ("get", "/healthz", server.get("/healthz")),
    ]

    assert [a.status_code for _, _, a in answers] == [
        200, 409, 200, 201, 422, 200, 422, 200, 404, 200, 200, 200, 200,
    ]  # fmt: skip
    for method, path, answer in answers:
        schema = schema_of(openapi, method, path, str(answer.status_code))
        jsonschema.validate(answer.json(), schema, cls=jsonschema.Draft202012Validator)
