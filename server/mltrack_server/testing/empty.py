"""For tests: an empty store, made once by a process and copied from then on.

Nearly every test wants one, and its schema takes longer to make than most tests.
"""

from __future__ import annotations

import functools
import os
import tempfile
from pathlib import Path

from mltrack_server.store import Store


def put(path: Path) -> None:
    """Put an empty SQLite store at *path*, where there is none.

    Raises:
        FileExistsError: There is one.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(_made())


@functools.cache
def _made() -> bytes:
    """Return the bytes of an empty store."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "store.sqlite3")
        with Store(f"sqlite:///{path}"):
            pass
        return path.read_bytes()
