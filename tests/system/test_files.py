"""A file's way: written by a training, kept by the agent, brought back, tied to who read it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import mltrack
from mltrack._cli import main
from mltrack.reading.files import FileMissing
from mltrack.reading.files import FileUnavailable
from mltrack.reading.run import RunView
from mltrack_core import records
from mltrack_core.blobs import digest_of
from mltrack_core.spool import waiting
from mltrack_core.testing.delivery import deliver
from mltrack_core.testing.spool import RecordedSpool
from mltrack_server.testing import serve

DATA = random.Random(1).randbytes(3_000_000)


def write(folder: Path, name: str = "report.bin", data: bytes = DATA) -> str:
    """Record a file in a run of its own and throw it away; return the run's id."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(data)
    with mltrack.init(name="writer") as run:
        run.log_file(path, f"out/{name}", step=3)
    path.unlink()
    return run.id


def recorded(run: str) -> RunView:
    """Return the run as it is read back."""
    return mltrack.open().run(run)


def test_a_file_comes_back_after_it_was_thrown_away(place: Any, root: Path, tmp_path: Path) -> None:
    """Byte for byte and under its name, from a folder and from a server alike."""
    run = write(tmp_path / "out")
    deliver(root)

    file = recorded(run).file("out/report.bin")

    assert (file.use, file.step, file.status, file.sha256) == (
        "output",
        3,
        "stored",
        digest_of(DATA),
    )
    assert file.original() is None
    path = file.download(tmp_path / "back")
    assert (path, path.read_bytes()) == (tmp_path / "back" / "out" / "report.bin", DATA)
    assert file.download(tmp_path / "back") == path, "and not fetched twice"
    path.write_bytes(b"mine")
    with pytest.raises(FileUnavailable, match="something else"):
        file.download(tmp_path / "back")
    assert list(waiting.folders(root)) == []


def test_of_several_versions_the_newest_is_meant(root: Path, tmp_path: Path) -> None:
    """Each of them can be had by its id."""
    with mltrack.init() as run:
        for text in (b"first", b"second"):
            (tmp_path / "notes.txt").write_bytes(text)
            run.log_file(tmp_path / "notes.txt")
        run.use_file(tmp_path / "notes.txt")
    deliver(root)

    found = recorded(run.id)

    assert [each.use for each in found.files()] == ["output", "output", "input"]
    assert found.file("notes.txt").download(tmp_path / "a").read_bytes() == b"second"
    first = found.file(found.files()[0].id)
    assert first.download(tmp_path / "b").read_bytes() == b"first"
    with pytest.raises(FileMissing, match=r"no file 'notes.md'; there are notes\.txt"):
        found.file("notes.md")


def test_a_folder_comes_back_as_a_folder(place: Any, root: Path, tmp_path: Path) -> None:
    """Every file in its place, names with blanks and letters of all kinds included."""
    (tmp_path / "plots" / "deep").mkdir(parents=True)
    for name in ("a b?.txt", "deep/ä#%.txt", "deep/empty"):
        (tmp_path / "plots" / name).write_bytes(b"" if name.endswith("empty") else name.encode())
    with mltrack.init() as run:
        run.log_file(tmp_path / "plots")
    deliver(root)

    path = recorded(run.id).file("plots").download(tmp_path / "back")

    assert (path / "a b?.txt").read_bytes() == b"a b?.txt"
    assert (path / "deep" / "ä#%.txt").read_text() == "deep/ä#%.txt"
    assert (path / "deep" / "empty").read_bytes() == b""


def test_who_read_what_who_wrote(place: Any, root: Path, tmp_path: Path) -> None:
    """What comes back from one run and is read by the next ties the two, in both directions."""
    writer = write(tmp_path / "out")
    deliver(root)
    path = recorded(writer).file("out/report.bin").download(tmp_path / "back")
    with mltrack.init(name="reader") as run:
        run.use_file(path, "base")
    deliver(root)

    (link,) = recorded(run.id).file("base").links()
    (back,) = recorded(writer).provenance()

    assert (link.other_run, link.other_use, link.other_name) == (writer, "output", "out/report.bin")
    assert (back.other_run, back.other_use, back.other_name) == (run.id, "input", "base")


def test_what_was_not_kept_says_why(root: Path, tmp_path: Path) -> None:
    """Only read, or elsewhere; what lies there still is found there."""
    path = tmp_path / "train.csv"
    path.write_bytes(b"1,2\n")
    with mltrack.init() as run:
        run.use_file(path)
        run.use_file("s3://bucket/eval.csv", size=10)
    deliver(root)

    read, elsewhere = recorded(run.id).files()

    assert (read.status, read.original()) == ("hashed", path)
    assert (elsewhere.status, elsewhere.original()) == ("elsewhere", None)
    with pytest.raises(FileUnavailable, match="its bytes were not kept"):
        read.download(tmp_path / "back")
    with pytest.raises(FileUnavailable, match=r"elsewhere, at s3://bucket/eval\.csv"):
        elsewhere.download(tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_the_command_lists_and_downloads(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the run's id, its end, or name."""
    run = write(tmp_path / "out")
    deliver(root)

    assert main(["files", run[-8:]]) == 0
    listed = capsys.readouterr().out
    assert main(["files", run, "--download", "out/report.bin", "--to", str(tmp_path / "x")]) == 0
    where = capsys.readouterr().out.strip()
    assert main(["files", run, "--download", "nothing"]) == 1

    assert "out/report.bin" in listed
    assert digest_of(DATA)[:12] in listed
    assert Path(where).read_bytes() == DATA
    assert "has no file 'nothing'" in capsys.readouterr().err


def test_what_was_kept_offline_goes_to_the_server_with_its_run(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the agent has stored here, and what still waits: `mltrack sync` brings both."""
    stored = write(tmp_path / "one")
    deliver(root)
    waits = write(tmp_path / "two", data=DATA[::-1])
    with serve(tmp_path / "server") as server:
        assert main(["sync", "--url", server.address]) == 0

        monkeypatch.setenv("MLTRACK_URL", server.address)
        for run, data in ((stored, DATA), (waits, DATA[::-1])):
            path = recorded(run).file("out/report.bin").download(tmp_path / run)
            assert path.read_bytes() == data
    assert list(waiting.folders(root)) == []


@pytest.mark.slow
def test_an_agent_killed_while_it_uploads_is_gone_on_from(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the server says that it has is whole, and nothing that arrived is sent twice."""
    data = random.Random(2).randbytes(40_000_000)
    script = (
        "import signal, sys; from pathlib import Path; from mltrack_core.agent import keeper; "
        "from mltrack_core.agent.clock import SystemClock; "
        "signal.setitimer(signal.ITIMER_PROF, float(sys.argv[2])); "
        "keeper.Keeper(Path(sys.argv[1]), SystemClock()).keep()"
    )
    with serve(tmp_path / "server") as server:
        monkeypatch.setenv("MLTRACK_URL", server.address)
        run = write(tmp_path / "out", data=data)
        kills = 0
        while list(waiting.folders(root)):
            work_s = 0.1 * (kills + 1)  # of the processor, so each kill meets another instant
            command = [sys.executable, "-c", script, str(root), str(work_s)]
            agent = subprocess.run(command, check=False, env=os.environ)
            assert agent.returncode in (0, -signal.SIGPROF)
            kills += agent.returncode != 0
        deliver(root)

        assert kills
        assert recorded(run).file("out/report.bin").download(tmp_path / "x").read_bytes() == data
    told = [
        each
        for stream in RecordedSpool(root).streams(run)
        for each in stream
        if isinstance(each, records.Artifact)
    ]
    assert all(each.problem == "" for each in told)
