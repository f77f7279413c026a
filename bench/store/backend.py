"""What a store is to the driver: something behind a server that is read over HTTP."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import made
import requests
from sqlalchemy import create_engine
from sqlalchemy import text

sys.path.append(str(Path(__file__).parents[1]))
import processes

START_S_MAX = 180.0
QUIET_S = 1.0  # in which a server that has started uses less than a tenth of a core


class Backend:
    """A store, and the server that reads it.

    Args:
        folder: Everything that is stored goes below it.
        environment: Holds the peer's programs.
        steps: Of the long run.
        scalars: At each step of it.
    """

    name = ""
    environment = ""  # the folder of its virtual environment; "" for the driver's own
    filler = ""  # its class in fill.py
    notes = ""  # how it is used, for the table

    def __init__(self, folder: Path, environment: Path, steps: int, scalars: int) -> None:
        self.folder, self.programs = folder, environment / "bin"
        self.steps, self.metric = steps, made.names(scalars)[-1]  # the metric that is read
        self.address = self.run = ""  # of the server; the id of the long run
        self.http = requests.Session()
        # On one that is kept, a read may include 40 ms of waiting for a delayed acknowledgement.
        self.http.headers["Connection"] = "close"

    def serve(self, stack: contextlib.ExitStack) -> None:
        """Start what serves it; *stack* ends that again."""
        raise NotImplementedError

    def last(self) -> tuple[int, float] | None:
        """Return step and value of the last point that the server shows of the last metric."""
        raise NotImplementedError

    def rest(self) -> None:
        """Return when the store has done by itself what it does to new points later."""

    def bytes(self) -> int:
        """Return how much of the disk it uses."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    def chart(self) -> int:
        """Read one series as the tracker's own dashboard would; return how many points came."""
        raise NotImplementedError

    def search(self) -> list[str]:
        """Return the names of the runs that `made.found` is about."""
        raise NotImplementedError

    def get(self, path: str, **query: Any) -> Any:
        """Return the JSON at *path*; None where there is nothing yet."""
        answer = self.http.get(self.address + path, params=query)
        return answer.json() if answer.ok else None

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Return the JSON that *body* is answered with."""
        answer = self.http.post(self.address + path, json=body)
        assert answer.ok, f"{path}: {answer.status_code}: {answer.text[:300]}"
        return answer.json()

    def spawn(
        self,
        stack: contextlib.ExitStack,
        command: Callable[[int], list[str | Path]],
        path: str,
        **settings: str,
    ) -> None:
        """Run the server that *command* gives for a port, until *path* answers."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        stack.enter_context(_running(command(port), self.folder.parent, settings))
        wait_until(lambda: self._answers(path), START_S_MAX, f"{self.name} to start")

    def _answers(self, path: str) -> bool:
        with contextlib.suppress(requests.ConnectionError):
            return self.http.get(self.address + path).status_code < 500
        return False


def sqlite_bytes(path: Path) -> int:
    """Return the bytes of all used pages of the database at *path*."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        numbers = [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        ]
    finally:
        connection.close()
    pages, free, page_bytes = map(int, numbers)
    return (pages - free) * page_bytes


def postgres_bytes(url: str) -> int:
    """Return the bytes of the database at *url* once nothing in it is dead."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text("VACUUM FULL"))
            size = text("SELECT pg_database_size(current_database())")
            return int(connection.execute(size).scalar_one())
    finally:
        engine.dispose()


def wait_until_quiet() -> None:
    """Return when nothing that was started is busy: a server answers before all of it is up."""

    def is_quiet() -> bool:
        cpu_s = processes.cpu_s_of_all()
        time.sleep(QUIET_S)
        return processes.cpu_s_of_all() - cpu_s < QUIET_S / 10

    wait_until(is_quiet, START_S_MAX, "servers to have started")


def wait_until(condition: Callable[[], object], seconds_max: float, what: str) -> None:
    """Return when *condition* holds; look ever more rarely, twice a second in the end."""
    deadline_s, pause_s = time.monotonic() + seconds_max, 0.01
    while not condition():
        assert time.monotonic() < deadline_s, f"waited {seconds_max:g} s for {what}"
        time.sleep(pause_s)
        pause_s = min(1.2 * pause_s, 0.5)


@contextlib.contextmanager
def _running(command: list[str | Path], folder: Path, settings: dict[str, str]) -> Iterator[None]:
    """Run *command* and end it and whatever it has started."""
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **settings},  # noqa: TID251 - of the peer, not ours
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield
    finally:
        processes.end_session(process)
