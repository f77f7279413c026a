"""Usage of devices over HTTP."""

from __future__ import annotations

import time

import pytest

from mltrack_core.records import Devices
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started

HOUR_NS = 3600 * 10**9


def test_the_last_day_is_told_unless_another_time_is_named(server: RunningServer) -> None:
    """Windows of up to 31 days, of a project or of all."""
    agent, now_ns = Agent(), time.time_ns()
    samples = [
        Devices(now_ns - HOUR_NS + second * 10**9, "workstation", {"sys/cpu.percent": 40.0})
        for second in range(0, 600, 5)
    ]
    batch = agent.batch(0, started(time_ns=now_ns - HOUR_NS, project="used"), *samples)
    sent = server.post(agent.path, data=batch.pack())
    assert sent.status_code == 200, sent.text

    told = server.get("/api/v1/usage", params={"project": "used"}).json()
    before = server.get("/api/v1/usage", params={"end_ns": now_ns - 2 * HOUR_NS}).json()

    assert [run["id"] for run in told["runs"]] == [agent.run]
    assert told["holds"][0]["utilization"] == pytest.approx(40)
    assert told["end_ns"] - told["start_ns"] == 24 * HOUR_NS
    assert before["holds"] == []
    for wrong in ({"start_ns": 5, "end_ns": 5}, {"start_ns": 0}, {"start_ns": -1}):
        assert server.get("/api/v1/usage", params=wrong).status_code == 422
