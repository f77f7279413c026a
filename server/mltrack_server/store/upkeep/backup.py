"""Backups of a store that is one file: made while it is written, restored into an empty folder.

A backup is a folder:

    manifest.json               what belongs to it, with hashes; written last
    store-<time>.sqlite3        the database
    blobs/<2 digits>/<digest>   what it names

The same folder again brings a backup up to date: blobs that it has are not copied again, and until
the new manifest stands the old one is whole.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from mltrack_core import __version__
from mltrack_core.blobs import BlobFolder
from mltrack_core.blobs import digest_of
from mltrack_core.blobs import is_digest
from mltrack_server.errors import BackupUnusable
from mltrack_server.lock import STORE_FILE
from mltrack_server.lock import STORE_FOLDER
from mltrack_server.store.blobs import FOLDER as BLOBS
from mltrack_server.store.upkeep import keeping

MANIFEST: Final = "manifest.json"
_LOCK: Final = "lock"
_VERSION: Final = 1
_PAGES_AT_ONCE: Final = 4096

Progress = Callable[[str], None]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds."""

    version: int
    mltrack: str  # that made it
    made_ns: int
    database: str  # file name
    database_bytes: int
    database_sha256: str
    blobs: dict[str, int]  # SHA-256 → bytes
    missing: list[str]  # blobs that the database names, and the store did not have whole


def make(url: str, folder: Path, *, copy: bool = False, progress: Progress = print) -> Manifest:
    """Back the store at *url* up into *folder*; may be killed and repeated at any instant.

    The store may be written meanwhile. The backup is its state at one moment.

    Args:
        url: SQLAlchemy's address of the store.
        folder: Made where it does not exist; else empty, or a backup.
        copy: Copy blobs also where hard links would do.
        progress: Told what is being done.

    Raises:
        BackupUnusable: The store is no file, or *folder* is something else.
        OSError: There is no room.
    """
    source = _file_of(url)
    with _held(folder):
        blobs = _Blobs(source.parent / BLOBS, folder / BLOBS, copy=copy)
        # Twice: a blob named by the snapshot was here before it, or has come lately and is not
        # swept for an hour. What is swept between the two steps is linked in the first.
        progress("blobs that are there")
        blobs.take(blobs.present())
        progress("database")
        made_ns = time.time_ns()
        database = folder / f"store-{made_ns}.sqlite3"
        _snapshot(source, database)
        named = _named(database)
        progress("blobs that have come since")
        blobs.take(named)
        blobs.secure()
        kept = {digest: size for digest in sorted(named) if (size := blobs.size(digest)) >= 0}
        manifest = Manifest(
            version=_VERSION,
            mltrack=__version__,
            made_ns=made_ns,
            database=database.name,
            database_bytes=database.stat().st_size,
            database_sha256=sha256_of(database),
            blobs=kept,
            missing=sorted(named - kept.keys()),
        )
        _replace(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
        _tidy(folder, manifest)
    return manifest


def read(folder: Path) -> Manifest:
    """Return what the backup in *folder* holds.

    Raises:
        BackupUnusable: There is none, or none that was finished.
    """
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        raise BackupUnusable(
            str(folder), f"no {MANIFEST}: this is no backup, or one that was never finished"
        ) from error
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BackupUnusable(str(folder / MANIFEST), f"cannot be read: {error}") from error
    if manifest.version != _VERSION:
        raise BackupUnusable(
            str(folder), f"format {manifest.version}, of a newer mltrack; upgrade to restore it"
        )
    if Path(manifest.database).name != manifest.database or not all(map(is_digest, manifest.blobs)):
        raise BackupUnusable(str(folder / MANIFEST), "it names files that are not its own")
    return manifest


def restore(folder: Path, root: Path, *, progress: Progress = print) -> Manifest:
    """Put the backup in *folder* back as the store below *root*; may be killed and repeated.

    Every file is compared with its hash. The database is there last, so a store that is there is
    whole. Whoever calls this holds the store's lock.

    Raises:
        BackupUnusable: It is none or damaged, or there is a store below *root* already.
        OSError: There is no room.
    """
    manifest = read(folder)
    target = root / STORE_FOLDER
    part = target / f"{STORE_FILE}.part"
    parts = set(target.glob(f"{part.name}*"))
    if there := [path for path in target.glob(f"{STORE_FILE}*") if path not in parts]:
        raise BackupUnusable(
            str(there[0]), "there is a store already; restore into a folder that has none"
        )
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = BlobFolder(target / BLOBS)
    progress(f"{len(manifest.blobs)} blobs")
    for digest in manifest.blobs:
        path = BlobFolder(folder / BLOBS).path(digest)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise BackupUnusable(str(path), f"{error.strerror}: the backup is damaged") from error
        if digest_of(data) != digest:
            raise BackupUnusable(str(path), "its bytes are not those of its name: it is damaged")
        kept.put(digest, data)
    kept.secure()
    progress("database")
    database = folder / manifest.database
    if not database.exists() or sha256_of(database) != manifest.database_sha256:
        raise BackupUnusable(str(database), "missing, or not as it was written: it is damaged")
    for path in parts:  # of a restore that was killed
        path.unlink()
    shutil.copyfile(database, part)
    part.chmod(0o600)
    _begin_history(part)
    _sync(part)
    part.rename(target / STORE_FILE)
    _sync(target)
    return manifest


def _begin_history(database: Path) -> None:
    """Let who has seen revisions of the store before know that these are others."""
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        columns = connection.execute("PRAGMA table_info(revision)").fetchall()
        if "history" in (column[1] for column in columns):  # else opening it makes one
            made = os.urandom(8).hex()
            connection.execute("UPDATE revision SET history = ?", (made,))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Blobs:
    """Blobs on their way from the store into a backup."""

    def __init__(self, source: Path, target: Path, *, copy: bool) -> None:
        self._source, self._target = BlobFolder(source), BlobFolder(target)
        self._copy = copy
        self._linked_into: set[Path] = set()

    def present(self) -> Iterator[str]:
        """Yield what the store has."""
        for path in self._source.folder.glob("[0-9a-f][0-9a-f]/*"):
            if is_digest(path.name):
                yield path.name

    def take(self, digests: Iterator[str] | set[str]) -> None:
        """Bring blobs over that the backup does not have; those that are not whole stay away."""
        for digest in digests:
            if not self._target.has(digest):
                with contextlib.suppress(FileNotFoundError):  # swept at this very moment
                    self._bring(digest)

    def _bring(self, digest: str) -> None:
        source, target = self._source.path(digest), self._target.path(digest)
        if not self._copy:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                os.link(source, target)
            except FileNotFoundError:
                raise
            except OSError:
                self._copy = True  # another file system, or one without links
            else:
                self._linked_into.add(target.parent)
                return
        data = source.read_bytes()
        if digest_of(data) == digest:
            self._target.put(digest, data)

    def secure(self) -> None:
        """Force the names of what was brought to the disk."""
        self._target.secure()
        for folder in self._linked_into:
            _sync(folder)
        if self._target.folder.exists():
            _sync(self._target.folder)

    def size(self, digest: str) -> int:
        """Return the bytes of a blob of the backup; -1 where it is not there."""
        try:
            return self._target.path(digest).stat().st_size
        except FileNotFoundError:
            return -1


def _file_of(url: str) -> Path:
    """Return the file that a store is."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise BackupUnusable(
            parsed.render_as_string(), "PostgreSQL has tools of its own: see docs/operations.md"
        )
    path = Path(parsed.database or "")
    if not path.is_file():
        raise BackupUnusable(str(path), "there is no store to back up")
    return path


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Make *folder* where it does not exist, and keep other backups out of it."""
    others = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if others and not others & {MANIFEST, _LOCK}:
        raise BackupUnusable(
            str(folder), "something else is in it; name an empty folder, a new one, or a backup"
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / _LOCK).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupUnusable(str(folder), "another backup is being written into it") from error
        yield


def _snapshot(source: Path, target: Path) -> None:
    """Copy the database as it is at this moment."""
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    with (
        contextlib.closing(sqlite3.connect(source, isolation_level=None)) as theirs,
        contextlib.closing(sqlite3.connect(part, isolation_level=None)) as ours,
    ):
        part.chmod(0o600)
        # Within a transaction of its own the copy sees one state, however much is written
        # meanwhile; without one it would begin again with each commit.
        theirs.execute("BEGIN")
        theirs.execute("SELECT count(*) FROM sqlite_master").fetchone()
        theirs.backup(ours, pages=_PAGES_AT_ONCE, sleep=0)
        theirs.execute("ROLLBACK")
        # One file, without a log beside it.
        ours.execute("PRAGMA journal_mode=DELETE")
        found = ours.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise BackupUnusable(
                str(source), f"the database is damaged: {found}; look with `mltrack fsck`"
            )
    _sync(part)
    part.rename(target)
    _sync(target.parent)


def _named(database: Path) -> set[str]:
    """Return the blobs that a database names."""
    engine = create_engine(f"sqlite:///{database}")
    try:
        with engine.connect() as connection:
            return keeping.named(connection)
    finally:
        engine.dispose()


def _tidy(folder: Path, manifest: Manifest) -> None:
    """Remove what earlier backups into this folder, finished or not, have left."""
    for path in folder.glob("store-*"):
        if path.name != manifest.database:
            path.unlink()
    blobs = BlobFolder(folder / BLOBS)
    for path in list(blobs.folder.glob("[0-9a-f][0-9a-f]/*")):
        if path.name not in manifest.blobs:
            path.unlink()
    blobs.tidy()


def _replace(path: Path, body: bytes) -> None:
    """Write a small file at once."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    """Force a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
