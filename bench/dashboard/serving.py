"""Servers of what was recorded: mltrack's, and those of the peers."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from processes import cpu_s_of
from processes import end_session

SURROUNDINGS = dict(os.environ)  # noqa: TID251 - what servers are started with
PATIENCE_S = 1800.0
IDLE_CPU = 0.15  # of a second: a server that uses less has nothing left to do

COMMANDS = {
    "tensorboard": ["-m", "tensorboard.main", "--logdir", "{folder}", "--port", "{port}"],
    "mlflow": [
        *("-m", "mlflow", "ui", "--backend-store-uri", "sqlite:///{folder}/mlflow.db"),
        *("--port", "{port}"),
    ],
    "trackio": ["-c", "import trackio; trackio.show(project='wall', open_browser=False)"],
    "aim": [
        *("-c", "from aim.cli.cli import cli_entry_point; cli_entry_point()"),
        *("up", "--repo", "{folder}", "--port", "{port}"),
    ],
}
Served = tuple[str, int]  # the address, and the process


class NoServer(Exception):
    """The server has ended, or never comes to rest."""


@contextlib.contextmanager
def of_mltrack(root: Path) -> Iterator[Served]:
    """Serve what lies in *root*."""
    command = [sys.executable, "-m", "mltrack_server", "ui", "--no-browser", "--port", "0"]
    with _running(command, SURROUNDINGS | {"MLTRACK_DIR": str(root)}, root) as served:
        yield served


@contextlib.contextmanager
def of_peer(peer: str, python: Path, folder: Path) -> Iterator[Served]:
    """Serve what the peer has recorded in *folder*."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(python), *(each.format(folder=folder, port=port) for each in COMMANDS[peer])]
    environ = peer_environ(folder) | {"GRADIO_SERVER_PORT": str(port)}
    known = None if peer == "trackio" else port
    with _running(command, environ, folder, known) as served:
        yield served


def peer_environ(folder: Path) -> dict[str, str]:
    """Return what a peer is started with."""
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "GRADIO_ANALYTICS_ENABLED": "False"}
    return SURROUNDINGS | quiet | {"DO_NOT_TRACK": "1", "TRACKIO_DIR": str(folder)}


@contextlib.contextmanager
def _running(
    command: list[str], environ: dict[str, str], folder: Path, port: int | None = None
) -> Iterator[Served]:
    """Run a server; give its address, which it prints where its *port* is not known."""
    said = folder.with_suffix(".txt")
    with said.open("wb") as output:
        process = subprocess.Popen(
            command, env=environ, stdout=output, stderr=output, start_new_session=True
        )
    try:
        address = "" if port is None else f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 120
        while not address:
            match = re.search(r"http://[^\s/]+", said.read_text(errors="replace"))
            address = match[0] if match else ""
            if process.poll() is not None or time.monotonic() > deadline:
                raise NoServer(said.read_text(errors="replace")[-400:])
            time.sleep(0.1)
        yield address, process.pid
    finally:
        end_session(process, 30)


def wait_until_idle(address: str, pid: int) -> None:
    """Wait until the server answers, and has read and folded everything: its CPU rests.

    Raises:
        NoServer: It has ended, or does not come to rest.
    """
    deadline = time.monotonic() + PATIENCE_S
    quiet = 0
    while quiet < 5:
        try:
            before = cpu_s_of(pid)
            time.sleep(1.0)
            used = cpu_s_of(pid) - before
        except OSError as error:
            raise NoServer(f"the server at {address} has ended") from error
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            raise NoServer(f"the server at {address} has ended")
        if time.monotonic() > deadline:
            raise NoServer(f"the server at {address} does not come to rest")
        try:
            with urllib.request.urlopen(address, timeout=30):  # noqa: S310 - our own
                quiet = quiet + 1 if used < IDLE_CPU else 0
        except OSError:
            quiet = 0
