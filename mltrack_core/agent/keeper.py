"""The keeper: stores media and what was captured of files, in a thread of its own."""

from __future__ import annotations

import contextlib
import errno
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Final

from mltrack_core import wire
from mltrack_core._facts import boot_id
from mltrack_core._facts import host_name
from mltrack_core.agent import peek
from mltrack_core.agent.backoff import Backoff
from mltrack_core.agent.client import BlobClient
from mltrack_core.agent.clock import Clock
from mltrack_core.agent.durability import Durability
from mltrack_core.agent.hashing import Blobs
from mltrack_core.agent.hashing import Hasher
from mltrack_core.agent.hashing import Unreadable
from mltrack_core.agent.introduction import introduction
from mltrack_core.agent.liveness import TrainerProcess
from mltrack_core.agent.rotation import Rotation
from mltrack_core.blobs import BlobFolder
from mltrack_core.blobs import digest_of
from mltrack_core.errors import ServerRefused
from mltrack_core.errors import ServerUnreachable
from mltrack_core.records import Artifact
from mltrack_core.records import ArtifactFile
from mltrack_core.records import Gone
from mltrack_core.records import RunStarted
from mltrack_core.spool import attachments
from mltrack_core.spool import destination
from mltrack_core.spool import layout
from mltrack_core.spool import space
from mltrack_core.spool import waiting
from mltrack_core.spool.destination import Destination
from mltrack_core.spool.waiting import Manifest
from mltrack_core.spool.writer import SpoolWriter

logger = logging.getLogger(__name__)

_POLL_S: Final = 1.0
_OTHERS_S: Final = 3600.0  # what another host's agent has not done by then, this one does
_BROKEN_S: Final = 60.0  # a folder without a word in it is being made, or half removed by then
_FAULT_S: Final = 60.0
_STORED_TOGETHER: Final = 64  # files, before their names are forced to the disk


class _Stopped(Exception):
    """The agent is to leave; what is under way begins anew with the next one."""


@dataclass(slots=True)
class _Place:
    """Where blobs go, and when it may be tried again."""

    blobs: Blobs
    backoff: Backoff = field(default_factory=Backoff)


class Keeper:
    """Empties the folders in which files and media wait: `spool.waiting`, `.attachments`.

    A file that a Media record names becomes the blob of its name where the run's records go.
    For each checkpoint and file it writes an `Artifact` to a stream of its own, once the blobs that
    it names are durable where they belong, and only then removes what was captured. A kill in
    between makes the next agent do it again, which changes nothing.

    Args:
        root: MLTRACK_DIR.
        clock: For back-off and ages.
    """

    def __init__(self, root: Path, clock: Clock) -> None:
        self.live: frozenset[str] = frozenset()  # runs that may go on
        self.last_failure = ""  # why something could not be stored, for people
        self._root, self._clock = root, clock
        self._waiting: frozenset[str] | None = None  # runs; None: nobody has looked yet
        self._places: dict[Destination | None, _Place] = {}
        self._writers: dict[str, SpoolWriter] = {}
        self._said: dict[Path, str] = {}  # problems that have been recorded already
        self._rotation = Rotation(root, clock)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    @property
    def has_pending(self) -> bool:
        """Whether anything waits, or nobody has looked yet."""
        return self._waiting is None or bool(self._waiting)

    def start(self) -> None:
        """Work from now on, in a thread."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Stop the thread, and seal what it writes; waits no longer than *timeout_s*."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def keep(self) -> bool:
        """Do what can be done now for everything that waits; tell whether any was done."""
        left: set[str] = set()
        has_moved = False
        # First what is small: it is looked at while the training goes on.
        for run, paths in attachments.waiting(self._root):
            is_done = self._store(run, paths)
            has_moved = has_moved or is_done
            if not is_done:
                left.add(run)
        for run, folder in waiting.folders(self._root):
            is_done = self._look_at(run, folder)
            has_moved = has_moved or is_done
            if not is_done:
                left.add(run)
        self._waiting = frozenset(left)
        with contextlib.suppress(OSError):  # no room now: what was not recorded is seen again
            for run, manifest, gone in self._rotation.look(self.live):
                self._record(run, manifest, [], gone=gone)
        for run in self._writers.keys() - self._waiting - self.live:
            self._writers.pop(run).close()
        return has_moved

    def send_too(self, run: str) -> None:
        """Let what this run has stored here wait to be brought to its server, too.

        Raises:
            OSError: The folder cannot be written.
        """
        streams = layout.segments(self._root, run)
        for artifact in peek.stored(streams):
            recorded = peek.filed_as(streams, artifact.about)
            if recorded is not None:
                manifest = Manifest(*recorded, artifact)
                waiting.release(waiting.make(self._root, run, manifest), manifest)
        here = BlobFolder(self._root / layout.BLOBS_FOLDER)
        for digest in peek.media(streams):
            if here.has(digest):
                attachments.link(self._root, run, digest, here.path(digest))
        self._waiting = None

    def close(self) -> None:
        """Seal the streams."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _run(self) -> None:
        """Keep until stopped."""
        BlobFolder(self._root / layout.BLOBS_FOLDER).tidy()
        while not self._stopping.is_set():
            try:
                self.keep()
                self._stopping.wait(_POLL_S)
            except _Stopped:
                break
            except Exception:  # the thread's entry point: without it nothing would ever be kept
                logger.exception("a fault of the agent; it goes on")
                self._stopping.wait(_FAULT_S)
        self.close()

    def _store(self, run: str, paths: Sequence[Path]) -> bool:
        """Make blobs of files that Media records name; tell whether all are where they belong."""
        place = self._place(run)
        if not place.backoff.is_ready(self._clock.monotonic()):
            return False
        try:
            for start in range(0, len(paths), _STORED_TOGETHER):
                self._bring_files(paths[start : start + _STORED_TOGETHER], place.blobs)
        except ServerUnreachable as error:
            place.backoff.failed(self._clock.monotonic(), error.retry_after_s)
            self._say(paths[0].parent, error)
            return False
        except (OSError, ServerRefused) as error:
            place.backoff.park(self._clock.monotonic())
            self._say(paths[0].parent, error)
            return False
        place.backoff.succeeded()
        self._said.pop(paths[0].parent, None)
        attachments.tidy(paths[0].parent)
        return True

    def _bring_files(self, paths: Sequence[Path], blobs: Blobs) -> None:
        """Make a blob of each file, and remove the files when all blobs are there for good."""
        for path in paths:
            self._check()
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                continue  # `mltrack sync`, or another host's agent, was faster
            if digest_of(data) == path.name:
                blobs.put(path.name, data)
            else:  # its name is its checksum: a power cut, or a bad disk
                logger.warning("%s is damaged, and no medium any more", path)
        blobs.secure()
        for path in paths:
            path.unlink(missing_ok=True)

    def _look_at(self, run: str, folder: Path) -> bool:
        """Do what can be done for what waits in one folder; tell whether it needs nothing more."""
        try:
            manifest = waiting.read(folder / waiting.MANIFEST_FILE)
        except FileNotFoundError:
            return self._recover(run, folder)
        if manifest is None:
            return self._recover(run, folder)
        if self._is_anothers(manifest.started, folder):
            return False
        place = self._place(run)
        if manifest.artifact is not None and isinstance(place.blobs, _Local):
            return False  # `mltrack sync` is about to say where to
        if (manifest.record.kept or manifest.artifact) and not place.backoff.is_ready(
            self._clock.monotonic()
        ):
            return False
        try:
            self._settle(run, folder, manifest, place.blobs)
        except ServerUnreachable as error:
            place.backoff.failed(self._clock.monotonic(), error.retry_after_s)
            self._note(run, folder, manifest, error)
            return False
        except (OSError, ServerRefused) as error:
            place.backoff.park(self._clock.monotonic())
            self._note(run, folder, manifest, error)
            return False
        place.backoff.succeeded()
        self._said.pop(folder, None)
        return True

    def _settle(self, run: str, folder: Path, manifest: Manifest, blobs: Blobs) -> None:
        """Hash what waits in one folder, store what was captured of it, say so, and remove it."""
        if manifest.artifact is not None:
            self._bring(manifest.artifact, blobs)
        else:
            kept = blobs if manifest.record.kept else None
            files: list[ArtifactFile] = []
            problem = ""
            try:
                files = Hasher(folder, manifest.record, kept, self._check).read()
            except Unreadable as error:
                if not (folder / waiting.MANIFEST_FILE).exists():
                    return  # `mltrack sync`, or another host's agent, has done it meanwhile
                problem = str(error)
                logger.warning("%s: %s", manifest.record.path, problem)
            self._record(run, manifest, files, problem)
            # Removing is for good: what says where the bytes are now must survive a power cut.
            Durability(self._root).secure([run])
            self._rotation.add(run, manifest)
        waiting.remove(folder)

    def _bring(self, artifact: Artifact, blobs: Blobs) -> None:
        """Bring an artifact that is stored here to a server as well."""
        here = BlobFolder(self._root / layout.BLOBS_FOLDER)
        for file in artifact.files:
            for digest in file.chunks:
                self._check()
                if here.has(digest):
                    blobs.put(digest, here.path(digest).read_bytes())
        blobs.secure()

    def _recover(self, run: str, folder: Path) -> bool:
        """Find out about a folder without a manifest; tell whether it needs nothing more."""
        names = (waiting.MANIFEST_FILE, waiting.PENDING_FILE)
        try:
            age_s = self._age_s(folder)
            is_told_of = any((folder / name).exists() for name in names)
            pending = waiting.read(folder / waiting.PENDING_FILE)
        except FileNotFoundError:
            if not folder.exists():
                return True
            pending = None
        if pending is None and age_s < _BROKEN_S:
            return False
        if pending and (self._is_anothers(pending.started, folder) or _is_alive(pending.started)):
            return False
        recorded = None
        if is_told_of:
            recorded = peek.filed_as(layout.segments(self._root, run), folder.name)
        if recorded is None:
            waiting.remove(folder)  # the kill came before the record, or while it was removed
            return True
        waiting.release(folder, Manifest(*recorded))
        return False

    def _record(
        self,
        run: str,
        manifest: Manifest,
        files: list[ArtifactFile],
        problem: str = "",
        gone: Gone = "",
    ) -> None:
        """Write what became of the files.

        Raises:
            OSError: The disk does not take it.
        """
        writer = self._writers.get(run)
        if writer is None:
            writer = self._writers[run] = SpoolWriter(self._root, run)
            writer.append(*wire.encode(introduction(manifest.started, self._clock)))
        about = manifest.record.id
        try:
            record = Artifact(self._clock.time_ns(), about, files, problem, gone)
            is_written = writer.append(*wire.encode(record))
        except ValueError:
            problem = "its files have too many pieces for one record"
            is_written = writer.append(
                *wire.encode(Artifact(self._clock.time_ns(), about, [], problem))
            )
        if not is_written:
            raise OSError(errno.ENOSPC, "the spool takes no records now")

    def _note(self, run: str, folder: Path, manifest: Manifest, error: Exception) -> None:
        """Say once, in the run too, that something could not be stored yet."""
        why = self._say(folder, error)
        if not why or manifest.artifact is not None:
            return
        with contextlib.suppress(OSError):
            self._record(run, manifest, [], f"not stored yet, and tried again: {why}")

    def _say(self, folder: Path, error: Exception) -> str:
        """Say once that what waits in *folder* could not be stored yet; return what was said."""
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        self.last_failure = why
        if self._said.get(folder) == why:
            return ""
        self._said[folder] = why
        logger.warning("not stored for now, kept: %s", why)
        return why

    def _place(self, run: str) -> _Place:
        """Return where the run's blobs go: to its server, or into the store of this folder."""
        where = destination.read(self._root, run)
        place = self._places.get(where)
        if place is None:
            blobs: Blobs = _Local(self._root) if where is None else BlobClient(where)
            place = self._places[where] = _Place(blobs)
        return place

    def _is_anothers(self, started: RunStarted, folder: Path) -> bool:
        """Tell whether another host's agent is to do it."""
        return started.host != host_name() and self._age_s(folder) < _OTHERS_S

    def _age_s(self, folder: Path) -> float:
        return time.time() - folder.stat().st_mtime

    def _check(self) -> None:
        """Break off what is under way if the agent is to leave."""
        if self._stopping.is_set():
            raise _Stopped


class _Local:
    """The blob folder of this MLTRACK_DIR, which leaves others their room on the disk."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = BlobFolder(root / layout.BLOBS_FOLDER)

    def put(self, digest: str, data: bytes) -> bool:
        """Keep a blob.

        Raises:
            OSError: There is no room.
        """
        if not self._folder.has(digest) and len(data) > space.spare_bytes(self._root):
            raise OSError(errno.ENOSPC, "there is no room on the disk")
        return self._folder.put(digest, data)

    def secure(self) -> None:
        """Force it all to the disk."""
        self._folder.secure()


def _is_alive(started: RunStarted) -> bool:
    """Tell whether the process that *started* names still runs, as far as can be seen from here."""
    if started.host != host_name() or (started.boot_id and started.boot_id != boot_id()):
        return False
    process = TrainerProcess(started.pid, started.pid_started)
    try:
        return process.is_alive()
    finally:
        process.close()
