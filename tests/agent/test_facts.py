"""Facts about machine, packages and checkout."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from mltrack_core._facts import process_started
from mltrack_core.agent import facts
from mltrack_core.agent import liveness
from mltrack_core.limits import DIFF_BYTES_MAX


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A real checkout with one commit."""
    folder = tmp_path / "checkout"
    (folder / "below").mkdir(parents=True)
    (folder / "model.py").write_text("lr = 1\n")
    (folder / "prod.env").write_text("PASSWORD=old\n")
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        identity = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
        subprocess.run(["git", "-C", folder, *identity, *arguments], check=True)
    return folder


def test_the_machine_is_described() -> None:
    """What a person wants to compare between machines."""
    host = facts.host()

    assert host["cpu.threads"] == os.cpu_count()
    assert {"cpu.model", "memory_bytes", "os", "kernel", "architecture"} <= set(host)


def test_packages_are_those_of_the_trainer() -> None:
    """With their versions, as importlib.metadata tells them in the trainer's place."""
    environment = facts.environment(os.getpid(), process_started(os.getpid()))

    assert environment["msgspec"] == importlib.metadata.version("msgspec")


def test_another_environment_is_looked_up_where_the_trainer_imports_from(tmp_path: Path) -> None:
    """One agent serves trainers of several virtual environments."""
    venv.create(tmp_path / "other", symlinks=True)
    (packages,) = (tmp_path / "other" / "lib").glob("python*/site-packages")
    (packages / "only_there-7.dist-info").mkdir()
    (packages / "only_there-7.dist-info" / "METADATA").write_text("Name: only-there\nVersion: 7\n")
    library = packages / "library.so"
    library.write_bytes(b"\0" * 4096)
    trainer = subprocess.Popen(
        [
            tmp_path / "other" / "bin" / "python",
            "-c",
            "import mmap, sys\n"
            f"file = open({str(library)!r}, 'rb')\n"
            "mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)\n"
            "print(flush=True); sys.stdin.read()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert trainer.stdout is not None
    trainer.stdout.readline()

    environment = facts.environment(trainer.pid, process_started(trainer.pid))

    trainer.communicate()
    assert environment == {"only-there": "7"}


def test_packages_of_a_process_that_is_gone_are_known_of_the_starter_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It started the agent with its own interpreter; of any other one nothing is made up."""
    monkeypatch.setattr(liveness, "_inherited", {})
    gone = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = process_started(gone.pid)
    pidfd = os.pidfd_open(gone.pid)
    gone.communicate(b"\n")

    assert facts.environment(gone.pid, started) == {}
    liveness.inherit(gone.pid, started, pidfd)
    assert "msgspec" in facts.environment(gone.pid, started)
    os.close(pidfd)


def test_a_clean_checkout_is_clean(checkout: Path) -> None:
    """And where there is none, nothing is said."""
    assert facts.git(checkout / "below", wants_diff=True) == {"dirty": False}
    assert facts.git(checkout.parent, wants_diff=True) == {}
    assert facts.git(checkout / "gone", wants_diff=True) == {}


def test_changes_are_recorded_where_that_was_asked_for(checkout: Path) -> None:
    """Of the whole checkout, also if the trainer ran below; without files of secrets."""
    (checkout / "model.py").write_text("lr = 2\n")
    (checkout / "prod.env").write_text("PASSWORD=hunter2hunter2\n")

    assert facts.git(checkout / "below", wants_diff=False) == {"dirty": True}
    diff = facts.git(checkout / "below", wants_diff=True)["diff"]

    assert isinstance(diff, str)
    assert "-lr = 1\n+lr = 2\n" in diff
    assert "hunter2" not in diff


def test_a_long_diff_is_cut_and_says_so(checkout: Path) -> None:
    """A checked-in notebook must not fill the spool."""
    (checkout / "model.py").write_text("x = 1\n" * DIFF_BYTES_MAX)

    recorded = facts.git(checkout, wants_diff=True)

    assert len(str(recorded["diff"])) == DIFF_BYTES_MAX
    assert int(str(recorded["diff_bytes"])) > DIFF_BYTES_MAX


def test_looking_does_not_touch_the_checkout(checkout: Path) -> None:
    """Not even git's index, which a user's own git may be about to write."""
    (checkout / "model.py").write_text("lr = 2\n")
    os.utime(checkout / "prod.env")  # a plain `git status` would refresh the index for it
    before = {path: path.stat().st_mtime_ns for path in checkout.rglob("*")}

    facts.git(checkout, wants_diff=True)

    assert {path: path.stat().st_mtime_ns for path in checkout.rglob("*")} == before
