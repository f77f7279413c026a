"""`mltrack compact` and `mltrack fsck --repair` beside a server that goes on, and is killed."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
import requests

from mltrack import _cli
from mltrack_core.records import RunEnded
from mltrack_core.records import Scalars
from mltrack_server.lock import store_url
from mltrack_server.store import Store
from mltrack_server.testing import WAIT_S
from mltrack_server.testing import Agent
from mltrack_server.testing import started

pytestmark = pytest.mark.slow

PIECES = 6  # that the run of before was folded in
PIECE = 40


class Server:
    """`mltrack server` as a process of its own; killed when the context ends."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mltrack_server", "server", "--port", "0", "--data", folder],
            env={name: text for name, text in os.environ.items() if "MLTRACK_" not in name},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().split()[-1]

    def __enter__(self) -> Self:
        return self

    def kill(self) -> None:
        """Send SIGKILL."""
        self._process.kill()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate(timeout=WAIT_S)


class Trainer:
    """Delivers points one by one until told to stop, and knows which were acknowledged."""

    def __init__(self) -> None:
        self.agent = Agent()
        self.acknowledged = 0
        self._seq = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread()

    def start(self, address: str) -> None:
        """Go on where the last server has left off."""
        self._is_over.clear()
        self._thread = threading.Thread(target=self._deliver, args=(address,))
        self._thread.start()

    def stop(self) -> None:
        """Wait until the last point is delivered, or refused."""
        self._is_over.set()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()

    def _deliver(self, address: str) -> None:
        while not self._is_over.is_set():
            step = self.acknowledged
            records = [] if self._seq else [started()]
            batch = self.agent.batch(self._seq, *records, Scalars(1, step, {"loss": float(step)}))
            try:
                answer = requests.post(address + self.agent.path, batch.pack(), timeout=WAIT_S)
            except requests.RequestException:
                return  # it is dead: the next one is told the same again
            assert answer.status_code == 200, answer.text
            self._seq = answer.json()["next_seq"]
            self.acknowledged = self._seq - 1


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a folder with a run that has ended, in many small pieces."""
    (tmp_path / "store").mkdir()
    agent, seq = Agent("a" * 32), 0
    with Store(store_url(tmp_path)) as store:
        for piece in range(PIECES):
            steps = range(piece * PIECE, piece * PIECE + PIECE)
            points = [Scalars(1, step, {"loss": float(step), "kept": 1.0}) for step in steps]
            batch = agent.batch(seq, *([] if seq else [started()]), *points)
            (seq,) = store.apply([batch])
            store.fold("a" * 32)
        store.apply([agent.batch(seq, RunEnded(1, "finished", explicit=True))])
    return tmp_path


def execute(home: Path, statement: str) -> list[tuple[int]]:
    """Look into the database, or change it, behind everybody's back."""
    connection = sqlite3.connect(home / "store" / "mltrack.sqlite3")
    found = connection.execute(statement).fetchall()
    connection.commit()
    connection.close()
    return found


def steps_of(store: Store, run: str) -> list[float]:
    """Return the values of a run, which are their steps."""
    points = store.points(run, "loss")
    return [] if points is None else points.value.tolist()


def test_a_store_is_compacted_while_runs_go_on(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server does it itself; nothing is refused meanwhile, and nothing lost or doubled."""
    trainer = Trainer()

    with Server(home) as server:
        trainer.start(server.address)
        assert _cli.main(["compact", "--data", str(home)]) == 0
        trainer.stop()

    assert server.address in capsys.readouterr().out
    with Store(store_url(home)) as store:
        assert list(store.check(read_data=True)) == []
        assert steps_of(store, "a" * 32) == list(range(PIECES * PIECE))
        assert steps_of(store, trainer.agent.run) == list(range(trainer.acknowledged))
    assert trainer.acknowledged > 0
    assert execute(home, f"SELECT n FROM chunk WHERE n = {PIECES * PIECE}") != []


def test_damage_is_put_aside_while_runs_go_on(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is whole of the run is read at once, by the very server that was asked."""
    trainer = Trainer()

    with Server(home) as server:
        run = f"{server.address}/api/v1/runs/{'a' * 32}"
        trainer.start(server.address)
        execute(home, "UPDATE chunk SET body = x'92' WHERE series_no = 0")
        assert requests.get(f"{run}/history?name=loss", timeout=WAIT_S).status_code == 500
        assert _cli.main(["fsck", "--data", str(home), "--read-data", "--repair"]) == 0
        trainer.stop()
        after = [
            requests.get(f"{run}/history?name={name}", timeout=WAIT_S).json()["value"]
            for name in ("loss", "kept")
        ]

    told = capsys.readouterr().out
    assert "do not unpack" in told
    assert "quarantine" in told
    assert after == [[], [1.0] * (PIECES * PIECE)]
    with Store(store_url(home)) as store:
        assert steps_of(store, trainer.agent.run) == list(range(trainer.acknowledged))
        assert list(store.check(read_data=True)) == []


@pytest.mark.parametrize("command", ["compact", "repair"])
def test_killed_amid_upkeep_the_server_has_lost_nothing(home: Path, command: str) -> None:
    """Whenever SIGKILL comes: every acknowledged point is there once, and the store is sound.

    A stray row, which there is in each round, is in the store or put aside.
    """
    trainer = Trainer()
    delays_s = (0.0, 0.01, 0.02, 0.04, 0.08)

    for number, delay_s in enumerate(delays_s):
        execute(home, f"INSERT INTO note VALUES (77, 0, {number}, 1, 'stray {number}', NULL)")
        with Server(home) as server:
            trainer.start(server.address)
            killer = threading.Timer(delay_s, server.kill)
            killer.start()
            with contextlib.suppress(requests.RequestException):
                requests.post(f"{server.address}/api/v1/{command}", json={}, timeout=WAIT_S)
            killer.join()
            trainer.stop()
        with Store(store_url(home)) as store:
            assert {finding.table for finding in store.check(read_data=True)} <= {"note"}
            assert steps_of(store, "a" * 32) == list(range(PIECES * PIECE))
            found = steps_of(store, trainer.agent.run)
            assert found == list(range(len(found)))
            assert len(found) >= trainer.acknowledged

    with Store(store_url(home)) as store:
        store.mend()
        assert list(store.check(read_data=True)) == []
    aside = b"".join(path.read_bytes() for path in home.glob("store/quarantine/*/rows.msgpack"))
    assert all(f"stray {number}".encode() in aside for number in range(len(delays_s)))
