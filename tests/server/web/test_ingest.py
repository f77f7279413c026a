"""Ingest: what is acknowledged is stored once, whatever arrives and however often."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import as_completed
from pathlib import Path

import pytest
import requests
from backports import zstd

from mltrack_core.agent.client import IngestClient
from mltrack_core.errors import ServerRefused
from mltrack_core.limits import MIB
from mltrack_core.records import Scalars
from mltrack_core.spool.destination import Destination
from mltrack_server import app
from mltrack_server import writer
from mltrack_server.lock import store_url
from mltrack_server.testing import WAIT_S
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started
from mltrack_server.testing import wait_until
from mltrack_server.web import body
from mltrack_server.web.problems import Refusal
from mltrack_server.writer import Writer

Serve = Callable[..., contextlib.AbstractContextManager[RunningServer]]


def values(server: RunningServer, agent: Agent, name: str = "loss") -> list[object]:
    """Return the stored points of one series."""
    answer = server.get(f"/api/v1/runs/{agent.run}/history", params={"name": name})
    return list(answer.json()["value"]) if answer.status_code == 200 else []


@pytest.mark.parametrize("encoding", ["", "zstd"])
def test_what_is_sent_is_stored(server: RunningServer, agent: Agent, encoding: str) -> None:
    """A batch is answered with the next seq, and its points can be read back exactly."""
    batches = [agent.batch(0, started()), agent.losses(1, 100)]
    headers = {"Content-Encoding": encoding} if encoding else {}

    answers = [
        server.post(
            agent.path, data=zstd.compress(b.pack()) if encoding else b.pack(), headers=headers
        )
        for b in batches
    ]

    assert [a.json() for a in answers] == [{"next_seq": 1}, {"next_seq": 101}]
    assert server.get(agent.path).json() == {"next_seq": 101}
    assert values(server, agent) == [1 / (step + 1) for step in range(100)]


def test_a_replayed_request_changes_nothing(server: RunningServer, agent: Agent) -> None:
    """Sent again, whole or in overlapping parts, it gives the same answer and no second point."""
    server.post(agent.path, data=agent.batch(0, started()).pack())
    batch = agent.losses(1, 10)
    first = server.post(agent.path, data=batch.pack())

    again = server.post(agent.path, data=batch.pack())
    overlapping = server.post(agent.path, data=agent.losses(6, 10).pack())

    assert first.json() == again.json() == {"next_seq": 11}
    assert overlapping.json() == {"next_seq": 16}
    assert len(values(server, agent)) == 15


def test_a_gap_is_refused_with_the_place_to_go_on(server: RunningServer, agent: Agent) -> None:
    """Records that come too early are not taken, and the answer says which are due."""
    server.post(agent.path, data=agent.batch(0, started()).pack())

    answer = server.post(agent.path, data=agent.losses(5, 3).pack())

    assert answer.status_code == 409
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["next_seq"] == 1
    assert server.get(agent.path).json() == {"next_seq": 1}


def test_a_batch_of_another_stream_is_refused(server: RunningServer, agent: Agent) -> None:
    """The address and the batch must name the same run and stream."""
    answer = server.post(Agent().path, data=agent.batch(0, started()).pack())

    assert answer.status_code == 400


def test_every_damage_is_refused(server: RunningServer, agent: Agent) -> None:
    """A flipped bit anywhere and a cut anywhere are noticed, and nothing of it is stored."""
    good = agent.batch(0, started()).pack()
    flipped = [good[:at] + bytes([good[at] ^ 4]) + good[at + 1 :] for at in range(0, len(good), 5)]
    cut = [good[:at] for at in range(0, len(good), 7)]

    statuses = {server.post(agent.path, data=bad).status_code for bad in flipped + cut if bad}

    # A damaged header can name another version, which is "too new" only under a valid checksum.
    # A cut right behind the header is a batch without records, which is harmless.
    assert statuses <= {400, 200}
    assert server.get(agent.path).json() == {"next_seq": 0}
    assert server.post(agent.path, data=good).status_code == 200


@pytest.mark.parametrize(
    ("sent", "encoding", "status"),
    [
        (zstd.compress(bytes(512 * MIB)), "zstd", 413),
        (zstd.compress(b"not a batch"), "zstd", 400),
        (zstd.compress(b"x" * 1000)[:-3], "zstd", 400),
        (zstd.compress(b"x") + zstd.compress(b"y"), "zstd", 400),
        (b"plain", "zstd", 400),
        (b"\x1f\x8b", "gzip", 415),
        (b"", "", 400),
        (bytes(24 * MIB), "", 413),
    ],
    ids=["bomb", "no batch", "cut", "two frames", "not packed", "gzip", "empty", "too long"],
)
def test_a_bad_body_gets_a_clear_answer(
    server: RunningServer, agent: Agent, sent: bytes, encoding: str, status: int
) -> None:
    """Bombs, cut frames and foreign packings are refused, and the server goes on."""
    headers = {"Content-Encoding": encoding} if encoding else {}

    answer = server.post(agent.path, data=sent, headers=headers)

    assert answer.status_code == status
    assert answer.json()["status"] == status
    assert answer.json()["detail"]
    assert server.get("/healthz").json() == {"status": "ok"}


def test_a_body_of_unknown_length_is_stopped_at_the_limit(
    server: RunningServer, agent: Agent
) -> None:
    """A chunked body that never ends is refused once it is too long."""
    answer = server.post(agent.path, data=(bytes(MIB) for _ in range(24)))

    assert answer.status_code == 413


# What a server does that is killed between the commit and the answer.
DYING_SERVER = """
import asyncio, os, signal, sys
from mltrack_server import app, writer
from mltrack_server.config import Config
from pathlib import Path

submit = writer.Writer.submit
async def submit_and_die(self, batch):
    await submit(self, batch)
    if len(batch.frames) > 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return batch.next_seq
writer.Writer.submit = submit_and_die
listener = app.listen("127.0.0.1", 0)
asyncio.run(app.serve(
    Config(database=sys.argv[1], port=0), listener, lambda address: print(address, flush=True)))
"""


@pytest.mark.slow
def test_a_server_killed_between_commit_and_answer_stores_once(
    tmp_path: Path, make_server: Serve, agent: Agent
) -> None:
    """The agent hears nothing, sends again to the next server, and nothing is doubled."""
    (tmp_path / "store").mkdir()
    batch = agent.losses(1, 50).pack()
    dying = subprocess.Popen(
        [sys.executable, "-c", DYING_SERVER, store_url(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert dying.stdout is not None
    with dying, requests.Session() as http:
        http.trust_env = False
        address = dying.stdout.readline().strip()
        first = agent.batch(0, started()).pack()
        assert http.post(address + agent.path, data=first, timeout=WAIT_S).status_code == 200
        with pytest.raises(requests.ConnectionError):
            http.post(address + agent.path, data=batch, timeout=WAIT_S)
        assert dying.wait(WAIT_S) == -signal.SIGKILL

    with make_server() as server:
        position = server.get(agent.path).json()
        again = server.post(agent.path, data=batch)

        assert position == {"next_seq": 51}
        assert again.json() == {"next_seq": 51}
        assert len(values(server, agent)) == 50


def test_exact_numbers_arrive_exactly(server: RunningServer, agent: Agent) -> None:
    """NaN, the infinities and integers beyond 2^53 come back as they were logged."""
    logged = [float("nan"), float("inf"), float("-inf"), -0.0, 5e-324, 2**53 + 1, -(2**63)]
    points = [Scalars(time.time_ns(), step, {"x": value}) for step, value in enumerate(logged)]
    server.post(agent.path, data=agent.batch(0, started(), *points).pack())

    stored = values(server, agent, "x")

    assert stored == ["NaN", "Infinity", "-Infinity", 0, 5e-324, 2**53 + 1, -(2**63)]
    assert str(stored[3]) == "-0.0"


def test_names_cannot_leave_the_store(server: RunningServer) -> None:
    """An id that is no id is refused before anything looks for it."""
    for bad in ("..%2f..%2fetc", "x" * 32, "A" * 32, "0" * 31, "0" * 32 + "%0a", "%00" * 32):
        answer = server.get(f"/api/v1/ingest/{bad}/{os.urandom(16).hex()}")

        assert answer.status_code in (404, 422), bad


def test_a_client_that_trickles_is_let_go(
    server: RunningServer, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body that does not arrive in time is answered, and its connection is not kept."""
    monkeypatch.setattr(body, "BODY_S_MAX", 0.05)
    head = f"POST {agent.path} HTTP/1.1\r\nHost: {server.host}\r\nContent-Length: 1000\r\n\r\nMLT"

    port = int(server.host.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S) as slow:
        slow.sendall(head.encode())
        answer = slow.recv(4096)

    assert answer.startswith(b"HTTP/1.1 408")


def test_a_client_that_hangs_up_is_no_fault(
    server: RunningServer, agent: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    """Networks break all the time: a body cut off leaves no stack in the log."""
    caplog.set_level(logging.DEBUG, "mltrack_server.web.api")
    host, _, port = server.host.partition(":")
    head = f"POST {agent.path} HTTP/1.1\r\nHost: {server.host}\r\nContent-Length: 100\r\n\r\n"

    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + b"the beginning")

    def answers() -> list[logging.LogRecord]:
        return [record for record in caplog.records if agent.path in record.getMessage()]

    wait_until(answers, "the server to notice")
    assert [record.levelname for record in answers()] == ["DEBUG"]
    assert all(record.levelno < logging.WARNING for record in caplog.records)
    assert server.post(agent.path, data=agent.batch(0, started()).pack()).ok


def test_bodies_beyond_the_room_are_asked_to_come_again() -> None:
    """Memory for bodies is bounded, and is given back."""
    room = body.Room(100)

    with room.hold(60):
        with pytest.raises(Refusal) as refused, room.hold(41):
            pass
        with room.hold(40):
            pass
    with room.hold(100):
        pass

    assert refused.value.status == 503
    assert refused.value.headers["Retry-After"] == "1"


# A server whose files may not grow: the kernel refuses like a full disk.
FULL_SERVER = """
import asyncio, resource, signal, sys
from mltrack_server import app
from mltrack_server.config import Config

def ready(address):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
    print(address, flush=True)

def heal(*_):
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print("healed", flush=True)

signal.signal(signal.SIGUSR1, heal)
app.run(Config(database=sys.argv[1], port=0), app.listen("127.0.0.1", 0), ready)
"""


@pytest.mark.slow
def test_a_full_disk_is_said_and_healed(tmp_path: Path, agent: Agent) -> None:
    """While nothing can be written ingest says 507 and reads go on; afterwards all is taken."""
    (tmp_path / "store").mkdir()
    full = subprocess.Popen(
        [sys.executable, "-c", FULL_SERVER, store_url(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert full.stdout is not None
    with full, requests.Session() as http:
        http.trust_env = False
        try:
            server = RunningServer(address=full.stdout.readline().strip(), token="", http=http)
            first_seq = 1
            assert server.post(agent.path, data=agent.batch(0, started()).pack()).ok
            for _ in range(100):
                batch = agent.losses(first_seq, 2000).pack()
                answer = server.post(agent.path, data=batch)
                if not answer.ok:
                    break
                first_seq += 2000
            health = server.get("/healthz").json()
            position = server.get(agent.path).json()
            full.send_signal(signal.SIGUSR1)
            assert full.stdout.readline() == "healed\n"
            healed = server.post(agent.path, data=batch)

            assert answer.status_code == 507
            assert "Retry-After" in answer.headers
            assert str(tmp_path) not in answer.text
            assert health == {"status": "read only"}
            assert position == {"next_seq": first_seq}
            assert healed.json() == {"next_seq": first_seq + 2000}
            assert values(server, agent) == [1 / (step + 1) for step in range(first_seq + 1999)]
        finally:
            full.kill()


def test_the_golden_request_is_still_taken(server: RunningServer) -> None:
    """The bytes that agents of format version 1 send are stored as what they meant then."""
    golden = Agent(run="0123456789abcdef" * 2, stream="fedcba9876543210" * 2)
    sent = (Path(__file__).parent / "golden" / "batch.bin").read_bytes()

    answer = server.post(golden.path, data=sent)

    assert (answer.status_code, answer.content) == (200, b'{"next_seq":3}')
    assert values(server, golden, "loss") == [0.5, "NaN"]
    assert values(server, golden, "count") == [2**53 + 1]


def test_a_batch_of_a_newer_format_waits(server: RunningServer, agent: Agent) -> None:
    """It is not refused for good: an agent keeps it and asks again when the server is newer."""
    newer = bytearray(agent.batch(0, started()).pack())
    newer[8:10] = (2).to_bytes(2, "little")
    newer[60:64] = zlib.crc32(newer[:60]).to_bytes(4, "little")

    answer = server.post(agent.path, data=bytes(newer))

    assert answer.status_code == 501
    assert answer.json()["type"] == "urn:mltrack:too-new"


def test_an_overloaded_server_asks_to_come_again(
    tmp_path: Path, make_server: Serve, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the disk stalls little is kept waiting; the rest hears 503, and nothing is lost."""
    monkeypatch.setattr(app, "Writer", functools.partial(Writer, patience_s=0.05))
    monkeypatch.setattr(writer, "_WAITING_BYTES_MAX", 5000)
    agents = [agent, Agent()]

    with (
        make_server() as server,
        ThreadPoolExecutor() as threads,
        contextlib.closing(sqlite3.connect(tmp_path / "store" / "mltrack.sqlite3")) as stalling,
    ):

        def send(sender: Agent) -> requests.Response:
            return server.post(sender.path, data=sender.batch(0, started()).pack())

        stalling.execute("BEGIN IMMEDIATE")
        answers = as_completed([threads.submit(send, sender) for sender in agents], WAIT_S)
        refused = next(answers).result()
        stalling.rollback()
        stored = next(answers).result()

        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) >= 1
        assert stored.json() == {"next_seq": 1}
        assert [send(sender).json() for sender in agents] == [{"next_seq": 1}] * 2


def test_an_agent_without_the_token_hears_what_to_do(guarded: RunningServer, agent: Agent) -> None:
    """What `mltrack sync` prints of a refusal is the server's sentence, not its JSON."""
    client = IngestClient(Destination(guarded.address))

    with contextlib.closing(client), pytest.raises(ServerRefused) as raised:
        client.next_seq(agent.run, agent.stream)

    assert "set MLTRACK_TOKEN" in raised.value.detail
    assert "{" not in raised.value.detail
