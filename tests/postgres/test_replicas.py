"""Several servers on one PostgreSQL: whichever a trainer or a browser talks to, it is one store."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
import pytest
import requests

from mltrack_core.records import Scalars
from mltrack_server.resources import Notice
from mltrack_server.store import Store
from mltrack_server.testing import WAIT_S
from mltrack_server.testing import Agent
from mltrack_server.testing import serve
from mltrack_server.testing import started
from mltrack_server.testing import wait_until
from mltrack_server.testing.cluster import Cluster

KILLS: Final = 4
BATCHES: Final = 60  # of each trainer
TRAINERS: Final = 4


def test_a_stream_may_go_through_any_server(database: str, tmp_path: Path) -> None:
    """Each has seen half of a stream's batches, and metrics begun at either; both know all."""
    agent = Agent()
    with serve(tmp_path, database=database) as one, serve(tmp_path, database=database) as two:
        for server in (one, two):
            server.post(agent.path, data=agent.batch(0, started()).pack())
        for step in range(40):
            server = (one, two)[step % 2]
            point = Scalars(step, step, {f"metric/{step // 3}": float(step), "loss": step / 7})
            answer = server.post(agent.path, data=agent.batch(step + 1, point).pack())
            assert answer.json() == {"next_seq": step + 2}
        histories = [
            server.get(f"/api/v1/runs/{agent.run}/history", params={"name": "loss"}).json()
            for server in (one, two)
        ]
        runs = [server.get(f"/api/v1/runs/{agent.run}").json() for server in (one, two)]

    assert histories[0] == histories[1]
    assert histories[0]["value"] == [step / 7 for step in range(40)]
    assert runs[0] == runs[1]
    assert len(runs[0]["summary"]["metrics"]) == 15


def test_a_browser_hears_what_another_server_takes(database: str, tmp_path: Path) -> None:
    """A notice arrives though nothing was written through the browser's own server."""
    agent = Agent()

    async def listen(address: str) -> Notice:
        async with (
            aiohttp.ClientSession(address) as client,
            client.ws_connect("/api/v1/feed") as socket,
            asyncio.timeout(WAIT_S),
        ):
            while True:
                notice = msgspec.json.decode(await socket.receive_str(), type=Notice)
                if notice.changes:
                    return notice
                batch = agent.batch(0, started()).pack()
                await asyncio.to_thread(other.post, agent.path, data=batch)

    with serve(tmp_path, database=database) as own, serve(tmp_path, database=database) as other:
        notice = asyncio.run(listen(own.address))

    assert [change.id for change in notice.changes] == [agent.run]


def test_two_folds_of_a_run_do_not_meet(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever planned with what another server has folded since leaves it at that."""
    agent = Agent()
    with Store(database) as one, Store(database) as two:
        one.apply([agent.batch(0, started()), agent.losses(1, 50)])
        before = one.points(agent.run, "loss")
        assert before is not None
        # The claim is a courtesy, and CockroachDB knows none; the check decides.
        monkeypatch.setattr("mltrack_server.store.store.claim_fold", lambda *_: True)
        writing = one._writing

        @contextlib.contextmanager
        def late() -> Iterator[object]:
            assert two.fold(agent.run) == 50
            with writing() as connection:
                yield connection

        monkeypatch.setattr(one, "_writing", late)
        folded = one.fold(agent.run)
        monkeypatch.undo()
        after = one.points(agent.run, "loss")

        assert folded == 0
        assert one.fold(agent.run) == two.fold(agent.run) == 0
        assert after is not None
        assert after.step.tolist() == before.step.tolist()
        assert after.values() == before.values()


@pytest.mark.slow
def test_a_database_that_goes_and_comes_costs_nothing(
    postgres: Cluster, database: str, tmp_path: Path
) -> None:
    """While it is away senders hear that they are to come again; then everything goes on."""
    agent = Agent()
    with serve(tmp_path, database=database) as server:
        server.post(agent.path, data=agent.batch(0, started()).pack())
        postgres.stop()
        try:
            away = server.post(agent.path, data=agent.losses(1, 3).pack())
            read = server.get(f"/api/v1/runs/{agent.run}")
            health = server.get("/healthz")
        finally:
            postgres.start()
        back = server.post(agent.path, data=agent.losses(1, 3).pack())

        assert (away.status_code, read.status_code) == (507, 507)
        assert health.json()["status"] == "read only"
        assert "does not answer" in away.json()["detail"]
        assert back.json() == {"next_seq": 4}


class Replica:
    """A server process on a database, which can be killed and started again."""

    def __init__(self, database: str, log: Path) -> None:
        self._database, self._log = database, log
        self.address = ""
        self.start()

    def start(self) -> None:
        """Start it, on a new port, and wait until it serves."""
        arguments = ["server", "--port", "0", "--database", self._database]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "mltrack._cli", *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=os.environ | {"MLTRACK_DIR": str(self._log.parent)},
            )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().rsplit(" ", 1)[-1].strip()
        assert self.address.startswith("http"), self._log.read_text()

    def kill(self) -> None:
        """Kill it at once."""
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("servers", [2, 4])
def test_servers_are_killed_at_random_and_nothing_is_lost_or_doubled(
    database: str, tmp_path: Path, servers: int
) -> None:
    """Trainers talk to whichever server answers; each acknowledged record is there, once."""
    replicas = [Replica(database, tmp_path / f"server-{number}.log") for number in range(servers)]
    agents = [Agent() for _ in range(TRAINERS)]
    sent = [0] * TRAINERS

    def has_sent(wanted: int) -> bool:
        return sum(sent) >= wanted

    def train(number: int) -> None:
        agent, seq = agents[number], 0
        randomness = random.Random(number)
        with requests.Session() as http:
            http.trust_env = False
            while seq < BATCHES:
                batch = agent.losses(seq, 1) if seq else agent.batch(0, started())
                address = randomness.choice(replicas).address
                with contextlib.suppress(requests.RequestException, KeyError):
                    answer = http.post(address + agent.path, data=batch.pack(), timeout=WAIT_S)
                    seq = answer.json()["next_seq"]
                    sent[number] = seq

    threads = [threading.Thread(target=train, args=(number,)) for number in range(TRAINERS)]
    try:
        for thread in threads:
            thread.start()
        randomness = random.Random(7)
        for turn in range(KILLS):
            wanted = (turn + 1) * BATCHES * TRAINERS // (KILLS + 2)
            wait_until(functools.partial(has_sent, wanted), "batches to be sent")
            victim = randomness.choice(replicas)
            victim.kill()
            victim.start()
        for thread in threads:
            thread.join(WAIT_S)
    finally:
        for replica in replicas:
            replica.kill()

    assert sent == [BATCHES] * TRAINERS
    with Store(database) as store:
        for agent in agents:
            points = store.points(agent.run, "loss")
            assert points is not None
            assert points.step.tolist() == list(range(BATCHES - 1))
