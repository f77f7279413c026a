"""A network folder that hangs costs the training nothing, and its losses are counted."""

import os
import threading
from pathlib import Path

import pytest

from mltrack_core import wire
from mltrack_core.records import Gap
from mltrack_core.records import Note
from mltrack_core.records import Scalars
from mltrack_core.spool import background
from mltrack_core.spool.background import BackgroundWriter
from mltrack_core.spool.background import is_remote
from mltrack_core.spool.writer import SpoolWriter
from mltrack_core.testing.spool import RecordedSpool

RUN = "ab" * 16


class Hanging:
    """A write that hangs while it is told to, as on a server that does not answer."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()
        self.goes_on.set()

    def __call__(self, descriptor: int, data: bytes) -> int:
        self.goes_on.wait()
        return os.write(descriptor, data)


def test_records_arrive_in_order(tmp_path: Path) -> None:
    """A thread between trainer and folder changes nothing about the stream."""
    writer = BackgroundWriter(SpoolWriter(tmp_path, RUN))
    writer.open()

    for step in range(1000):
        assert writer.append(*wire.encode(Scalars(0, step, {"a": 1.0})))
    writer.close()

    (records,) = RecordedSpool(tmp_path).streams_unchecked(RUN)
    assert [r.step for r in records if isinstance(r, Scalars)] == list(range(1000))


def test_a_folder_that_hangs_costs_the_oldest_records_and_counts_them(tmp_path: Path) -> None:
    """The trainer goes on at once; what could not be kept is declared when the folder is back."""
    hanging = Hanging()
    writer = BackgroundWriter(SpoolWriter(tmp_path, RUN, write=hanging), queue_bytes_max=10_000)
    writer.open()
    hanging.goes_on.clear()

    for number in range(100):
        writer.append(*wire.encode(Note(0, f"{number:03d}" + "x" * 1000)))
    hanging.goes_on.set()
    writer.close()

    (records,) = RecordedSpool(tmp_path).streams_unchecked(RUN)
    kept = [r.text[:3] for r in records if isinstance(r, Note)]
    lost = sum(r.count for r in records if isinstance(r, Gap))
    assert kept[-1] == "099"
    assert kept == sorted(kept)
    assert len(kept) + lost == 100
    assert lost > 0


def test_a_folder_that_hangs_for_good_does_not_keep_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing gives up; what was waiting is counted for the last line that the user sees."""
    monkeypatch.setattr(background, "EXIT_S_MAX", 0.05)
    hanging = Hanging()
    writer = BackgroundWriter(SpoolWriter(tmp_path, RUN, write=hanging))
    writer.open()
    hanging.goes_on.clear()
    for _ in range(3):
        writer.append(*wire.encode(Note(0, "x")))

    writer.close()

    assert sum(gap.count for gap in writer.losses.declare()) >= 2
    hanging.goes_on.set()


@pytest.mark.parametrize(
    ("folder", "remote"),
    [("/home/user/runs", True), ("/home", False), ("/scratch x/runs", True), ("/tmp/x", False)],
)
def test_the_table_of_mounts_tells_what_is_remote(
    tmp_path: Path, folder: str, remote: bool
) -> None:
    """The innermost mount decides, also for a folder that does not exist yet."""
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda1 / ext4 rw 0 0\n"
        "server:/home /home/user nfs4 rw 0 0\n"
        "tmpfs /tmp tmpfs rw 0 0\n"
        "lustre /scratch\\040x lustre rw 0 0\n"
    )

    assert is_remote(Path(folder), mounts) is remote


def test_without_a_table_of_mounts_every_folder_is_local(tmp_path: Path) -> None:
    """MacOS has none."""
    assert not is_remote(tmp_path, tmp_path / "none")
