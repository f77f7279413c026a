"""Files of runs over HTTP: what a training made is handed out and never runs."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from mltrack_core import records
from mltrack_core.blobs import digest_of
from mltrack_core.records import ArtifactFile
from mltrack_core.records import CheckpointFile
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started

ID = "0" * 31 + "1"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1"
SANDBOX = "sandbox; default-src 'none'"


def store(server: RunningServer, agent: Agent, name: str, data: bytes) -> str:
    """Store a file, and return its address."""
    digest = digest_of(data)
    assert server.ask("PUT", f"/api/v1/blobs/{digest}", data=data).status_code == 204
    batch = agent.batch(
        0,
        started(),
        records.File(
            1, ID, name, f"/out/{name}", "output", [CheckpointFile(name, len(data), 1)], kept="copy"
        ),
        records.Artifact(2, ID, [ArtifactFile(name, len(data), digest, [digest])]),
    )
    assert server.post(agent.path, data=batch.pack()).status_code == 200
    return f"/api/v1/runs/{agent.run}/files/{ID}"


def test_a_file_is_listed_shown_and_comes_back(server: RunningServer, agent: Agent) -> None:
    """Whole or in part, with its hash as ETag."""
    path = store(server, agent, "report.md", b"# fine")

    listed = server.get(f"/api/v1/runs/{agent.run}/files").json()
    assert [(each["name"], each["status"]) for each in listed["files"]] == [("report.md", "stored")]
    assert (listed["first"], listed["total"]) == (0, 1)
    assert [each["sha256"] for each in server.get(path).json()["files"]] == [digest_of(b"# fine")]
    whole = server.get(f"{path}/bytes/report.md")
    assert (whole.content, whole.headers["ETag"]) == (b"# fine", f'"{digest_of(b"# fine")}"')
    part = server.get(f"{path}/bytes/report.md", headers={"Range": "bytes=2-"})
    assert (part.status_code, part.content) == (206, b"fine")
    assert server.get(f"{path}/preview/report.md").json()["text"] == "# fine"
    assert server.get(f"/api/v1/runs/{agent.run}/provenance").json()["links"] == []


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("page.html", b"<script>alert(1)</script>"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("page.png", b"<html><script>alert(1)</script>"),
        ("both.png", PNG + b"<script>alert(1)</script>"),
        ("a.js", b"alert(1)"),
        ("\u202egnp.exe", b"MZ"),
        ('a";filename="b.html', b"x"),
        ("a\r\nSet-Cookie: x=1", b"x"),
    ],
)
def test_nothing_that_is_served_runs(
    name: str, data: bytes, server: RunningServer, agent: Agent
) -> None:
    """An attachment of no type, in a sandbox, and no header is the file name's to write."""
    path = store(server, agent, name, data)

    answer = server.get(f"{path}/bytes/{quote(name, safe='')}")
    image = server.get(f"{path}/image/{quote(name, safe='')}")

    assert answer.content == data
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert (
        answer.headers["Content-Disposition"]
        == f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    )
    assert "Set-Cookie" not in answer.headers
    for each in (answer, image):
        assert each.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == SANDBOX
    assert image.status_code == (200 if data.startswith(PNG) else 404)
    if image.status_code == 200:
        assert image.headers["Content-Type"] == "image/png"
        assert image.headers["Content-Security-Policy"] == SANDBOX


@pytest.mark.parametrize(
    "path", ["../../../etc/passwd", "..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd", "other", "a%00b"]
)
@pytest.mark.parametrize("what", ["bytes", "image", "preview"])
def test_no_address_names_a_file_of_the_server(
    what: str, path: str, server: RunningServer, agent: Agent
) -> None:
    """Only what the run has recorded is found, by the very name that it has."""
    address = store(server, agent, "report.md", b"# fine")

    assert server.get(f"{address}/{what}/{path}").status_code in (400, 404)


def test_what_was_stored_and_has_gone_says_so(
    server: RunningServer, agent: Agent, tmp_path: Path
) -> None:
    """410; and a file that was never kept is not there."""
    path = store(server, agent, "report.md", b"# fine")
    digest = digest_of(b"# fine")
    (blob,) = (tmp_path / "store").rglob(digest)
    blob.unlink()

    assert server.get(f"{path}/bytes/report.md").status_code == 410
    assert server.get(f"{path}/preview/report.md").status_code == 410
    listed = server.get(f"/api/v1/runs/{agent.run}/files").json()
    assert [each["status"] for each in listed["files"]] == ["missing"]
    assert server.get(f"/api/v1/runs/{'f' * 32}/files").status_code == 404
    assert server.get(f"/api/v1/runs/{'f' * 32}/provenance").status_code == 404
    assert server.get(f"/api/v1/runs/{agent.run}/files/{'f' * 32}").status_code == 404


@pytest.mark.parametrize("query", ["first=-1", "limit=0", "limit=2001", "first=x", "x=1"])
def test_a_page_that_there_cannot_be_is_refused(
    query: str, server: RunningServer, agent: Agent
) -> None:
    """With the word for what is wrong."""
    store(server, agent, "report.md", b"# fine")

    assert server.get(f"/api/v1/runs/{agent.run}/files?{query}").status_code == 422
