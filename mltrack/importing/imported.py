"""A run while it is imported: records of another tracker's, on their way into the spool.

It is written beside the spool and moved there when it is complete, so a run is imported as a whole
or not at all, whatever happens meanwhile.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final
from typing import Self

import msgspec

from mltrack.importing.source import Source
from mltrack.importing.source import shown
from mltrack_core import _file
from mltrack_core import _values
from mltrack_core import wire
from mltrack_core._redact import Redactor
from mltrack_core.errors import FileInvalid
from mltrack_core.errors import MediaInvalid
from mltrack_core.errors import MltrackError
from mltrack_core.limits import CONSOLE_LINE_BYTES_MAX
from mltrack_core.limits import MIB
from mltrack_core.limits import PAYLOAD_BYTES_MAX
from mltrack_core.media.medium import Medium
from mltrack_core.records import Alert
from mltrack_core.records import AlertLevel
from mltrack_core.records import Channel
from mltrack_core.records import Console
from mltrack_core.records import Devices
from mltrack_core.records import EndState
from mltrack_core.records import Gap
from mltrack_core.records import Histogram
from mltrack_core.records import Histograms
from mltrack_core.records import Media
from mltrack_core.records import MediaItem
from mltrack_core.records import Params
from mltrack_core.records import ParamValue
from mltrack_core.records import Record
from mltrack_core.records import RunEnded
from mltrack_core.spool import layout
from mltrack_core.spool.destination import Destination
from mltrack_core.spool.destination import write as write_destination
from mltrack_core.spool.writer import SpoolWriter
from mltrack_server.store.bounds import INT64_MAX
from mltrack_server.store.bounds import INT64_MIN
from mltrack_server.store.bounds import OutOfBounds
from mltrack_server.store.bounds import bounded

FOLDER: Final = "importing"  # below MLTRACK_DIR
_LOCK_FILE: Final = "lock"
_PARAMS_BYTES_MAX: Final = 1 * MIB
_IMPOSSIBLE: Final = "a record with numbers that cannot be"


class ImportBusy(MltrackError):
    """Another import into the same folder goes on."""

    def __init__(self, root: Path) -> None:
        super().__init__(f"another import into {root} goes on; wait for it, or end it")
        self.root = root

    def __reduce__(self) -> tuple[type[ImportBusy], tuple[Path]]:
        return type(self), (self.root,)


class NoRoom(MltrackError):
    """The disk does not take a run that is imported."""

    def __init__(self, root: Path) -> None:
        super().__init__(
            f"{root}: there is no room left for this run, and nothing of it was imported; make "
            "room and import again: what is there already is passed over"
        )
        self.root = root

    def __reduce__(self) -> tuple[type[NoRoom], tuple[Path]]:
        return type(self), (self.root,)


@contextlib.contextmanager
def staging(root: Path) -> Iterator[Path]:
    """Give the folder in which runs are made, empty; what a killed import left there is removed.

    Raises:
        ImportBusy: Another import has it.
        OSError: It cannot be made.
    """
    folder = root / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / _LOCK_FILE).open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ImportBusy(root) from error
        place = folder / "runs"
        shutil.rmtree(place, ignore_errors=True)
        try:
            place.mkdir(mode=0o700)
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


class Imported:
    """Takes the records of one run; as a context manager it puts the run into the spool at its end.

    Nothing is dropped silently: what cannot be kept is counted, written into the run as `Gap`, and
    told afterwards.

    Args:
        source: The run.
        root: MLTRACK_DIR.
        place: Where it is written before it is complete, see `staging`.
        redactor: Removes secrets from everything that is text.
        destination: The server that it is to be brought to; None: it stays here.
    """

    def __init__(
        self,
        source: Source,
        root: Path,
        place: Path,
        redactor: Redactor,
        destination: Destination | None = None,
    ) -> None:
        self.run = source.run
        self.host = source.started.host
        self.counts: Counter[str] = Counter()  # of what was imported: "points", "images" …
        self.losses: Counter[str] = Counter()  # what was not, by reason
        self.left_out: Counter[str] = Counter()  # what mltrack has no place for, by kind
        self.last_ns = source.started.time_ns  # the latest time of all records
        self.last_step = 0
        self.has_ended = False
        self.files = source.path.parent if source.path.is_file() else source.path
        self._root, self._place = root, place
        self._clean = redactor.text
        self._redactor = redactor
        self._names: dict[str, str] = {}
        self._destination = destination
        self._writer = SpoolWriter(place, self.run, stream=source.stream)
        self._writer.open()
        started = source.started
        self.write(
            msgspec.structs.replace(
                started,
                command=redactor.command(started.command),
                notes=redactor.text(started.notes),
            )
        )
        self.params(
            {"imported_from": source.format, "imported_path": str(source.path)}, namespace="launch"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self._writer.abandon()
            return
        for reason, count in self.losses.items():
            at = self.last_ns
            self.write(Gap(at, f"import: {reason}", count, {"record": count}, at, at))
        self._writer.close()
        if self._writer.losses:
            raise NoRoom(self._root)
        self._move()

    # ---- what a reader of a format calls ----

    def scalars(self, time_ns: int, step: int, values: Mapping[str, float | int]) -> None:
        """Record metrics of one step; a whole number of more than 64 bits becomes a float."""
        if not (_is_int64(time_ns) and _is_int64(step)):
            self.lost(_IMPOSSIBLE)
            return
        named = {self._name(name): _values.number(name, value) for name, value in values.items()}
        if self._append(wire.SCALARS, wire.encode_payload((time_ns, step, named, {}))):
            self.counts["points"] += len(named)
            self._note(time_ns, step)

    def devices(self, time_ns: int, values: Mapping[str, float | int]) -> None:
        """Record what the devices of the run's host measured at one time, without their prefix."""
        named = {f"sys/{name}": _values.number(name, value) for name, value in values.items()}
        if self.write(Devices(time_ns, self.host, named)):
            self.counts["device samples"] += 1

    def histograms(self, time_ns: int, step: int, values: Mapping[str, Histogram]) -> None:
        """Record distributions of one step."""
        named = {self._name(name): value for name, value in values.items()}
        if self.write(Histograms(time_ns, step, named)):
            self.counts["histograms"] += len(values)
            self._note(time_ns, step)

    def media(self, time_ns: int, step: int, name: str, media: Sequence[Medium]) -> None:
        """Record what one name shows at one step."""
        items: list[MediaItem] = []
        for medium in media:
            try:
                encoded = medium.encode(self._clean)
            except MediaInvalid as error:
                self.lost(f"a medium that cannot be shown as {error.kind}")
                continue
            for digest, data in encoded.files.items():
                self._writer.attach(digest, data)
            items.append(encoded.item)
        if items and self.write(Media(time_ns, step, self._name(name), items)):
            self.counts.update(f"{item.kind}s" for item in items)
            self._note(time_ns, step)

    def params(self, values: Mapping[str, object], *, namespace: str = "") -> None:
        """Record parameters or facts."""
        flat = self._redactor.params(_values.params(values))
        if flat:
            self._params(namespace, flat)

    def file(self, path: Path, *, kind: str) -> None:
        """Record a file or folder of the run that stays where it is, by its name and sizes."""
        try:
            found = _file.survey(
                path, path.name, use="output", kind=kind, step=None, clean=self._clean
            )
        except (FileInvalid, OSError):
            self.lost("a file: it cannot be recorded")
            return
        if self.write(msgspec.structs.replace(found, time_ns=self.last_ns)):
            self.counts["files"] += len(found.files)

    def console(self, time_ns: int, channel: Channel, line: str) -> None:
        """Record one line of output, without its line end."""
        self.counts["lines"] += 1
        line = self._clean(line)
        width = CONSOLE_LINE_BYTES_MAX // 4  # a character has four bytes at most
        for start in range(0, len(line) or 1, width):
            self.write(Console(time_ns, channel, line[start : start + width]))
        self._note(time_ns)

    def alert(
        self, time_ns: int, level: AlertLevel, title: str, text: str, step: int | None = None
    ) -> None:
        """Record something that a person was to see."""
        self.write(Alert(time_ns, level, self._clean(title), self._clean(text), step))

    def end(
        self, time_ns: int, state: EndState, reason: str = "", *, exit_code: int | None = None
    ) -> None:
        """Record how the run ended, once."""
        if not self.has_ended:
            self.has_ended = True
            clean = self._clean(reason)
            self.write(RunEnded(time_ns, state, clean, exit_code=exit_code, explicit=True))

    def write(self, record: Record) -> bool:
        """Record anything else; tell whether that could be. What no store takes is lost.

        Raises:
            NoRoom: The disk does not take it.
        """
        try:
            bounded(record)
        except OutOfBounds:
            self.lost(_IMPOSSIBLE)
            return False
        return self._append(*wire.encode(record))

    def lost(self, reason: str, count: int = 1) -> None:
        """Count what is there and cannot be read."""
        self.losses[reason] += count

    def leave_out(self, kind: str, count: int = 1) -> None:
        """Count what mltrack has no place for: it stays where it is."""
        self.left_out[kind] += count

    # ---- below ----

    def _append(self, number: int, payload: bytes) -> bool:
        if len(payload) > PAYLOAD_BYTES_MAX:
            self.lost("a record that is too long")
            return False
        if not self._writer.append(number, payload):
            raise NoRoom(self._root)
        return True

    def _params(self, namespace: str, values: dict[str, ParamValue]) -> None:
        """Write *values* as one record, or as several where one would be very long."""
        record = Params(self.last_ns, namespace, values)
        if len(values) == 1 or len(wire.encode(record)[1]) <= _PARAMS_BYTES_MAX:
            self.write(record)
            return
        names = list(values)
        for part in (names[: len(names) // 2], names[len(names) // 2 :]):
            self._params(namespace, {name: values[name] for name in part})

    def _name(self, name: str) -> str:
        found = self._names.get(name)
        if found is None:
            found = self._names[name] = shown(name) or "unnamed"
        return found

    def _note(self, time_ns: int, step: int | None = None) -> None:
        self.last_ns = max(self.last_ns, time_ns)
        if step is not None and step > self.last_step:
            self.last_step = step

    def _move(self) -> None:
        """Put the run where runs are: media first, so that what a record names is there."""
        waiting = layout.media_folder(self._place, self.run)
        if waiting.is_dir():
            target = layout.media_folder(self._root, self.run)
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
            for file in waiting.iterdir():
                file.rename(target / file.name)
        if self._destination is not None:
            write_destination(self._place, self.run, self._destination)
        layout.spool_folder(self._root).mkdir(mode=0o700, exist_ok=True)
        folder = layout.run_folder(self._place, self.run)
        for file in folder.glob("*.seg"):
            # The server takes the time of what it finds for when it was heard of: a run of last
            # year whose end nobody told is silent, it does not run.
            os.utime(file, ns=(self.last_ns, self.last_ns))
        folder.rename(layout.run_folder(self._root, self.run))


def _is_int64(number: int) -> bool:
    return INT64_MIN <= number <= INT64_MAX
