"""The door for curl: a run without a client library."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started


def test_a_run_made_with_curl_reads_back(server: RunningServer) -> None:
    """Create, log, add parameters, finish: everything is there, NaN too."""
    run = server.new_run(project="curl", name="by hand", params={"lr": 0.1, "layers": [64, 10]})
    for loss in (0.5, "NaN", "-Infinity", 2**60):
        answer = server.post(f"/api/v1/runs/{run}/points", json={"values": {"loss": loss}})
        assert answer.status_code == 200, answer.text
    server.post(f"/api/v1/runs/{run}/points", json={"values": {"loss": 1}, "step": 100})
    server.post(f"/api/v1/runs/{run}/params", json={"values": {"seed": 1, "api_key": "hunter22"}})
    finished = server.post(f"/api/v1/runs/{run}/finish", json={"state": "failed", "reason": "why"})

    summary = server.get(f"/api/v1/runs/{run}").json()["summary"]
    history = server.get(f"/api/v1/runs/{run}/history", params={"name": "loss"}).json()

    assert finished.status_code == 200
    assert (summary["project"], summary["name"]) == ("curl", "by hand")
    assert (summary["state"], summary["reason"]) == ("failed", "why")
    assert summary["params"] == {
        "lr": 0.1, "layers": [64, 10], "seed": 1, "api_key": "[redacted]",
    }  # fmt: skip
    assert history["value"] == [0.5, "NaN", "-Infinity", 2**60, 1]
    assert history["step"] == [0, 1, 2, 3, 100]


def test_requests_at_once_lose_nothing(server: RunningServer) -> None:
    """Many writers of one run wait for each other; every point gets a step of its own."""
    run = server.new_run()

    def log(value: int) -> int:
        answer = server.post(f"/api/v1/runs/{run}/points", json={"values": {"x": value}})
        return answer.status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = set(threads.map(log, range(40)))

    history = server.get(f"/api/v1/runs/{run}/history", params={"name": "x"}).json()
    assert statuses == {200}
    assert sorted(history["value"]) == list(range(40))
    assert history["step"] == list(range(40))


def test_a_run_that_has_ended_takes_no_more(server: RunningServer) -> None:
    """What comes after the end is refused, not swallowed."""
    run = server.new_run()
    server.post(f"/api/v1/runs/{run}/finish", json={})

    answer = server.post(f"/api/v1/runs/{run}/points", json={"values": {"x": 1}})

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:mltrack:ended"


def test_only_runs_made_here_are_added_to(server: RunningServer, agent: Agent) -> None:
    """A trainer's run is its own, and a run that is not there is not made up."""
    server.post(agent.path, data=agent.batch(0, started()).pack())
    body = {"values": {"x": 1}}

    assert server.post(f"/api/v1/runs/{agent.run}/points", json=body).status_code == 409
    assert server.post(f"/api/v1/runs/{'0' * 32}/points", json=body).status_code == 404


BAD_RUNS: list[tuple[dict[str, Any], str]] = [
    ({"project": "line\nbreak"}, "body.project"),
    ({"project": "nul\0"}, "body.project"),
    ({"project": ""}, "body.project"),
    ({"project": "p" * 10_000}, "body.project"),
    ({"project": 1}, "body.project"),
    ({"name": "n" * 10_000}, "body.name"),
    ({"tags": ["t"] * 10_000}, "body.tags"),
    ({"tags": ["ok", ""]}, "body.tags[1]"),
    ({"params": {"": 1}}, "body.params"),
    ({"params": {"k" * 10_000: 1}}, "body.params"),
    ({"params": {"a": {"b": 1}}}, "body.params"),
    ({"params": {"a": {"b": {"c": 1}}}}, "body.params"),
    ({"params": {"a": 2**70}}, "body.params"),
    ({"params": {"a": "x" * 100_000}}, "body.params"),
    ({"state": "finished"}, "body"),
    ({"id": "0" * 32}, "body"),
]


@pytest.mark.parametrize(("body", "at"), BAD_RUNS, ids=[str(b)[:40] for b, _ in BAD_RUNS])
def test_a_run_that_makes_no_sense_is_refused(
    server: RunningServer, body: dict[str, Any], at: str
) -> None:
    """The answer names the part that is wrong; nothing is made."""
    answer = server.post("/api/v1/runs", json=body)

    assert answer.status_code == 422
    problem = answer.json()
    assert problem["at"].startswith(at)
    assert 10 < len(problem["detail"]) < 500
    assert server.get("/api/v1/runs").json()["runs"] == []


BAD_POINTS: list[tuple[str, int]] = [
    ('{"values": {}}', 422),
    ('{"values": {"": 1}}', 422),
    ('{"values": {"x": "high"}}', 422),
    ('{"values": {"x": null}}', 422),
    ('{"values": {"x": true}}', 422),
    ('{"values": {"x": [1]}}', 422),
    ('{"values": {"x": {"y": 1}}}', 422),
    ('{"values": {"x": 1, "x": 2}}', 422),
    ('{"values": {"x": 1}, "step": 1.5}', 422),
    ('{"values": {"x": 1}, "step": 99999999999999999999}', 422),
    ('{"values": {"x": 99999999999999999999}}', 422),
    ('{"values": {"x": 1}, "time_ns": -99999999999999999999}', 422),
    ('{"values": {"x": NaN}}', 400),
    ('{"values": {"x": 1e999}}', 422),
    ('{"values": {"x\\u0000": 1}}', 422),
    ('{"values": {"\\ud800": 1}}', 400),
    ('{"values": {"x": 1}', 400),
    ("[" * 100_000, 422),
    ('{"values": ' * 10_000, 422),
    ("null", 422),
    ("", 400),
]


@pytest.mark.parametrize(("body", "status"), BAD_POINTS, ids=[b[:40] for b, _ in BAD_POINTS])
def test_points_that_are_none_are_refused(server: RunningServer, body: str, status: int) -> None:
    """Whatever is not one number per name gets a clear answer; the run has no point then."""
    run = server.new_run()

    answer = server.post(f"/api/v1/runs/{run}/points", data=body.encode())

    assert answer.status_code in (400, 422)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]
    assert server.get(f"/api/v1/runs/{run}").json()["summary"]["metrics"] == {}


def test_a_long_body_is_refused(server: RunningServer) -> None:
    """JSON has its own, smaller limit."""
    run = server.new_run()
    body = b'{"values": {' + b",".join(b'"%d": 1' % n for n in range(200_000)) + b"}}"

    assert server.post(f"/api/v1/runs/{run}/points", data=body).status_code == 413
