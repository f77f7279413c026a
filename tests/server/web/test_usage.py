"""Usage of devices over HTTP."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

import mltrack
from mltrack._cli import main
from mltrack_core.records import Devices
from mltrack_server.lock import store_url
from mltrack_server.store import Store
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import serve
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


@pytest.mark.parametrize("is_server", [False, True])
def test_the_command_lists_what_was_held(
    tmp_path: Path,
    is_server: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a table with sums, or as the API has it; from a folder and from a server alike."""
    for name in ("MLTRACK_URL", "MLTRACK_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    agent, now_ns = Agent(), time.time_ns()
    samples = [
        Devices(now_ns - 30 * HOUR_NS + second * 10**9, "workstation", {"sys/cpu.percent": 4.0})
        for second in range(0, 3600, 30)
    ]
    first = started(time_ns=now_ns - 30 * HOUR_NS, name="calm-otter")
    with Store(store_url(tmp_path)) as store:
        store.apply([agent.batch(0, first, *samples)])

    def check(where: str) -> None:
        assert main(["usage", "--days", "2", "--from", where]) == 0
        told = capsys.readouterr().out
        assert "calm-otter" in told
        assert "100 %" in told
        assert "0.9917 of machines, of both 0.9917 idle" in told
        assert main(["usage", "--from", where, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["holds"] == []
        assert main(["usage", "--days", "32", "--from", where]) == 2
        with mltrack.open(where) as reader:
            assert [run.id for run in reader.usage(days=2, project="mnist").runs] == [agent.run]

    if is_server:
        with serve(tmp_path) as server:
            check(server.address)
    else:
        check(str(tmp_path))
