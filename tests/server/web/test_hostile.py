"""Questions that are meant to hurt: a clear answer at once, and little memory."""

from __future__ import annotations

import contextlib
import os
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from mltrack_core.limits import MIB
from mltrack_core.records import Params
from mltrack_core.records import Scalars
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import serve
from mltrack_server.testing import started
from mltrack_server.testing.cluster import cluster

BYTES_MAX = 24 * MIB  # that all of an answer's making may take; the body of a request has 1 MiB
RUNS = [f"{number:032x}" for number in range(1000)]
CATASTROPHE = "(a+)+$"
VICTIM = "a" * 2000 + "!"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Give a server with a run, which all tests of this file share: they only ask."""
    with contextlib.ExitStack() as stack:
        options = {}
        if os.environ.get("MLTRACK_TEST_DATABASE") == "postgresql":
            options["database"] = stack.enter_context(stack.enter_context(cluster()).store())
        running = stack.enter_context(serve(tmp_path_factory.mktemp("hostile"), **options))
        agent = Agent()
        batch = agent.batch(
            0,
            started(name=VICTIM[:200]),
            Params(1, "", {"text": VICTIM, "lr": 0.1}),
            *(Scalars(step, step, {"loss": 1.0}) for step in range(100)),
        )
        assert running.post(agent.path, data=batch.pack()).ok
        yield running


def filtered(q: str) -> tuple[str, dict[str, Any]]:
    """Return the request that filters runs by *q*."""
    return "/api/v1/query/runs", {"q": q}


def drawn(**change: object) -> tuple[str, dict[str, Any]]:
    """Return a request for a chart."""
    return "/api/v1/series", {"runs": RUNS[:1], "names": ["loss"], **change}


def averaged(**change: object) -> tuple[str, dict[str, Any]]:
    """Return a request for means of groups."""
    return "/api/v1/means", {"names": ["loss"], **change}


def extracted(**change: object) -> tuple[str, dict[str, Any]]:
    """Return a request for points of many series."""
    return "/api/v1/history", {"runs": RUNS[:1], "names": ["loss"], **change}


@pytest.mark.parametrize(
    ("request_", "at"),
    [
        (filtered("(" * 5000 + "lr" + ")" * 4999), "body.q"),
        (filtered("not " * 2400 + "lr"), "body.q"),
        (filtered("params.lr <"), "body.q"),
        (filtered("params.lr < 1 and ) or"), "body.q"),
        (filtered('"never closed'), "body.q"),
        (filtered("\0\0\0 = \ufffd"), "body.q"),
        (filtered("params.lr in [" + "1," * 4900 + "1]"), "body.q"),
        (filtered("params.lr in [" + "1," * 200_000 + "1]"), "body.q"),
        (filtered("a " * 4999), "body.q"),
        (filtered("step = " + "9" * 9990), "body.q"),
        (filtered("created > -" + "9" * 300 + "d"), "body.q"),
        (filtered("created > 9999999999-01-01"), "body.q"),
        (filtered("duration > 99999999999s"), "body.q"),
        (("/api/v1/query/runs", {"sort": ",".join(["name"] * 9)}), "body.sort"),
        (("/api/v1/query/runs", {"fields": ",".join(["params.a"] * 201)}), "body.fields"),
        (("/api/v1/query/runs", {"limit": 10**9}), "body.limit"),
        (("/api/v1/query/runs", {"cursor": "A" * 8192, "sort": "name"}), "body.cursor"),
        (("/api/v1/query/runs", {"cursor": "A" * 8193}), "body.cursor"),
        (("/api/v1/query/groups", {"by": ",".join(["name"] * 9)}), "body.by"),
        (("/api/v1/query/columns", {"keys": ",".join(["params.a"] * 51)}), "body.keys"),
        (drawn(buckets=10**9), "body.buckets"),
        (drawn(buckets=4096, runs=RUNS[:200], names=[str(n) for n in range(200)]), "body"),
        (drawn(start=1e308, end=-1e308), "body.end"),
        (drawn(runs=RUNS), "body.runs"),
        (averaged(buckets=10**9), "body.buckets"),
        (averaged(sets=[RUNS] * 11), "body"),
        (averaged(sets=[[run] for run in RUNS[:200]], buckets=4096), "body"),
        (averaged(by=",".join(["name"] * 9)), "body.by"),
        (averaged(start=1e308, end=-1e308), "body.end"),
        (extracted(samples=10**9), "body.samples"),
        (extracted(samples=100_000, runs=RUNS), "body"),
        (extracted(limit=10**12), "body.limit"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_asks_for_too_much_is_refused(
    server: RunningServer, request_: tuple[str, dict[str, Any]], at: str
) -> None:
    """The answer says which part of the request it is, in a sentence; nothing was computed."""
    path, body = request_

    tracemalloc.start()
    answer = server.post(path, json=body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    problem = answer.json()
    assert answer.status_code == 422, problem
    assert problem["at"] == at
    assert problem["detail"].endswith((".", "?"))
    assert len(problem["detail"]) < 2000
    assert peak < BYTES_MAX


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        (filtered(f'params.text ~ "{CATASTROPHE}"'), 0),
        (filtered(f'"{"a" * 500}" in params.text'), 1),
        (filtered('params.text ~ "' + "a" * 2000 + '!"'), 1),
        (filtered("(" * 49 + "has params.lr" + ")" * 49), 1),
        (filtered("params.lr in [" + "1," * 999 + "0.1]"), 1),
        (filtered(" or ".join(["params.lr = 0.1"] * 100)), 1),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_just_allowed_is_answered(
    server: RunningServer, request_: tuple[str, dict[str, Any]], found: int
) -> None:
    """A text is looked for as it is, never as a pattern; the bounds themselves can be reached."""
    path, body = request_

    answer = server.post(path, json=body)

    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] == found


@pytest.mark.parametrize("opening", ['{"q":' * 100_000, "[" * 500_000, '{"runs":[' * 60_000])
def test_json_that_is_nested_without_end_is_refused(server: RunningServer, opening: str) -> None:
    """The reader gives up instead of the process."""
    answer = server.post("/api/v1/series", data=opening.encode())

    assert answer.status_code in (400, 422)
    assert server.get("/healthz").ok


@pytest.mark.parametrize(
    "query",
    ["search=" + "%25" * 250, "search=" + "_" * 256, "search=" + "a+" * 127, "search=%00"],
)
def test_words_of_names_are_no_patterns(server: RunningServer, query: str) -> None:
    """What is special to a database is a character like any other."""
    run = server.get("/api/v1/runs").json()["runs"][0]["id"]

    answer = server.get(f"/api/v1/runs/{run}/metrics?{query}")

    assert answer.status_code == 200
    assert answer.json()["total"] == 0
