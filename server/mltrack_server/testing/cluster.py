"""For tests: a private PostgreSQL, on a socket in a folder of its own, and databases in it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

from sqlalchemy import create_engine
from sqlalchemy import text

from mltrack_server.store import Store

_USER: Final = "postgres"  # also the system's, where root runs the tests: PostgreSQL refuses root
_STORE: Final = "empty_store"  # a database that is only copied: a schema takes longer to make
_DEBIAN: Final = "/usr/lib/postgresql/*/bin"
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of a private name is made in it


class Cluster:
    """A PostgreSQL that was started for tests.

    Args:
        folder: Holds its socket and its data.
        fsync: Whether a commit waits for the disk. No test needs that, measurements do.
    """

    def __init__(self, folder: Path, *, fsync: bool = False) -> None:
        self.folder = folder
        self._fsync = fsync
        self._has_store = False

    def url(self, name: str) -> str:
        """Return the address of the database *name*."""
        return f"postgresql+psycopg://{_USER}@/{name}?host={self.folder}"

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """Give the address of an empty database that goes with the context."""
        with self._copy_of("template1") as found:
            yield found

    @contextlib.contextmanager
    def store(self) -> Iterator[str]:
        """Give the address of a database with an empty store, which goes with the context."""
        if not self._has_store:
            self._execute(f"CREATE DATABASE {_STORE}")
            with Store(self.url(_STORE)):
                self._has_store = True
        with self._copy_of(_STORE) as found:
            yield found

    @contextlib.contextmanager
    def _copy_of(self, template: str) -> Iterator[str]:
        name = f"test_{uuid4().hex}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        """Stop it at once, as a machine that goes down does to those who use it."""
        self._control("stop", "-m", "immediate")

    def start(self) -> None:
        """Start it, the first time or again."""
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder}"
        if not self._fsync:
            options += " -c fsync=off"
        self._control("start", "-w", "-l", str(self.folder / "log"), "-o", options)

    def _control(self, *arguments: str) -> None:
        _run(self.folder, "pg_ctl", "-D", str(self.folder / "data"), *arguments)

    def _execute(self, statement: str) -> None:
        """Execute what cannot be within a transaction."""
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                connection.execute(text(statement))
        finally:
            engine.dispose()


@contextlib.contextmanager
def cluster(*, fsync: bool = False) -> Iterator[Cluster]:
    """Give a PostgreSQL that goes with the context.

    Args:
        fsync: Whether a commit waits for the disk.

    Raises:
        FileNotFoundError: PostgreSQL is not installed.
    """
    # A database for each test is three hundred files for each test: they need not reach a disk
    # unless that is what is measured.
    place = _MEMORY if _MEMORY.is_dir() and not fsync else None
    folder = Path(
        tempfile.mkdtemp(prefix="mltrack-pg-", dir=place)
    )  # a socket's path must be short
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _USER, _USER)
        options = ("-A", "trust", "-U", _USER, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        _run(folder, "initdb", "-D", str(folder / "data"), *options)
        found = Cluster(folder, fsync=fsync)
        found.start()
        try:
            yield found
        finally:
            found.stop()
    finally:
        shutil.rmtree(folder)


def _run(folder: Path, program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's own programs, not as root."""
    user = _USER if os.geteuid() == 0 else None
    with (folder / f"{program}.log").open("wb") as log:  # a server that stays would hold a pipe
        subprocess.run(
            [_found(program), *arguments],
            cwd=folder,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=True,
        )


def _found(program: str) -> str:
    """Return the path of one of PostgreSQL's programs: Debian keeps them off the PATH."""
    if path := shutil.which(program):
        return path
    candidates = sorted(Path("/").glob(f"{_DEBIAN}/{program}".lstrip("/")))
    if not candidates:
        raise FileNotFoundError(f"{program}: install PostgreSQL (Debian: postgresql)")
    return str(candidates[-1])
