"""Files that a run writes and reads are recorded as they lie there, and not touched."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

import mltrack_core
from mltrack_core import NullTracker
from mltrack_core.errors import FileInvalid
from mltrack_core.records import File
from mltrack_core.records import Gap
from mltrack_core.spool import layout
from mltrack_core.spool import waiting
from mltrack_core.testing.spool import RecordedSpool

SHA = "ab" * 32


def test_an_output_is_kept_and_an_input_is_not(spool: RecordedSpool, tmp_path: Path) -> None:
    """Size and time of both, the step so far, and names that were given or are the path's."""
    for name in ("train.csv", "report.md"):
        (tmp_path / name).write_bytes(b"1,2\n")

    with mltrack_core.init() as run:
        run.use_file(tmp_path / "train.csv", kind="dataset")
        run.log({"loss": 1.0}, step=41)
        run.log_file(tmp_path / "report.md", "reports/final.md")

    read, written = spool.of(File)
    assert (read.name, read.use, read.kind, read.step) == ("train.csv", "input", "dataset", None)
    assert (written.name, written.use, written.step) == ("reports/final.md", "output", 41)
    assert (read.kept, written.kept in ("copy", "reflink")) == ("", True)
    assert [(file.path, file.bytes) for file in written.files] == [("report.md", 4)]
    waits = [folder for _, folder in waiting.folders(spool.root)]
    kept = sorted(sorted(os.listdir(each)) for each in waits)
    assert kept == [["0", "manifest"], ["manifest"]]


def test_a_folder_is_one_file_of_the_run(spool: RecordedSpool, tmp_path: Path) -> None:
    """Everything in it at any depth, called by the folder's name whatever the path looks like."""
    (tmp_path / "plots" / "deep").mkdir(parents=True)
    (tmp_path / "plots" / "deep" / "roc.png").write_bytes(b"png")
    (tmp_path / "plots" / "loss.png").write_bytes(b"png")

    with mltrack_core.init() as run:
        run.log_file(f"{tmp_path}/plots/deep/../")

    (found,) = spool.of(File)
    assert (found.name, found.path, found.is_folder) == ("plots", str(tmp_path / "plots"), True)
    assert [file.path for file in found.files] == ["loss.png", "deep/roc.png"]


def test_an_address_is_recorded_and_never_asked(spool: RecordedSpool) -> None:
    """With what is known of it; what signs it, and who may read it, is left off."""
    with mltrack_core.init() as run:
        run.use_file(
            "https://ada:hunter2@data.invalid/train.parquet?X-Amz-Signature=0123abcd#part",
            size=2**40,
            modified_s=1.5,
            sha256=SHA.upper(),
        )
        run.log_file("s3://bucket/models/", "model")

    read, written = spool.of(File)
    assert (read.path, read.name) == ("https://data.invalid/train.parquet", "train.parquet")
    assert (read.is_elsewhere, read.size, read.modified_ns) == (True, 2**40, 1_500_000_000)
    assert (read.sha256, read.files) == (SHA, [])
    assert (written.path, written.name, written.size) == ("s3://bucket/models/", "model", None)
    assert list(waiting.folders(spool.root)) == []


@pytest.mark.parametrize(
    ("path", "options", "said"),
    [
        ("gone", {}, "No such file"),
        ("empty", {}, "the folder is empty"),
        ("pipe", {}, "neither a file nor a folder"),
        ("there", {"name": "../../etc/passwd"}, 'none of them empty, "." or ".."'),
        ("there", {"name": "/etc/passwd"}, "none of them empty"),
        ("there", {"name": "a\0b"}, "name="),
        ("there", {"name": "x" * 10_000}, "10000 characters"),
        ("there", {"size": 3}, "of what an address names"),
        ("there", {"sha256": SHA}, "of what an address names"),
        ("file:///etc/passwd", {}, "without file://"),
        ("s3://bucket/x", {"sha256": "md5"}, "64 hexadecimal digits"),
        ("s3://bucket/x", {"size": -1}, "size=-1"),
        ("s3://bucket/x", {"modified_s": float("nan")}, "modified_s=nan"),
        ("s3://", {}, "leads nowhere"),
        ("there", {"step": "seven"}, "seven"),
        (b"there", {}, "bytes"),
        (None, {}, "NoneType"),
    ],
)
def test_what_cannot_be_recorded_costs_a_warning_and_is_counted(
    path: Any,
    options: dict[str, Any],
    said: str,
    spool: RecordedSpool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The training goes on, the loss is on the run, and nothing is left lying about."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "there").write_bytes(b"there")
    os.mkfifo(tmp_path / "pipe")

    with mltrack_core.init() as run:
        run.log_file(path, **options)
        run.log({"loss": 1.0})

    assert spool.of(File) == []
    assert said in caplog.text
    assert [gap.kinds for gap in spool.of(Gap)] == [{"File": 1}]
    assert list(waiting.folders(spool.root)) == []


def test_hostile_names_are_text(spool: RecordedSpool, tmp_path: Path) -> None:
    """Markup, marks that turn the reading direction, and bytes that are no UTF-8."""
    names = ["<script>alert(1)</script>", "\u202egnp.exe", os.fsdecode(b"caf\xe9")]
    with mltrack_core.init() as run:
        for name in names:
            path = tmp_path / name.replace("/", "_")
            path.write_bytes(b"x")
            run.log_file(path)

    found = [each.name for each in spool.of(File)]
    assert [each.kept != "" for each in spool.of(File)] == [True] * 3
    assert found == ["<script>alert(1)<_script>", "\u202egnp.exe", "caf?"]


def test_a_folder_that_cannot_be_written_costs_the_bytes_only(
    spool: RecordedSpool, tmp_path: Path
) -> None:
    """The file is recorded, with the reason; what is not to be kept needs none."""
    (tmp_path / "a").write_bytes(b"a")
    spool.root.mkdir()
    (spool.root / layout.FILES_FOLDER).write_bytes(b"in the way")

    with mltrack_core.init() as run:
        run.log_file(tmp_path / "a")
        run.log_file(tmp_path / "a", keep=False)

    assert [(each.kept, each.reason) for each in spool.of(File)] == [("", "File exists"), ("", "")]


def test_a_run_that_has_ended_or_records_nothing_takes_none(
    spool: RecordedSpool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so once, and leaves nothing behind."""
    (tmp_path / "a").write_bytes(b"a")
    run = mltrack_core.init()
    run.finish()

    run.log_file(tmp_path / "a")
    NullTracker().log_file(tmp_path / "a")
    NullTracker().use_file("nowhere")

    assert "has ended" in caplog.text
    assert spool.of(File) == []
    assert list(waiting.folders(spool.root)) == []


def test_a_forked_child_records_into_a_stream_of_its_own(
    script: Callable[..., CompletedProcess[str]], spool: RecordedSpool
) -> None:
    """A worker of a data loader may say what it reads."""
    done = script(
        """
        import os, pathlib
        import mltrack_core
        pathlib.Path("shard").write_bytes(b"shard")
        run = mltrack_core.init()
        child = os.fork()
        if child == 0:
            run.use_file("shard")
            os._exit(0)
        os.waitpid(child, 0)
        run.log_file("shard")
        """
    )

    assert done.returncode == 0, done.stderr
    (run,) = spool.runs()
    streams = [[each.use for each in s if isinstance(each, File)] for s in spool.streams(run)]
    assert sorted(streams) == [["input"], ["output"]]


def test_the_error_survives_pickling() -> None:
    """Its fields are there on the other side."""
    error = pickle.loads(pickle.dumps(FileInvalid("x", "no such file")))

    assert (error.path, error.reason) == ("x", "no such file")


def test_undecodable_names_within_a_folder_cost_nothing_but_themselves(
    spool: RecordedSpool, tmp_path: Path
) -> None:
    """The folder is recorded and kept; the name is shown with a question mark."""
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / os.fsdecode(b"caf\xe9")).write_bytes(b"x")

    with mltrack_core.init() as run:
        run.log_file(tmp_path / "set")

    (found,) = spool.of(File)
    assert [file.path for file in found.files] == ["caf?"]
    ((_, folder),) = waiting.folders(spool.root)
    manifest = waiting.read(folder / waiting.MANIFEST_FILE)
    assert manifest is not None
    assert manifest.record == found
