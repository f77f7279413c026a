"""Which run wrote a checkpoint, told by its file: where no framework has a place for our word.

The word is a note below MLTRACK_DIR, never beside the file or in it. It is found by the file's
inode, which a file keeps that is written elsewhere and renamed, and holds for as long as size and
time are those that it names.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from mltrack_core import _facts
from mltrack_core import _settings
from mltrack_core.errors import MltrackError
from mltrack_core.records import RunStarted
from mltrack_core.spool import layout
from mltrack_core.spool.reader import first_record


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Which run a checkpoint is of."""

    run: str  # id
    step: int  # optimizer updates that are in it
    goes_on: bool  # this program was that run, and nobody else is any more


class _Note(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a file that a run has written."""

    run: str
    step: int
    bytes: int
    modified_ns: int


def note(path: str | os.PathLike[str], run: str, step: int) -> None:
    """Remember that *run* has written the file at *path* after *step* updates.

    Raises:
        OSError: It is not there, or nothing can be written below MLTRACK_DIR.
    """
    found, folder = os.stat(path), _settings.read().folder
    where = layout.origin_path(folder, found.st_dev, found.st_ino)
    where.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = _Note(run=run, step=step, bytes=found.st_size, modified_ns=found.st_mtime_ns)
    draft = where.with_name(f"{where.name}.{os.getpid()}")
    draft.write_bytes(msgspec.json.encode(written))
    draft.replace(where)


def find(path: str | os.PathLike[str]) -> Origin | None:
    """Return which run of this MLTRACK_DIR has written the file at *path*; None if none is known.

    Raises:
        SettingInvalid: MLTRACK_DIR is none.
    """
    settings = _settings.read()
    try:
        found = os.stat(path)
        where = layout.origin_path(settings.folder, found.st_dev, found.st_ino)
        known = msgspec.json.decode(where.read_bytes(), type=_Note)
    except (OSError, msgspec.DecodeError):
        return None
    is_it = (known.bytes, known.modified_ns) == (found.st_size, found.st_mtime_ns)
    if not is_it or not layout.is_id(known.run):
        return None
    attempts = _attempts(settings.folder, known.run)
    goes_on = bool(attempts) and not settings.run and all(map(_is_over_and_ours, attempts))
    return Origin(run=known.run, step=known.step, goes_on=goes_on)


def _attempts(folder: Path, run: str) -> list[RunStarted]:
    """Return how each process that trained in *run* has introduced itself."""
    found = []
    for segments in layout.segments(folder, run).values():
        try:
            started = first_record(segments[0].path)
        except (OSError, MltrackError):
            continue
        if isinstance(started, RunStarted) and started.role == "trainer":
            found.append(started)
    return found


def _is_over_and_ours(started: RunStarted) -> bool:
    """Tell whether a process was this same program, and has ended as far as can be seen here."""
    is_here = (started.host, started.boot_id) == (_facts.host_name(), _facts.boot_id())
    is_another = started.pid_started > 0 and started.pid != os.getpid()
    if is_here and is_another and _facts.process_started(started.pid) == started.pid_started:
        return False
    own = _program(sys.orig_argv, _facts.working_folder())
    return bool(own) and _program(started.command, started.folder) == own


def _program(command: Sequence[str], folder: str) -> str:
    """Return the script or module that a Python was started with; "" where there is none."""
    words = iter(command[1:])
    for word in words:
        if word == "-m":
            return f"-m {next(words, '')}"
        if word in ("-c", "-"):
            return ""
        if word in ("-X", "-W"):
            next(words, None)
        elif not word.startswith("-"):
            return os.path.realpath(os.path.join(folder, word))
    return ""
