"""The real thing: full disks, limits, folders without permission, threads, forks, Ctrl-C."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mltrack_core import limits
from mltrack_core import wire
from mltrack_core.errors import SpoolUnavailable
from mltrack_core.records import Console
from mltrack_core.records import Gap
from mltrack_core.records import Note
from mltrack_core.records import Record
from mltrack_core.records import Seal
from mltrack_core.spool import layout
from mltrack_core.spool import space
from mltrack_core.spool.space import Pressure
from mltrack_core.spool.writer import SpoolWriter

Recover = Callable[[SpoolWriter], list[Record | wire.Unknown]]

RUN = "a" * 32


def note(seq: int, size: int = 100) -> tuple[int, bytes]:
    """Return type and payload of a small record."""
    return wire.encode(Note(seq, "x" * size))


def times(records: list[Record | wire.Unknown]) -> list[int]:
    """Return the times of the notes among *records*, which tell them apart here."""
    return [record.time_ns for record in records if isinstance(record, Note)]


@contextlib.contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond *size* bytes meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_size_limit_begins_new_segments(tmp_path: Path, recover: Recover) -> None:
    """RLIMIT_FSIZE (EFBIG) is per file: each full segment is followed by another, nothing lost."""
    writer = SpoolWriter(tmp_path, RUN)

    with file_size_limit(3_000):
        for seq in range(200):
            writer.append(*note(seq))
    writer.close()

    assert times(recover(writer)) == list(range(200))
    segments = layout.segments(tmp_path, RUN)[writer.stream]
    assert len(segments) > 5
    assert max(segment.path.stat().st_size for segment in segments[:-1]) <= 3_000


def test_a_file_size_limit_below_one_record_leaves_no_litter(
    tmp_path: Path, recover: Recover
) -> None:
    """Where headers fit and records do not, no folder fills with empty segments."""
    writer = SpoolWriter(tmp_path, RUN)

    with file_size_limit(100):
        for seq in range(50):
            assert writer.append(*note(seq)) is False
        assert len(list(layout.run_folder(tmp_path, RUN).iterdir())) == 0
    writer.append(*note(50))
    writer.close()

    assert times(recover(writer)) == list(range(51))


def in_namespace(script: str, folder: Path) -> Any:
    """Run *script* on *folder* where it may mount without anybody else seeing it."""
    namespace = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    probe = [*namespace, "sh", "-c", 'mkdir -p "$0" && mount -t tmpfs none "$0"', str(folder)]
    if shutil.which("unshare") is None or subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    done = subprocess.run(
        [*namespace, sys.executable, "-c", textwrap.dedent(script), str(folder)],
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(done.stdout)


FULL_DISK = """
    import json, os, sys
    from pathlib import Path
    from mltrack_core import wire
    from mltrack_core.records import Note
    from mltrack_core.spool.reader import Tail
    from mltrack_core.spool.writer import SpoolWriter

    root, run = Path(sys.argv[1]), "a" * 32
    root.mkdir(exist_ok=True)
    assert os.system(f"mount -t tmpfs -o size=4m none {root}") == 0
    filler = root / "filler"
    writer = SpoolWriter(root, run)
    offered = 0

    def log(count):
        global offered
        kept = 0
        for _ in range(count):
            kept += writer.append(*wire.encode(Note(offered, "x" * 2000)))
            offered += 1
        return kept

    before = log(50)
    with filler.open("wb", buffering=0) as file:  # another program fills the disk to the last byte
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    meanwhile = log(2000)
    filler.unlink()
    behind = log(50)
    writer.close()
    tail = Tail(root, run, writer.stream)
    records = []
    while (batch := tail.read()) is not None:
        records += [wire.decode(frame.number, frame.payload) for frame in batch.frames]
    print(json.dumps({
        "offered": offered, "before": before, "meanwhile": meanwhile, "behind": behind,
        "notes": [record.time_ns for record in records if isinstance(record, Note)],
        "gaps": [record.count for record in records if type(record).__name__ == "Gap"],
        "sealed": type(records[-1]).__name__ == "Seal",
        "damages": len(tail.damages),
    }))
"""


def test_a_disk_that_runs_full_for_real_costs_what_the_gap_says(tmp_path: Path) -> None:
    """A tmpfs of 4 MiB that somebody else fills: the newest MiB arrives, the rest is counted."""
    seen = in_namespace(FULL_DISK, tmp_path / "disk")

    notes, gaps = seen["notes"], seen["gaps"]
    assert (seen["before"], seen["damages"], seen["sealed"]) == (50, 0, True)
    assert seen["meanwhile"] < 10, "only what was left of the last page"
    assert seen["behind"] == 50
    assert notes == sorted(set(notes)), "in order, none twice"
    assert sum(gaps) == seen["offered"] - len(notes) > 0, "the gaps count exactly what is missing"
    assert notes[-50:] == list(range(seen["offered"] - 50, seen["offered"]))
    assert len(notes) > 100 + 400, "the ring's MiB was kept"


def test_a_folder_without_permission_says_so(tmp_path: Path) -> None:
    """`open` names the folder and what to do; `append` goes on without."""
    root = tmp_path / "file, not a folder"
    root.write_text("")
    writer = SpoolWriter(root, RUN)

    with pytest.raises(SpoolUnavailable, match="MLTRACK_DIR"):
        writer.open()

    assert writer.append(*note(1)) is False
    writer.close()
    assert sum(gap.count for gap in writer.losses.declare()) == 1


READ_ONLY_DISK = """
    import json, os, sys
    from pathlib import Path
    from mltrack_core import wire
    from mltrack_core.records import Note
    from mltrack_core.errors import SpoolUnavailable
    from mltrack_core.spool.reader import Tail
    from mltrack_core.spool.writer import SpoolWriter

    root, run = Path(sys.argv[1]), "a" * 32
    root.mkdir(exist_ok=True)
    assert os.system(f"mount -t tmpfs -o size=64m none {root}") == 0
    writer = SpoolWriter(root, run)
    log = lambda first: [writer.append(*wire.encode(Note(n, "x"))) for n in range(first, first + 5)]
    before = log(0)
    # A file that is open for writing keeps a file system writable, as if a daemon closed it:
    os.close(writer._descriptor)
    assert os.system(f"mount -o remount,ro {root}") == 0
    meanwhile = log(5)
    try:
        SpoolWriter(root, "b" * 32).open()
        opened = "opened"
    except SpoolUnavailable as error:
        opened = str(error)
    assert os.system(f"mount -o remount,rw {root}") == 0
    behind = log(10)
    writer.close()
    batches = []
    tail = Tail(root, run, writer.stream)
    while (batch := tail.read()) is not None:
        batches += [wire.decode(frame.number, frame.payload) for frame in batch.frames]
    print(json.dumps({
        "kept": [before, meanwhile, behind], "opened": opened,
        "notes": [record.time_ns for record in batches[:-1]],
    }))
"""


def test_a_disk_that_turns_read_only_and_back_loses_nothing(tmp_path: Path) -> None:
    """EROFS by a real remount: the records wait, `open` says what is wrong, then all arrive."""
    seen = in_namespace(READ_ONLY_DISK, tmp_path / "disk")

    assert seen["kept"] == [[True] * 5, [False] * 5, [True] * 5]
    assert "Read-only file system" in seen["opened"]
    assert seen["notes"] == list(range(15))


def test_files_and_folders_are_for_their_owner_only(tmp_path: Path) -> None:
    """Whatever the umask: what a run records is nobody else's to read."""
    before = os.umask(0)
    try:
        writer = SpoolWriter(tmp_path, RUN)
        writer.open()
    finally:
        os.umask(before)

    folder = layout.run_folder(tmp_path, RUN)
    (segment,) = folder.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert segment.stat().st_mode & 0o777 == 0o600


def test_eight_threads_share_a_stream(tmp_path: Path, recover: Recover) -> None:
    """Nothing is lost or doubled, and each thread's own order is kept, over many segments."""
    writer = SpoolWriter(tmp_path, RUN, segment_bytes_max=20_000)

    def work(thread: int) -> None:
        for count in range(500):
            assert writer.append(*note(thread * 1000 + count))

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()

    read = times(recover(writer))
    assert sorted(read) == sorted(number * 1000 + c for number in range(8) for c in range(500))
    for number in range(8):
        own = [item for item in read if item // 1000 == number]
        assert own == sorted(own)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.slow
def test_a_forked_child_lets_go_and_the_parents_stream_is_whole(
    tmp_path: Path, recover: Recover
) -> None:
    """`abandon` in a child, even while another thread writes, changes nothing for the parent."""
    writer = SpoolWriter(tmp_path, RUN)
    count, is_over = 0, threading.Event()

    def work() -> None:
        nonlocal count
        while not is_over.is_set():
            writer.append(*note(count))
            count += 1

    thread = threading.Thread(target=work)
    thread.start()
    for _ in range(20):
        child = os.fork()
        if child == 0:
            writer.abandon()
            left = writer.append(*note(-1)) is False and writer.is_closed
            writer.close()
            os._exit(0 if left else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    is_over.set()
    thread.join()
    writer.close()

    *records, seal = recover(writer)
    assert times(records) == list(range(count))
    assert isinstance(seal, Seal)


def _log_through_interrupts(root: Path, stream: str) -> None:
    """Log as fast as possible, whatever Ctrl-C breaks off; end in good order at SIGTERM."""
    writer = SpoolWriter(root, RUN, stream=stream, segment_bytes_max=50_000)
    is_over = is_appending = False

    def end(_signal: int, _frame: object) -> None:
        nonlocal is_over
        is_over = True

    def interrupt(_signal: int, _frame: object) -> None:
        nonlocal is_appending
        if is_appending:  # elsewhere it would break this loop, not an append
            is_appending = False
            raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, interrupt)
    writer.open()
    for count in itertools.count():
        if is_over:
            break
        with contextlib.suppress(KeyboardInterrupt):
            is_appending = True
            writer.append(*note(count))
            is_appending = False
    writer.close()


@pytest.mark.slow
def test_real_ctrl_c_at_any_moment_doubles_no_seq(tmp_path: Path, recover: Recover) -> None:
    """Two hundred SIGINTs into a process that logs: whole seqs, rising records, a seal."""
    stream = "c" * 32
    reader = SpoolWriter(tmp_path, RUN, stream=stream)  # only names the stream
    process = multiprocessing.get_context("fork").Process(
        target=_log_through_interrupts, args=(tmp_path, stream)
    )
    process.start()
    folder = layout.run_folder(tmp_path, RUN)
    while not folder.exists() or not any(folder.iterdir()):
        assert process.is_alive()

    assert process.pid is not None
    for _ in range(200):
        size = sum(path.stat().st_size for path in folder.iterdir())
        os.kill(process.pid, signal.SIGINT)
        while sum(path.stat().st_size for path in folder.iterdir()) < size + 500:
            assert process.is_alive()
    os.kill(process.pid, signal.SIGTERM)
    process.join()

    *records, seal = recover(reader)
    read = times(records)
    assert process.exitcode == 0
    assert isinstance(seal, Seal)
    assert all(one < other for one, other in itertools.pairwise(read))
    missing = set(range(read[-1] + 1)) - set(read)
    assert len(missing) <= 200, "at most the interrupted ones"


def test_under_pressure_the_least_important_goes_first_and_is_counted(
    tmp_path: Path, recover: Recover, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Console is dropped before anything else, with an exact Gap; it comes back with the room."""
    monkeypatch.setattr(limits, "FREE_BYTES_MIN", 1)  # this machine's own disk is not the subject
    layout.spool_folder(tmp_path).mkdir(parents=True)
    space.publish(tmp_path, Pressure.NO_CONSOLE)
    writer = SpoolWriter(tmp_path, RUN)
    writer.open()
    line = wire.encode(Console(1, "stdout", "epoch 1"))

    dropped = [writer.append(*line) for _ in range(7)]
    kept = writer.append(*note(1))
    space.publish(tmp_path, Pressure.NONE)
    back = writer.append(*line)
    writer.close()

    assert (dropped, kept, back) == ([False] * 7, True, True)
    records = recover(writer)
    gaps = [record for record in records if isinstance(record, Gap)]
    assert {gap.reason for gap in gaps} == {"no room: no_console"}
    assert sum(gap.count for gap in gaps) == 7


def test_a_file_system_that_knows_no_size_is_not_taken_for_full() -> None:
    """/proc says that it has 0 blocks, as some network file systems do: nothing is dropped."""
    assert os.statvfs("/proc").f_blocks == 0

    assert space.pressure_of(space.room_left(Path("/proc"))) is Pressure.NONE
