"""A checkpoint's way: written by a training, kept by the agent, brought back, let go of."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

import mltrack
from mltrack._cli import main
from mltrack.reading.checkpoints import CheckpointUnavailable
from mltrack.reading.run import NotFound
from mltrack.reading.run import RunView
from mltrack_core import blobs as core_blobs
from mltrack_core.agent.clock import SystemClock
from mltrack_core.agent.keeper import Keeper
from mltrack_core.agent.shipping import Shipper
from mltrack_core.spool import layout
from mltrack_core.spool import waiting
from mltrack_core.testing.delivery import deliver
from mltrack_server.resources import RetentionQuery
from mltrack_server.testing import serve

SHARED = random.Random(1).randbytes(3_000_000)


def train(folder: Path, losses: list[float], *, is_sharded: bool = False, **options: Any) -> str:
    """Write a checkpoint for each loss and rotate it away; return the run's id."""
    folder.mkdir(exist_ok=True)
    with mltrack.init(name="training", checkpoints="all", **options) as run:
        for step, loss in enumerate(losses):
            path = folder / f"{step}.pt"
            if is_sharded:
                (path / "deep").mkdir(parents=True)
                (path / "deep" / "1.bin").write_bytes(SHARED + bytes([step]))
                (path / "index.json").write_bytes(b"{}")
            else:
                path.write_bytes(content(step))
            run.log({"loss": loss}, step=step)
            run.log_checkpoint(path, step=step, metrics={"loss": loss}, monitor="loss", mode="min")
            if not is_sharded:
                path.unlink()
    return run.id


def content(step: int) -> bytes:
    """Return the checkpoint of *step*."""
    return b"header" * step + SHARED + random.Random(step).randbytes(300_000)


def recorded(run: str) -> RunView:
    """Return the run as it is read back."""
    return mltrack.open().run(run)


def test_a_checkpoint_comes_back_after_the_training_threw_it_away(
    place: Any, root: Path, tmp_path: Path
) -> None:
    """The best and the last, byte for byte, from a folder and from a server alike."""
    run = train(tmp_path / "out", [0.5, 0.1, 0.3])
    deliver(root)

    best = recorded(run).checkpoint("best").download(tmp_path / "restored")
    last = recorded(run).checkpoint("last").download(tmp_path / "restored")

    assert (best.name, best.read_bytes()) == ("1.pt", content(1))
    assert (last.name, last.read_bytes()) == ("2.pt", content(2))
    assert [each.status for each in recorded(run).checkpoints()] == ["stored"] * 3
    assert sorted(os.listdir(tmp_path / "restored")) == ["1.pt", "2.pt"], "no half of anything"
    assert list(waiting.folders(root)) == []


def test_a_sharded_checkpoint_comes_back_as_a_folder(
    place: Any, root: Path, tmp_path: Path
) -> None:
    """Every file in its place."""
    run = train(tmp_path / "out", [0.5], is_sharded=True)
    deliver(root)

    path = recorded(run).checkpoint().download(tmp_path / "restored")

    assert (path / "deep" / "1.bin").read_bytes() == SHARED + b"\0"
    assert (path / "index.json").read_bytes() == b"{}"


def test_what_is_in_the_way_stays(place: Any, root: Path, tmp_path: Path) -> None:
    """The same checkpoint is not fetched twice; something else is not overwritten."""
    run = train(tmp_path / "out", [0.5])
    deliver(root)
    checkpoint = recorded(run).checkpoint()
    path = checkpoint.download(tmp_path)
    before = path.stat()

    assert checkpoint.download(tmp_path) == path
    after = path.stat()  # it was read, so the time of that may be another
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    path.write_bytes(b"mine")
    with pytest.raises(CheckpointUnavailable, match="something else"):
        checkpoint.download(tmp_path)
    assert path.read_bytes() == b"mine"


def test_damaged_bytes_never_get_the_name(root: Path, tmp_path: Path) -> None:
    """A blob that a disk changed is found by its hash, and nothing is left behind."""
    run = train(tmp_path / "out", [0.5])
    deliver(root)
    blob = max((root / layout.BLOBS_FOLDER).rglob("*"), key=lambda each: each.stat().st_size)
    blob.write_bytes(bytes(blob.stat().st_size))

    with pytest.raises(CheckpointUnavailable, match="another SHA-256"):
        recorded(run).checkpoint().download(tmp_path / "restored")

    assert os.listdir(tmp_path / "restored") == []


def test_what_was_not_kept_says_why(root: Path, tmp_path: Path) -> None:
    """Which checkpoint there is none of, and which has no bytes."""
    path = tmp_path / "model.pt"
    path.write_bytes(b"weights")
    with mltrack.init() as run:
        run.log_checkpoint(path)
    deliver(root)

    with pytest.raises(CheckpointUnavailable, match=r"init\(checkpoints="):
        recorded(run.id).checkpoint().download(tmp_path / "restored")
    with pytest.raises(NotFound, match="there are last"):
        recorded(run.id).checkpoint("best")


def test_a_run_goes_on_from_its_last_checkpoint(place: Any, root: Path, tmp_path: Path) -> None:
    """As the next attempt of the same run, with the file that was last written."""
    run = train(tmp_path / "out", [0.5, 0.1])
    deliver(root)

    again = mltrack.resume(run[-8:])

    assert (again.run.id, again.step, again.reason) == (run, 1, "")
    assert again.path is not None
    assert again.path.read_bytes() == content(1)
    again.run.finish()
    deliver(root)
    assert recorded(run).details.summary.attempts == 2
    assert recorded(run).name == "training"


def test_the_file_itself_is_taken_where_it_still_lies(root: Path, tmp_path: Path) -> None:
    """Nothing is copied then; and a run without checkpoints goes on all the same."""
    path = tmp_path / "model.pt"
    path.write_bytes(b"weights")
    with mltrack.init() as run:
        run.log_checkpoint(path, step=7)
    with mltrack.init() as bare:
        bare.log({"loss": 1.0})

    there, none = mltrack.resume(run.id), mltrack.resume(bare.id)

    assert (there.path, there.step) == (path, 7)
    assert (none.path, none.step) == (None, 0)
    assert "no checkpoint" in none.reason


def test_rules_show_first_and_delete_on_request(
    place: Any,
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What stays can be had, what goes is gone, and what both had in common stays."""
    run = train(tmp_path / "out", [0.5, 0.1, 0.3, 0.4])
    deliver(root)
    rules = ["checkpoints", run, "--keep-best", "1", "--keep-last", "1"]

    assert main(rules) == 0
    shown = capsys.readouterr().out
    assert shown.count("goes") == 2
    assert "would free" in shown
    assert [each.status for each in recorded(run).checkpoints()] == ["stored"] * 4
    monkeypatch.setattr(core_blobs, "LEASE_S", -60.0)
    assert main([*rules, "--apply"]) == 0

    found = recorded(run).checkpoints()
    assert [each.status for each in found] == ["removed", "stored", "removed", "stored"]
    for each in (found[1], found[3]):
        assert each.download(tmp_path / "restored").read_bytes() == content(each.step)
    with pytest.raises(CheckpointUnavailable, match="let go of"):
        found[0].download(tmp_path / "restored")
    assert "freed" in capsys.readouterr().out

    assert main(["checkpoints", run, "--only", found[1].id[-8:], "--apply"]) == 0
    assert [each.status for each in recorded(run).checkpoints()] == [*["removed"] * 3, "stored"]


def test_a_blob_that_was_asked_for_lately_stays(root: Path, tmp_path: Path) -> None:
    """An agent may be about to name it: an hour later it goes with the next call."""
    run = train(tmp_path / "out", [0.5, 0.1])
    deliver(root)
    folder = root / layout.BLOBS_FOLDER
    before = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

    with mltrack.open() as reader:
        rules = RetentionQuery(runs=[run], keep_best=0, apply=True)
        first = reader.retain(rules)
        for path in folder.rglob("*"):
            os.utime(path, (0, 0))
        second = reader.retain(rules)

    assert (first.bytes_freed, first.bytes_later) == (0, before)
    assert (second.bytes_freed, second.bytes_later) == (before, 0)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a", "--project", "b"],
        ["a", "--apply"],
        ["--project", "b", "--only", "c"],
    ],
    ids=["no run", "run and project", "no rule", "one of a project"],
)
def test_a_command_that_says_too_little_does_nothing(
    arguments: list[str], root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing goes without a rule that says what stays."""
    assert main(["checkpoints", *arguments]) == 2
    assert "say what is to stay" in capsys.readouterr().err


def test_a_broken_download_goes_on(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the byte at which the connection broke, and the hash is right in the end."""
    import requests

    with serve(tmp_path / "server") as server:
        monkeypatch.setenv("MLTRACK_URL", server.address)
        run = train(tmp_path / "out", [0.5])
        deliver(root)
        whole = requests.Response.iter_content
        breaks = [1, 2]

        def breaking(self: requests.Response, size: int) -> Any:
            for number, part in enumerate(whole(self, size)):
                if breaks and number == breaks[-1]:
                    breaks.pop()
                    raise requests.ConnectionError("broken on purpose")
                yield part

        monkeypatch.setattr(requests.Response, "iter_content", breaking)
        path = recorded(run).checkpoint().download(tmp_path / "restored")

    assert path.read_bytes() == content(0)
    assert breaks == []


def test_a_server_without_room_is_tried_again(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The captured copy waits, the run says why, and nothing half stored counts."""
    with serve(tmp_path / "server") as server:
        monkeypatch.setenv("MLTRACK_URL", server.address)
        run = train(tmp_path / "out", [0.5])
        with monkeypatch.context() as full:
            full.setattr("mltrack_core.spool.space.spare_bytes", lambda _root: 3)
            keeper = Keeper(root, SystemClock())
            keeper.keep()
            keeper.close()
        shipper = Shipper(root, SystemClock())
        while shipper.ship([run]):
            pass
        (waits,) = recorded(run).checkpoints()
        assert waits.status == "recorded"
        assert "answered 507" in waits.summary.problem

        deliver(root)

        assert recorded(run).checkpoint().status == "stored"


def test_what_was_kept_offline_goes_to_the_server_with_its_run(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the agent has stored here, and what still waits: `mltrack sync` brings both."""
    stored = train(tmp_path / "one", [0.5])
    deliver(root)
    waits = train(tmp_path / "two", [0.5, 0.1])
    with serve(tmp_path / "server") as server:
        assert main(["sync", "--url", server.address]) == 0

        monkeypatch.setenv("MLTRACK_URL", server.address)
        for run, step in ((stored, 0), (waits, 1)):
            path = recorded(run).checkpoint().download(tmp_path / run)
            assert path.read_bytes() == content(step)
    assert list(waiting.folders(root)) == []
