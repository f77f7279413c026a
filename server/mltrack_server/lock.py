"""The lock of a local store: one process writes it, and says where it can be reached.

The file `<MLTRACK_DIR>/store/lock` is held by flock(2) as long as the process lives, so a killed
one never leaves it locked. Its content is the address of the server that holds it, or empty while
a reader brings the store up to date.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Final
from typing import Self

from mltrack_server.errors import StoreUnusable

STORE_FOLDER: Final = "store"
LOCK_FILE: Final = "lock"
STORE_FILE: Final = "mltrack.sqlite3"
WAIT_S: Final = 60.0  # for a reader that brings a large spool into the store


def store_url(root: Path) -> str:
    """Return the address of the store below MLTRACK_DIR *root*."""
    return f"sqlite:///{root / STORE_FOLDER / STORE_FILE}"


class StoreLock:
    """The right to write the store of one MLTRACK_DIR.

    Args:
        root: MLTRACK_DIR; its folder for the store is made where it does not exist.

    Raises:
        StoreUnusable: The folder cannot be made or written.
    """

    def __init__(self, root: Path) -> None:
        folder = root / STORE_FOLDER
        self.path = folder / LOCK_FILE
        self.is_held = False
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, flags, 0o600)
        except OSError as error:
            raise StoreUnusable(
                str(folder),
                f"{error.strerror}; choose a folder that this user can write to with MLTRACK_DIR",
            ) from error

    def acquire(self) -> bool:
        """Take the lock if nobody has it; tell whether it is ours."""
        if not self.is_held:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            os.ftruncate(self._descriptor, 0)  # what the last holder wrote is no longer true
            self.is_held = True
        return True

    def acquire_or_address(self) -> str:
        """Take the lock, or return the address of the server that holds it; "" if it is ours.

        Waits while a reader brings the store up to date, or a server is just starting.

        Raises:
            StoreUnusable: Whoever holds it does not say where it is for a minute.
        """
        deadline = time.monotonic() + WAIT_S
        while not self.acquire():
            if address := self.address():
                return address
            if time.monotonic() > deadline:
                raise StoreUnusable(
                    str(self.path), "another program is using this store; try again when it is done"
                )
            time.sleep(0.05)
        return ""

    def publish(self, address: str) -> None:
        """Tell others where the holder's server is."""
        assert self.is_held
        os.pwrite(self._descriptor, address.encode(), 0)

    def address(self) -> str:
        """Return what the present holder has published; "" if nothing, or not yet."""
        return os.pread(self._descriptor, 1024, 0).decode("utf-8", "replace")

    def release(self) -> None:
        """Let go of the lock and of the file. Does nothing the second time."""
        if self._descriptor >= 0:
            if self.is_held:
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor, self.is_held = -1, False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
