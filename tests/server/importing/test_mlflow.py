"""MLflow's folders and databases."""

from __future__ import annotations

import errno
import math
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from mltrack.importing.mlflow import typed
from mltrack.importing.mlflow_files import plain_yaml
from mltrack_core.records import File
from mltrack_core.records import Gap
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.testing.spool import RecordedSpool

Import = Callable[..., RecordedSpool]

GOLDEN = Path(__file__).with_name("golden") / "mlflow"


def by_name(spool: RecordedSpool) -> dict[str, str]:
    """Return the id of each run by its name."""
    return {spool.of(RunStarted, run)[0].name: run for run in spool.runs()}


@pytest.fixture(params=["files", "database"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """What MLflow wrote for one program, in either way."""
    if request.param == "files":
        shutil.copytree(GOLDEN / "mlruns", tmp_path / "mlruns")
        return tmp_path / "mlruns"
    path = tmp_path / "mlflow.db"
    with sqlite3.connect(path) as connection:
        connection.executescript((GOLDEN / "mlflow.sql").read_text("utf-8"))
    connection.close()
    return path


def test_what_mlflow_wrote(
    store: Path, imports: Import, capsys: pytest.CaptureFixture[str]
) -> None:
    """Runs keep their ids; parameters have the types that they were logged with."""
    spool = imports(store)

    runs = by_name(spool)
    assert sorted(runs) == ["broken", "child", "fox 'one'", "going on"]
    fox = runs["fox 'one'"]
    (begun,) = spool.of(RunStarted, fox)
    assert (begun.project, begun.user, begun.command) == ("digits: a", "ada", ["train.py"])
    assert (begun.tags, begun.notes) == (["k=v"], "a note")
    params = spool.params(fox)
    assert params[""] == {
        "lr": 0.1, "bs": 32, "opt": "adam", "flag": True, "text": "1e-3", "none": None,
    }  # fmt: skip
    assert params["git"] == {"commit": "8f3a1c5e"}
    values = [1.0, 1 / 3, math.nan, math.inf, -math.inf]
    assert repr(spool.series(fox)) == repr({"train/loss": list(enumerate(values))})
    (ended,) = spool.of(RunEnded, fox)
    assert ended.state == "finished"
    assert begun.time_ns <= spool.of(Scalars, fox)[0].time_ns <= ended.time_ns
    assert spool.of(RunStarted, runs["child"])[0].parent == fox
    assert [end.state for end in spool.of(RunEnded, runs["broken"])] == ["failed"]
    assert spool.of(RunEnded, runs["going on"]) == []
    assert "because they were deleted there: 1" in capsys.readouterr().out


def test_artifacts_are_files_that_stay_where_they_are(imports: Import, tmp_path: Path) -> None:
    """By their names and sizes; where the folder lies now, not where it was written."""
    shutil.copytree(GOLDEN / "mlruns", tmp_path / "moved")

    spool = imports(tmp_path / "moved")

    (file,) = spool.of(File, by_name(spool)["fox 'one'"])
    assert (file.name, file.is_folder, file.kind) == ("a", True, "artifact")
    assert file.path.startswith(str(tmp_path))
    assert [(one.path, one.bytes) for one in file.files] == [("hello.txt", 5)]


def test_a_line_that_is_damaged_costs_itself(imports: Import, tmp_path: Path) -> None:
    """The values around it are imported."""
    shutil.copytree(GOLDEN / "mlruns", tmp_path / "mlruns")
    (path,) = tmp_path.rglob("metrics/train/loss")
    lines = path.read_text().splitlines()
    damaged = ["1795 what 1", "17", f"{2**63} 1 1", f"1795 1 {2**80}"]
    path.write_text("\n".join([lines[0], *damaged, *lines[3:]]))

    spool = imports(tmp_path / "mlruns")

    fox = by_name(spool)["fox 'one'"]
    assert [step for step, _ in spool.series(fox)["train/loss"]] == [0, 3, 4]
    assert [gap.count for gap in spool.of(Gap, fox)] == [2, 2]


@pytest.mark.parametrize("closed", ["metrics", "artifacts"])
def test_a_part_that_cannot_be_read_costs_itself(
    closed: str, imports: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of the run is imported, and it says what it lacks."""
    shutil.copytree(GOLDEN / "mlruns", tmp_path / "mlruns")

    def closing(function: Callable[[str], object]) -> Callable[[str], object]:
        def guarded(path: str) -> object:
            if str(path).endswith(closed):  # permissions are nothing to root
                raise PermissionError(errno.EACCES, "Permission denied", path)
            return function(path)

        return guarded

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", closing(os.scandir))
        patched.setattr(os, "listdir", closing(os.listdir))
        spool = imports(tmp_path / "mlruns")

    fox = by_name(spool)["fox 'one'"]
    assert spool.params(fox)[""]["lr"] == 0.1
    assert [gap.reason.partition(": ")[2] for gap in spool.of(Gap, fox)] == [
        f"a folder of {'artifacts' if closed == 'artifacts' else 'the run'}: Permission denied"
    ]


def test_a_damaged_database_is_refused_in_words(
    imports: Import, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing is imported of it."""
    (tmp_path / "mlflow.db").write_bytes(b"SQLite format 3\0" + b"x" * 5000)

    spool = imports(tmp_path / "mlflow.db", status=1)

    assert spool.runs() == []
    assert "mlflow.db: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", 0.1),
        ("1e-05", 1e-05),
        ("1e-5", "1e-5"),
        ("007", "007"),
        ("-3", -3),
        ("nan", math.nan),
        ("True", True),
        ("true", "true"),
        ("[1]", "[1]"),
    ],
)
def test_parameters_are_what_python_would_write_so(text: str, value: object) -> None:
    """Anything else stays text: no digit of it is lost."""
    assert repr(typed(text)) == repr(value)


def test_yaml_as_mlflow_writes_it() -> None:
    """Quotes, escapes, and values that go on in the next line."""
    text = (
        "a: plain\nb: 'it''s: here'\nc: null\nd: \"line\\nbreak \\u00e9\\\n  \\ rest\"\n"
        "e: one\n  two\nf: ''\ntags: []\n"
    )

    assert plain_yaml(text) == {
        "a": "plain",
        "b": "it's: here",
        "c": "",
        "d": "line\nbreak é rest",
        "e": "one two",
        "f": "",
        "tags": "[]",
    }
