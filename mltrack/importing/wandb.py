"""Weights & Biases' files of runs: `wandb/offline-run-…/run-<id>.wandb`.

A file is a log of messages `Record`; numbers below are those of their fields in wandb's protocol.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from typing import BinaryIO
from typing import Final

from mltrack.foreign import blocks
from mltrack.foreign.protobuf import MessageInvalid
from mltrack.foreign.protobuf import bytes_of
from mltrack.foreign.protobuf import fields
from mltrack.foreign.protobuf import message_of
from mltrack.foreign.protobuf import signed
from mltrack.foreign.protobuf import text_of
from mltrack.foreign.tfrecord import Damaged
from mltrack.importing import nested
from mltrack.importing.imported import Imported
from mltrack.importing.source import Source
from mltrack.importing.source import introduction
from mltrack.importing.wandb_rows import Rows
from mltrack_core.records import AlertLevel
from mltrack_core.records import Channel
from mltrack_core.records import RunStarted
from mltrack_server.store.bounds import INT64_MAX

FORMAT: Final = "Weights & Biases"
_HISTORY, _SUMMARY, _OUTPUT, _CONFIG, _STATS, _ARTIFACT = 2, 3, 4, 5, 7, 8
_ALERT, _RAW_OUTPUT, _RUN, _EXIT, _ENVIRONMENT = 10, 13, 17, 18, 26
_CONTROL, _INFO = 16, 200  # of a Record besides what it holds
_HEAD_RECORDS: Final = 100  # in which a run says who it is
_CHANNELS: Final[tuple[Channel, Channel]] = ("stderr", "stdout")
_LEVELS: Final[dict[str, AlertLevel]] = {"INFO": "info", "WARN": "warning", "ERROR": "error"}
_INTERRUPTED: Final = 255  # the exit code of a run that Ctrl-C ended
_LINE_CHARACTERS_MAX: Final = 1 << 20


def is_run_file(name: str) -> bool:
    """Tell whether a file of this name is one of W&B's."""
    return name.startswith("run-") and name.endswith(".wandb")


def source(path: Path) -> Source | str:
    """Return the run in the file at *path*, or in words why there is none."""
    run: dict[int, int | bytes] = {}
    parts: dict[int, list[bytes]] = {}
    environment: dict[int, list[bytes]] = {}
    try:
        with path.open("rb") as file:
            for number, message in islice(_records(file, lambda _: None), _HEAD_RECORDS):
                if number == _RUN and not run:
                    run, parts = message_of(message), _texts(message)
                elif number == _ENVIRONMENT and not environment:
                    environment = _texts(message)
    except (blocks.FormatUnknown, MessageInvalid) as error:
        return str(error)
    except OSError as error:
        return error.strerror or str(error)
    if not run:
        return "it does not say which run it is"
    return Source(
        format=FORMAT,
        path=path,
        identity="/".join(_first(parts, number) for number in (2, 3, 1)) + _start(run),
        started=_introduction(run, parts, environment, path),
        read=partial(_read, path),
    )


def _introduction(
    run: dict[int, int | bytes],
    parts: dict[int, list[bytes]],
    environment: dict[int, list[bytes]],
    path: Path,
) -> RunStarted:
    program = _first(environment, 6)
    return introduction(
        _timestamp(run.get(17, b"")) or path.stat().st_mtime_ns,
        _first(parts, 3) or "uncategorized",
        _first(parts, 8) or _first(parts, 1),
        host=_first(parts, 13) or _first(environment, 12),
        user=_first(environment, 13),
        command=[program, *(part.decode("utf-8", "replace") for part in environment.get(5, []))]
        if program
        else [],
        folder=_first(environment, 11),
        python=_first(environment, 2).removeprefix("CPython "),
        group=_first(parts, 6),
        tags=[tag.decode("utf-8", "replace") for tag in parts.get(10, [])],
        notes=_first(parts, 9),
    )


def _read(path: Path, run: Imported) -> None:
    """Record what the file holds."""
    run.files = path.parent / "files"
    reader = _Reader(run)
    try:
        with path.open("rb") as file:
            for number, message in _records(file, lambda why: run.lost(f"a record: {why}")):
                try:
                    reader.take(number, message)
                except (MessageInvalid, ValueError, TypeError):
                    run.lost("a record: not understood")
    except OSError as error:
        run.lost(f"a file: {error.strerror or error}")
    reader.finish()
    _read_packages(run)


class _Reader:
    """What is remembered from record to record."""

    def __init__(self, run: Imported) -> None:
        self._run = run
        self._rows = Rows(run)
        self._unfinished = {"stdout": "", "stderr": ""}  # lines without an end

    def take(self, number: int, message: bytes) -> None:
        """Record one of W&B's records.

        Raises:
            MessageInvalid: It is none.
            ValueError: The JSON in it is none.
        """
        if number == _HISTORY:
            self._rows.take_row(_items(message, 1))
        elif number == _SUMMARY:
            removed = [key for key, _ in _items(message, 2)]
            self._rows.take_summary(_items(message, 1), removed)
        elif number == _CONFIG:
            self._take_config(message)
        elif number == _RUN:
            self._take_run(message)
        elif number in (_RAW_OUTPUT, _OUTPUT):
            self._take_output(message_of(message))
        elif number == _STATS:
            self._take_stats(message)
        elif number == _ALERT:
            texts = _texts(message)
            level = _LEVELS.get(_first(texts, 3).upper(), "info")
            title, text = _first(texts, 1), _first(texts, 2)
            self._run.alert(self._run.last_ns, level, title, text)
        elif number == _ARTIFACT:
            self._run.leave_out("an artifact")
        elif number == _EXIT:
            self._take_exit(signed(message_of(message).get(1, 0)))
        elif number == _ENVIRONMENT:
            texts = _texts(message)
            self._facts("host", {"os": _first(texts, 1)})
            self._take_git(texts.get(9))

    def finish(self) -> None:
        """Record what has no end."""
        for channel in _CHANNELS:
            if self._unfinished[channel]:
                self._run.console(self._run.last_ns, channel, self._unfinished[channel])
        self._rows.finish()

    def _take_run(self, message: bytes) -> None:
        found = message_of(message)
        self._take_config(bytes_of(found.get(4, b"")))
        texts = _texts(message)
        self._facts("launch", {"job_type": _first(texts, 7), "sweep": _first(texts, 12)})
        self._take_git(texts.get(21))

    def _take_git(self, message: list[bytes] | None) -> None:
        if message:
            texts = _texts(message[-1])
            self._facts("git", {"remote": _first(texts, 1), "commit": _first(texts, 2)})

    def _take_config(self, message: bytes) -> None:
        values: dict[str, Any] = {}
        for key, value in _items(message, 1):
            if key[0] != "_wandb":
                values[".".join(key)] = value
        if values:
            self._run.params(values)

    def _facts(self, namespace: str, values: dict[str, str]) -> None:
        if values := {key: value for key, value in values.items() if value}:
            self._run.params(values, namespace=namespace)

    def _take_output(self, message: dict[int, int | bytes]) -> None:
        """Put lines together: what is printed arrives in pieces."""
        channel = _CHANNELS[message.get(1, 0) == 1]
        time_ns = _timestamp(message.get(2, b"")) or self._run.last_ns
        *lines, rest = (self._unfinished[channel] + text_of(message.get(3, b""))).split("\n")
        for line in lines:
            # A progress bar draws itself over and over: its last state stands in the end.
            self._run.console(time_ns, channel, line.rstrip("\r").rpartition("\r")[2])
        if len(rest) > _LINE_CHARACTERS_MAX:
            self._run.console(time_ns, channel, rest)
            rest = ""
        self._unfinished[channel] = rest

    def _take_stats(self, message: bytes) -> None:
        values = {
            "/".join(key): value
            for key, value in _items(message, 3)
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
        if values:
            time_ns = _timestamp(message_of(message).get(2, b"")) or self._run.last_ns
            self._run.devices(time_ns, values)

    def _take_exit(self, code: int) -> None:
        at = self._run.last_ns
        if code == 0:
            self._run.end(at, "finished", exit_code=0)
        elif code == _INTERRUPTED:
            self._run.end(at, "interrupted", exit_code=code)
        else:
            self._run.end(at, "failed", f"exit code {code}", exit_code=code)


def _read_packages(run: Imported) -> None:
    """Record which packages there were."""
    try:
        text = (run.files / "requirements.txt").read_text("utf-8", "replace")
    except OSError:
        return
    packages = {
        name: version for line in text.splitlines() for name, _, version in [line.partition("==")]
    }
    run.params({key: value for key, value in packages.items() if value}, namespace="environment")


def _records(file: BinaryIO, damaged: Damaged) -> Iterator[tuple[int, bytes]]:
    """Yield kind and message of each record.

    Raises:
        FormatUnknown: The file is none of W&B's.
    """
    for record in blocks.records(file, damaged):
        try:
            for number, value in fields(record):
                if isinstance(value, bytes) and number not in (_CONTROL, _INFO):
                    yield number, value
        except MessageInvalid:
            damaged("not understood")


def _items(message: bytes, number: int) -> list[tuple[tuple[str, ...], Any]]:
    """Return keys, part by part, and values of a message's items.

    Raises:
        MessageInvalid: It is none.
        ValueError: A value is no JSON.
    """
    found = []
    for field, value in fields(message):
        if field == number:
            texts = _texts(bytes_of(value))
            key = tuple(part.decode("utf-8", "replace") for part in texts.get(2, texts.get(1, [])))
            found.append((key or ("",), nested.parsed(texts[16][-1]) if 16 in texts else None))
    return found


def _texts(message: bytes) -> dict[int, list[bytes]]:
    """Return the fields of a message that are bytes."""
    found: dict[int, list[bytes]] = {}
    for number, value in fields(message):
        if isinstance(value, bytes):
            found.setdefault(number, []).append(value)
    return found


def _first(texts: dict[int, list[bytes]], number: int) -> str:
    return texts[number][0].decode("utf-8", "replace") if number in texts else ""


def _timestamp(value: int | bytes) -> int:
    """Return a google.protobuf.Timestamp in nanoseconds; 0 for what is no time."""
    found = message_of(value)
    time_ns = signed(found.get(1, 0)) * 10**9 + signed(found.get(2, 0))
    return time_ns if 0 <= time_ns <= INT64_MAX else 0


def _start(run: dict[int, int | bytes]) -> str:
    return f"@{_timestamp(run.get(17, b''))}"
