"""For tests: a real server on a free port of loopback, and a client that speaks like an agent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any
from typing import Final

import requests

from mltrack_core import wire
from mltrack_core.records import Record
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.spool import frame
from mltrack_core.spool.segment import Batch
from mltrack_core.spool.segment import SegmentHeader
from mltrack_server import app
from mltrack_server.config import Config
from mltrack_server.config import check
from mltrack_server.lock import STORE_FILE
from mltrack_server.lock import STORE_FOLDER
from mltrack_server.lock import store_url
from mltrack_server.testing import empty

WAIT_S: Final = 30.0  # a test that waits longer than this has failed


@dataclass(kw_only=True)
class RunningServer:
    """A server in a thread of this process, and a client that keeps connections."""

    address: str
    token: str
    http: requests.Session = field(default_factory=requests.Session)

    @property
    def host(self) -> str:
        """Its Host header, "127.0.0.1:PORT"."""
        return self.address.removeprefix("http://")

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request with the server's token, unless another Authorization is given."""
        headers = dict(options.pop("headers", None) or {})
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        return self.http.request(
            method, self.address + path, headers=headers, timeout=WAIT_S, **options
        )

    def get(self, path: str, **options: Any) -> requests.Response:
        """Send a GET."""
        return self.ask("GET", path, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        """Send a POST."""
        return self.ask("POST", path, **options)

    def new_run(self, **fields: Any) -> str:
        """Make a run through the door for curl and return its id."""
        answer = self.post("/api/v1/runs", json=fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


@contextlib.contextmanager
def serve(folder: Path, **options: Any) -> Iterator[RunningServer]:
    """Serve the store in *folder* while the context lasts.

    Args:
        folder: Holds the store; the same folder again shows the same runs.
        options: Other fields of `Config`; with a *database*, the folder is not used.
    """
    (folder / STORE_FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
    if "database" not in options:
        options["database"] = store_url(folder)
        with contextlib.suppress(FileExistsError):
            empty.put(folder / STORE_FOLDER / STORE_FILE)
    config = check(Config(port=0, **options))
    listener = app.listen(config.host, config.port)
    address: Future[str] = Future()
    stop: Future[Callable[[], object]] = Future()

    async def main() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        stop.set_result(lambda: loop.call_soon_threadsafe(task.cancel))
        with contextlib.suppress(asyncio.CancelledError):
            await app.serve(config, listener, address.set_result)

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            if not address.done():
                address.set_exception(error)
                return
            raise

    thread = threading.Thread(target=run)
    thread.start()
    try:
        server = RunningServer(address=address.result(WAIT_S), token=config.token)
        with server.http:
            server.http.trust_env = False
            yield server
    finally:
        if thread.is_alive():
            stop.result(WAIT_S)()
        thread.join(WAIT_S)
        listener.close()
        assert not thread.is_alive(), "the server did not stop"


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Return when *condition* holds; fail if it does not within a generous time."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, f"still waiting: {what}"
        time.sleep(0.02)


def started(**changes: Any) -> RunStarted:
    """Return the first record of a trainer's stream."""
    fields: dict[str, Any] = {
        "time_ns": time.time_ns(),
        "project": "mnist",
        "name": "calm-otter-1",
        "role": "trainer",
        "attempt": 1,
        "rank": 0,
        "world_size": 1,
        "host": "workstation",
        "user": "ada",
        "pid": 4711,
        "pid_started": 12,
        "boot_id": "",
        "monotonic_ns": 1,
        "command": ["train.py", "--lr", "3e-4"],
        "folder": "/home/ada",
        "python": "3.11.7",
        "mltrack": "0.1.0",
    }
    return RunStarted(**{**fields, **changes})


@dataclass
class Agent:
    """One stream of one run, as an agent sends it."""

    run: str = field(default_factory=lambda: os.urandom(16).hex())
    stream: str = field(default_factory=lambda: os.urandom(16).hex())

    @property
    def path(self) -> str:
        """Where this stream's batches go."""
        return f"/api/v1/ingest/{self.run}/{self.stream}"

    def batch(self, first_seq: int, *records: Record) -> Batch:
        """Return *records* as a batch that begins with *first_seq*."""
        header = SegmentHeader(salt=7, run=self.run, stream=self.stream, first_seq=first_seq)
        frames = [
            frame.pack(number, seq, payload, header.salt)
            for seq, (number, payload) in enumerate(map(wire.encode, records), first_seq)
        ]
        return Batch.unpack(header.pack() + b"".join(frames))

    def losses(self, first_seq: int, count: int) -> Batch:
        """Return a batch of *count* points of "loss", 1/(step + 1) at each step."""
        points = [
            Scalars(time.time_ns(), step, {"loss": 1 / (step + 1)})
            for step in range(first_seq - 1, first_seq - 1 + count)
        ]
        return self.batch(first_seq, *points)
