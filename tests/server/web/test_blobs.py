"""Blobs over HTTP, and the files that are made of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from mltrack_core import records
from mltrack_core.blobs import digest_of
from mltrack_core.limits import BLOB_BYTES_MAX
from mltrack_core.records import ArtifactFile
from mltrack_core.records import CheckpointFile
from mltrack_core.spool import space
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started

PIECES = [os.urandom(3000), os.urandom(10), os.urandom(2_000_000)]
FILE = b"".join(PIECES)
ID = "0" * 31 + "1"


def put(server: RunningServer, data: bytes, **options: Any) -> int:
    """Send a blob and return the status."""
    path = f"/api/v1/blobs/{digest_of(data)}"
    return server.ask("PUT", path, data=data, **options).status_code


def store(server: RunningServer, agent: Agent, name: str = "dir/weights 1.pt") -> str:
    """Store a checkpoint of one file, and return the file's address."""
    for piece in PIECES:
        assert put(server, piece) == 204
    file = ArtifactFile(name, len(FILE), digest_of(FILE), [digest_of(piece) for piece in PIECES])
    batch = agent.batch(
        0,
        started(),
        records.Checkpoint(1, ID, "/ckpt", 5, ["best"], [CheckpointFile(name, len(FILE), 1)]),
        records.Artifact(2, ID, [file]),
    )
    assert server.post(agent.path, data=batch.pack()).status_code == 200
    return f"/api/v1/runs/{agent.run}/checkpoints/{ID}/files/{name}"


def test_a_blob_is_asked_for_sent_and_there(server: RunningServer) -> None:
    """Sending it again changes nothing."""
    path = f"/api/v1/blobs/{digest_of(b'weights')}"

    assert server.ask("HEAD", path).status_code == 404
    assert put(server, b"weights") == 204
    assert put(server, b"weights") == 204
    assert server.ask("HEAD", path).status_code == 204


def test_bytes_with_another_hash_are_not_kept(server: RunningServer, tmp_path: Path) -> None:
    """What was damaged on the way is sent again."""
    path = f"/api/v1/blobs/{digest_of(b'weights')}"

    answer = server.ask("PUT", path, data=b"weighty")

    assert answer.status_code == 422
    assert server.ask("HEAD", path).status_code == 404
    assert [each for each in (tmp_path / "store").rglob("*/*") if each.is_file()] == []


@pytest.mark.parametrize("name", ["0" * 63, "Z" * 64, "..%2F..%2Fetc%2Fpasswd"])
def test_what_is_no_hash_is_refused(name: str, server: RunningServer) -> None:
    """No request names a file."""
    assert server.ask("PUT", f"/api/v1/blobs/{name}", data=b"x").status_code == 422


def test_a_blob_has_a_longest_length(server: RunningServer) -> None:
    """Pieces, not files."""
    assert put(server, bytes(BLOB_BYTES_MAX)) == 204
    assert put(server, bytes(BLOB_BYTES_MAX + 1)) == 413


@pytest.mark.parametrize("method", ["HEAD", "PUT"])
def test_blobs_want_the_token(method: str, guarded: RunningServer) -> None:
    """As ingest does: a session cookie is not enough."""
    path = f"/api/v1/blobs/{digest_of(b'x')}"

    answer = guarded.ask(method, path, data=b"x", headers={"Authorization": "Bearer wrong"})

    assert answer.status_code == 401


def test_a_server_without_room_says_so(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """507, to be tried again; what it has it keeps."""
    monkeypatch.setattr(space, "spare_bytes", lambda _path: 3)

    assert put(server, b"weights") == 507


def test_a_file_comes_back_as_it_was(server: RunningServer, agent: Agent) -> None:
    """Whole, as an attachment, with its hash as ETag."""
    path = store(server, agent)

    answer = server.get(path)

    assert answer.content == FILE
    assert answer.headers["ETag"] == f'"{digest_of(FILE)}"'
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''weights%201.pt"
    listed = server.get(f"/api/v1/runs/{agent.run}/checkpoints").json()["checkpoints"]
    assert [each["status"] for each in listed] == ["stored"]
    shown = server.get(f"/api/v1/runs/{agent.run}/checkpoints/{ID}").json()
    assert [file["is_stored"] for file in shown["files"]] == [True]


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=2990-3020", 2990, 3021),
        ("bytes=3005-", 3005, len(FILE)),
        ("bytes=-5", len(FILE) - 5, len(FILE)),
        ("bytes=0-99999999", 0, len(FILE)),
    ],
)
def test_a_range_is_cut_out_of_it(
    wanted: str, start: int, end: int, server: RunningServer, agent: Agent
) -> None:
    """Across the edges of blobs, too: what a broken download goes on with."""
    path = store(server, agent)

    answer = server.get(path, headers={"Range": wanted})

    assert answer.content == FILE[start:end]
    if end - start < len(FILE):
        assert answer.status_code == 206
        assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(FILE)}"


def test_a_range_that_is_not_there(server: RunningServer, agent: Agent) -> None:
    """416; and a range of another state of the file gives the whole file."""
    path = store(server, agent)

    beyond = server.get(path, headers={"Range": "bytes=99999999-"})
    other = server.get(path, headers={"Range": "bytes=5-", "If-Range": '"another"'})

    assert (beyond.status_code, other.status_code) == (416, 200)
    assert other.content == FILE


def test_a_blob_that_has_gone_is_said_to_be(
    server: RunningServer, agent: Agent, tmp_path: Path
) -> None:
    """410 before the first byte, not half a file."""
    path = store(server, agent)
    (gone,) = (tmp_path / "store").rglob(digest_of(PIECES[1]))
    gone.unlink()

    assert server.get(path).status_code == 410
    assert server.get(path.replace("weights", "other")).status_code == 404
