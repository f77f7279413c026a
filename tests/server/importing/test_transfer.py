"""What `mltrack import` does with runs, wherever they come from."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import mltrack
from mltrack import _cli
from mltrack.importing.imported import staging
from mltrack_core.records import Console
from mltrack_core.records import Params
from mltrack_core.records import RunStarted
from mltrack_core.spool import destination
from mltrack_core.spool import layout
from mltrack_core.spool import writer
from mltrack_core.testing.spool import RecordedSpool
from mltrack_server.testing import serve

Import = Callable[..., RecordedSpool]

GOLDEN = Path(__file__).with_name("golden")


def test_twice_makes_no_duplicates(
    imports: Import, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Nor does a copy of the folder in another place."""
    first = imports(GOLDEN / "wandb", GOLDEN / "tensorboard").runs()
    capsys.readouterr()
    (tmp_path / "elsewhere").symlink_to(GOLDEN / "tensorboard")

    again = imports(GOLDEN, tmp_path / "elsewhere" / "fox")

    assert len(first) == 2
    assert set(first) < set(again.runs())
    assert "already there: 2\n" in capsys.readouterr().out


def test_what_the_spool_let_go_of_is_still_known(
    imports: Import, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The store has it: retention may remove what is delivered."""
    (run,) = imports(GOLDEN / "wandb").runs()
    with mltrack.open(home) as reader:
        assert reader.run(run).state == "finished"
    for file in layout.run_folder(home, run).iterdir():
        file.unlink()
    capsys.readouterr()

    imports(GOLDEN / "wandb")

    assert "already there: 1" in capsys.readouterr().out


def test_a_deleted_run_does_not_come_back_by_itself(
    imports: Import, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who deleted it wanted that; it is said how to have it again."""
    (run,) = imports(GOLDEN / "wandb").runs()
    assert _cli.main(["delete", run]) == 0
    capsys.readouterr()

    imports(GOLDEN / "wandb")

    told = capsys.readouterr().out
    assert "`mltrack delete --undo` restores them: 1" in told
    assert "already there" not in told


def test_a_dry_run_imports_nothing(imports: Import, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what would come."""
    spool = imports(GOLDEN, "--dry-run")

    assert spool.runs() == []
    told = capsys.readouterr().out
    assert "TensorBoard       tensorboard/fox\n" in told.replace("golden/", "")
    assert "Weights & Biases  digits/fox\n" in told
    assert "would import 6 runs" in told


def test_a_project_for_all_of_them(imports: Import) -> None:
    """Where the names that they have are not wanted."""
    spool = imports(GOLDEN, "--project", "old")

    assert {spool.of(RunStarted, run)[0].project for run in spool.runs()} == {"old"}


def test_where_it_came_from_is_a_fact_of_the_run(imports: Import) -> None:
    """So that it can be found, and found again there."""
    spool = imports(GOLDEN / "wandb")

    facts = spool.params()["launch"]
    assert facts["imported_from"] == "Weights & Biases"
    assert str(facts["imported_path"]).endswith("run-g35exzcl.wandb")


def test_nothing_there_is_an_error(imports: Import, tmp_path: Path) -> None:
    """A typo in a path must not look like an import that worked."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "train.py").write_text("print()")

    assert imports(tmp_path / "empty", status=1).runs() == []
    assert imports(tmp_path / "train.py", status=1).runs() == []
    assert imports(tmp_path / "missing", status=1).runs() == []


def test_a_folder_that_cannot_be_read_costs_itself(
    imports: Import,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The others are imported, and it is said which one was not."""
    shutil.copytree(GOLDEN / "wandb", tmp_path / "runs" / "wandb")
    (tmp_path / "runs" / "closed").mkdir()
    scandir = os.scandir

    def closed(path: str | int) -> object:
        if str(path).endswith("closed"):  # permissions are nothing to root
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", closed)
        spool = imports(tmp_path / "runs", status=1)

    assert len(spool.runs()) == 1
    assert "closed: Permission denied" in capsys.readouterr().err


def test_a_full_disk_leaves_no_part_of_a_run(
    imports: Import, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run is there as a whole or not at all; the next import brings it."""
    calls = iter(range(1000))

    def write(descriptor: int, data: bytes) -> int:
        if next(calls) > 5:
            raise OSError(errno.ENOSPC, "no space left")
        return os.write(descriptor, data)

    with monkeypatch.context() as patched:
        patched.setattr(writer.SpoolWriter.__init__, "__kwdefaults__", {
            **(writer.SpoolWriter.__init__.__kwdefaults__ or {}), "write": write,
        })  # fmt: skip
        spool = imports(GOLDEN / "wandb", status=1)

    assert spool.runs() == []
    assert "nothing of it was imported" in capsys.readouterr().err
    assert len(imports(GOLDEN / "wandb").runs()) == 1


def test_what_a_killed_import_left_is_removed(imports: Import, home: Path) -> None:
    """Before the next one begins."""
    left = home / "importing" / "runs" / "spool" / ("a" * 32)
    left.mkdir(parents=True)

    imports(GOLDEN / "wandb")

    assert [path.name for path in (home / "importing").iterdir()] == ["lock"]


def test_one_import_at_a_time(
    imports: Import, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second one says so."""
    with staging(home):
        imports(GOLDEN / "wandb", status=1)

    assert "another import" in capsys.readouterr().err


def test_secrets_do_not_come_along(imports: Import, tmp_path: Path) -> None:
    """As in runs that mltrack records itself."""
    run = tmp_path / "mlruns" / "1" / ("b" * 32)
    (run / "params").mkdir(parents=True)
    (run / "meta.yaml").write_text(f"experiment_id: '1'\nrun_id: {'b' * 32}\nstart_time: 5\n")
    (run / "params" / "api_key").write_text("0123456789abcdef")

    spool = imports(tmp_path)

    assert spool.runs() == ["b" * 32]  # an id of MLflow's is one of ours
    assert spool.of(Params)[-1].values == {"api_key": "[redacted]"}


def test_it_arrives_at_a_server_with_its_media(
    home: Path, imports: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the way that all records go; a second import asks the server as well."""
    with serve(tmp_path / "server") as server:
        monkeypatch.setenv("MLTRACK_URL", server.address)
        monkeypatch.setenv("MLTRACK_TOKEN", server.token)
        (run,) = imports(GOLDEN / "wandb").runs()
        assert destination.read(home, run) is not None

        assert _cli.main(["sync"]) == 0

        with mltrack.open(server.address) as reader:
            view = reader.run(run)
            assert view.history("val/acc").value.tolist() == [0.5]
            (image,) = view.media("image")
            assert image.read().startswith(b"\x89PNG")
            assert view.state == "finished"
            lines = [line.text for line in RecordedSpool(home).of(Console)]
            assert lines == ["hello", "world"]
