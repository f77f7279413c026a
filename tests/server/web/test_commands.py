"""`mltrack ui` and `mltrack server` as processes of their own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from mltrack_core import wire
from mltrack_core.records import Scalars
from mltrack_core.spool.writer import SpoolWriter
from mltrack_server.testing import WAIT_S
from mltrack_server.testing import started
from mltrack_server.testing import wait_until

pytestmark = pytest.mark.slow

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Give what starts a server command over this test's folder; it is killed at the end."""
    with contextlib.ExitStack() as stack:

        def command(*arguments: str, **environ: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-m", "mltrack_server", *arguments],
                env={**_clean_environ(), "MLTRACK_DIR": str(tmp_path), **environ},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield command


def _clean_environ() -> dict[str, str]:
    environ = dict(os.environ)
    return {name: value for name, value in environ.items() if not name.startswith("MLTRACK_")}


def address_of(process: subprocess.Popen[str]) -> str:
    """Return the address in the one line that a server prints."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert "http://" in line, process.communicate(timeout=WAIT_S)
    return line.split()[-1]


def failure_of(process: subprocess.Popen[str]) -> str:
    """Return what a command says that fails; it says it in a few lines, without a stack."""
    out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 1, (out, err)
    assert "Traceback" not in err
    return err


def test_what_is_in_the_spool_is_shown(start: Start, tmp_path: Path) -> None:
    """Runs recorded before and while the server runs appear, and it leaves at once when told to."""
    run = "ab" * 16
    spool = SpoolWriter(tmp_path, run)
    spool.open()
    spool.append(*wire.encode(started()))
    spool.append(*wire.encode(Scalars(time.time_ns(), 0, {"loss": 1.0})))

    ui = start("ui", "--port", "0", "--no-browser")
    path = f"{address_of(ui)}/api/v1/runs/{run}/history?name=loss"

    wait_until(lambda: requests.get(path, timeout=WAIT_S).status_code == 200, "the first point")
    spool.append(*wire.encode(Scalars(time.time_ns(), 1, {"loss": 0.5})))
    wait_until(
        lambda: requests.get(path, timeout=WAIT_S).json()["value"] == [1.0, 0.5], "a live point"
    )
    spool.close()
    ui.send_signal(signal.SIGTERM)
    assert ui.wait(WAIT_S) == 0


def test_a_hung_client_does_not_hold_the_server(start: Start) -> None:
    """Told to stop, the server does not wait for a body that never ends or for a live page."""
    server = start("server", "--port", "0")
    port = int(address_of(server).rpartition(":")[2])
    upload = f"POST /api/v1/ingest/{'0' * 32}/{'1' * 32} HTTP/1.1\r\nContent-Length: 1000\r\n"
    live = (
        "GET /api/v1/feed HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    )

    with (
        socket.create_connection(("127.0.0.1", port), WAIT_S) as uploading,
        socket.create_connection(("127.0.0.1", port), WAIT_S) as listening,
    ):
        uploading.sendall(f"{upload}Host: 127.0.0.1:{port}\r\n\r\nMLT".encode())
        listening.sendall(f"{live}Host: 127.0.0.1:{port}\r\n\r\n".encode())
        assert listening.recv(12) == b"HTTP/1.1 101"
        server.terminate()

        assert server.wait(WAIT_S) == 0


def test_a_second_ui_shows_the_first(start: Start) -> None:
    """One server shows a folder; whoever asks again is told where it is."""
    first = start("ui", "--port", "0", "--no-browser")
    address = address_of(first)

    second = start("ui", "--no-browser")

    assert address_of(second) == address
    assert second.wait(WAIT_S) == 0
    assert requests.get(f"{address}/healthz", timeout=WAIT_S).json() == {"status": "ok"}


def test_a_killed_ui_does_not_lock_its_folder(start: Start) -> None:
    """After kill -9 the next one takes over."""
    first = start("ui", "--port", "0", "--no-browser")
    address_of(first)
    first.kill()
    first.wait(WAIT_S)

    second = start("ui", "--port", "0", "--no-browser")

    assert requests.get(address_of(second) + "/healthz", timeout=WAIT_S).ok


def test_a_port_in_use_is_named_with_its_flag(start: Start) -> None:
    """Asked for one port, the server takes no other and says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        for command in (("ui", "--no-browser"), ("server",)):
            error = failure_of(start(*command, "--port", port))

            assert port in error
            assert "--port" in error


@pytest.mark.parametrize(
    ("arguments", "environ", "words"),
    [
        (["--host", "0.0.0.0"], {}, ["--token-file", "MLTRACK_TOKEN"]),
        (["--host", "::"], {}, ["--token-file", "MLTRACK_TOKEN"]),
        (["--host", "0.0.0.0"], {"MLTRACK_TOKEN": "short"}, ["MLTRACK_TOKEN=", "5 characters"]),
        (["--host", "203.0.113.7"], {"MLTRACK_TOKEN": "x" * 32}, ["--host"]),
        (["--token-file", "/nonexistent/token"], {}, ["--token-file", "No such file"]),
        (["--allowed-hosts", "*"], {}, ["--allowed-hosts"]),
        (["--port", "70000"], {}, ["--port"]),
        (["--database", "runs.db"], {}, ["--database", "sqlite:////"]),
        (["--database", "oracle+nope://ada:secret@x/y"], {}, ["--database"]),
        (["--database", "postgresql+psycopg://ada:secret@127.0.0.1:1/y"], {}, ["ada:***@"]),
    ],
)
def test_a_server_that_would_be_open_or_useless_does_not_start(
    start: Start, arguments: list[str], environ: dict[str, str], words: list[str]
) -> None:
    """Each refusal names the flag and what to do instead."""
    error = failure_of(start("server", "--port", "0", *arguments, **environ))

    assert all(word in error for word in words), error
    assert "secret" not in error


def test_a_server_with_a_token_listens_everywhere(start: Start, tmp_path: Path) -> None:
    """With a token in a file it starts, and the token is asked for."""
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123456789abcdef\n")
    server = start("server", "--host", "0.0.0.0", "--port", "0", "--token-file", str(token))
    address = address_of(server)

    without = requests.get(f"{address}/api/v1/runs", timeout=WAIT_S)
    bearer = {"Authorization": f"Bearer {token.read_text().strip()}"}
    inside = requests.get(f"{address}/api/v1/runs", headers=bearer, timeout=WAIT_S)
    server.terminate()
    out, err = server.communicate(timeout=WAIT_S)

    assert (without.status_code, inside.status_code) == (401, 200)
    assert token.read_text().strip() not in out + err


def test_a_corrupt_store_is_named(start: Start, tmp_path: Path) -> None:
    """A damaged database is reported by its path and left as it is."""
    (tmp_path / "store").mkdir()
    database = tmp_path / "store" / "mltrack.sqlite3"
    database.write_bytes(b"this is no database, whatever its name says" * 100)
    before = database.read_bytes()

    error = failure_of(start("ui", "--port", "0", "--no-browser"))

    assert str(database) in error
    assert database.read_bytes() == before


def test_a_store_of_a_newer_mltrack_is_left_alone(start: Start, tmp_path: Path) -> None:
    """An older server does not touch what it does not understand."""
    ui = start("ui", "--port", "0", "--no-browser")
    address_of(ui)
    ui.terminate()
    ui.wait(WAIT_S)
    with contextlib.closing(sqlite3.connect(tmp_path / "store" / "mltrack.sqlite3")) as database:
        database.execute("UPDATE mltrack_version SET version_num = 'from the future'")
        database.commit()

    error = failure_of(start("ui", "--port", "0", "--no-browser"))

    assert "mltrack.sqlite3" in error


def test_a_folder_without_permission_is_named(start: Start, tmp_path: Path) -> None:
    """A folder that cannot be made is reported, with the setting that chooses another."""
    (tmp_path / "file").write_text("not a folder")

    error = failure_of(start("ui", "--no-browser", MLTRACK_DIR=str(tmp_path / "file" / "below")))

    assert "MLTRACK_DIR" in error


def test_the_commands_load_nothing_until_they_run() -> None:
    """`mltrack --help` must not wait for a web server to be imported."""
    code = (
        "import sys, mltrack_server._commands as c, argparse;"
        "c.register(argparse.ArgumentParser().add_subparsers());"
        "print(*(m for m in ('aiohttp', 'sqlalchemy', 'numpy', 'requests') if m in sys.modules))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=WAIT_S
    )

    assert done.stdout.strip() == ""
