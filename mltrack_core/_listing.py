"""Which files lie at a path, told without opening one."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from mltrack_core.errors import FileInvalid
from mltrack_core.limits import CHECKPOINT_FILES_MAX
from mltrack_core.records import CheckpointFile


def look(where: Path) -> tuple[bool, list[CheckpointFile]]:
    """Return whether there is a folder at *where*, and the files: every one below it, or it alone.

    Raises:
        FileInvalid: There is nothing, or nothing that could be read like files.
    """
    try:
        kind = where.stat().st_mode
        is_folder = stat.S_ISDIR(kind)
        if not is_folder and not stat.S_ISREG(kind):
            raise FileInvalid(str(where), "it is neither a file nor a folder")
        files = list(_below(where)) if is_folder else [_file(where, where.name)]
    except OSError as error:
        raise FileInvalid(str(where), error.strerror or str(error)) from error
    if not files:
        raise FileInvalid(str(where), "the folder is empty")
    return is_folder, files


def _below(folder: Path) -> Iterator[CheckpointFile]:
    """Yield every regular file below *folder*, by name.

    Raises:
        FileInvalid: There are too many.
    """
    count = 0
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            count += 1
            if count > CHECKPOINT_FILES_MAX:
                raise FileInvalid(
                    str(folder), f"more than {CHECKPOINT_FILES_MAX} files: name one folder"
                )
            path = Path(place, name)
            if path.is_file():
                yield _file(path, path.relative_to(folder).as_posix())


def _file(path: Path, name: str) -> CheckpointFile:
    found = path.stat()
    return CheckpointFile(name, found.st_size, found.st_mtime_ns)
