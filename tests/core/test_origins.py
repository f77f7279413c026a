"""Which run has written a file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import mltrack_core
from mltrack_core import origins

SCRIPT = """
import sys
import mltrack_core._launch
mltrack_core._launch.ensure_agent = lambda settings: False
from mltrack_core import origins

if sys.argv[1] == "write":
    run = mltrack_core.init(console="off")
    with open(sys.argv[2], "w") as file:
        file.write("weights")
    origins.note(sys.argv[2], run.id, 7)
    print(run.id, flush=True)
    sys.stdin.readline()
else:
    print(origins.find(sys.argv[2]))
"""


@pytest.fixture
def file(strict_folder: Path, tmp_path: Path) -> Path:
    """A file that a run of this process has written after 7 updates."""
    path = tmp_path / "checkpoint.pt"
    path.write_text("weights")
    with mltrack_core.init(console="off") as run:
        origins.note(path, run.id, 7)
    return path


def test_a_file_is_known_after_it_was_renamed(file: Path, tmp_path: Path) -> None:
    """As by those who write elsewhere, and put whole files in place."""
    moved = file.rename(tmp_path / "best.pt")

    origin = origins.find(moved)

    assert origin is not None
    assert origin.step == 7
    assert origin.goes_on
    assert origins.find(file) is None


def test_a_file_is_unknown_once_somebody_else_has_written_it(file: Path) -> None:
    """In place: the inode is the same, and what is in it another's."""
    inode = file.stat().st_ino

    file.write_text("weights of another")

    assert file.stat().st_ino == inode
    assert origins.find(file) is None


def test_a_damaged_note_is_none(file: Path, strict_folder: Path) -> None:
    """Nothing is raised into the script that loads the file."""
    (written,) = (strict_folder / "origins").iterdir()
    written.write_bytes(written.read_bytes()[:-5])

    assert origins.find(file) is None


def test_who_sets_the_run_is_obeyed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that was chosen by MLTRACK_RUN_ID is not exchanged for the file's."""
    monkeypatch.setenv("MLTRACK_RUN_ID", "0" * 32)

    origin = origins.find(file)

    assert origin is not None
    assert not origin.goes_on


@pytest.mark.slow
def test_only_the_same_program_goes_on_and_only_when_the_first_has_ended(
    strict_folder: Path, tmp_path: Path
) -> None:
    """Two at a time are two runs, whatever they have begun from."""
    train, other = tmp_path / "train.py", tmp_path / "other.py"
    train.write_text(SCRIPT)
    other.write_text(SCRIPT)
    file = tmp_path / "checkpoint.pt"

    def found_by(script: Path) -> str:
        command = [sys.executable, "-P", str(script), "find", str(file)]
        return subprocess.check_output(command, text=True, env=os.environ)

    with subprocess.Popen(
        [sys.executable, "-P", str(train), "write", str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as first:
        assert first.stdout is not None
        run = first.stdout.readline().strip()
        during = found_by(train)
        first.communicate("\n")

    assert f"run='{run}', step=7, goes_on=False" in during
    assert "goes_on=True" in found_by(train)
    assert "goes_on=False" in found_by(other)
