"""Bounds: how much is taken of what arrives.

Clients keep to them as well; a server must not rely on it. Text that describes is cut, and says so
by its last character. A name is never cut, because two names could become one: its record is put
aside and counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from collections.abc import Sequence
from itertools import pairwise
from typing import Any
from typing import Final

import msgspec

from mltrack_core import blobs
from mltrack_core import wire
from mltrack_core.errors import WireInvalid
from mltrack_core.limits import CONSOLE_LINE_BYTES_MAX
from mltrack_core.limits import DIFF_BYTES_MAX
from mltrack_core.limits import FILE_KIND_CHARACTERS_MAX
from mltrack_core.limits import NAME_CHARACTERS_MAX
from mltrack_core.limits import PARAM_DEPTH_MAX
from mltrack_core.limits import PROJECT_CHARACTERS_MAX
from mltrack_core.limits import RUN_NAME_CHARACTERS_MAX
from mltrack_core.limits import TAGS_MAX
from mltrack_core.limits import TRACEBACK_BYTES_MAX
from mltrack_core.records import Alert
from mltrack_core.records import Artifact
from mltrack_core.records import ArtifactFile
from mltrack_core.records import ByEdges
from mltrack_core.records import Checkpoint
from mltrack_core.records import CheckpointFile
from mltrack_core.records import Console
from mltrack_core.records import Devices
from mltrack_core.records import File
from mltrack_core.records import Gap
from mltrack_core.records import Histograms
from mltrack_core.records import Media
from mltrack_core.records import Note
from mltrack_core.records import Params
from mltrack_core.records import ParamValue
from mltrack_core.records import Record
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.spool import layout
from mltrack_server.store.media import bounds as media_bounds

INT64_MIN: Final = -(1 << 63)
INT64_MAX: Final = (1 << 63) - 1
LOST_MAX: Final = 1 << 48  # of one kind for one reason: no sum of them passes 64 bits
REASONS_MAX: Final = 100  # why a run lost records; further ones are counted together

_WORD: Final = 256
_PARAGRAPH: Final = 64 * 1024
_VALUE: Final = DIFF_BYTES_MAX + 1024  # the longest fact is an uncommitted change, with a last word
_ARGUMENTS_MAX: Final = 4096
_NAMESPACE_MAX: Final = 128
_KEY_MAX: Final = (NAME_CHARACTERS_MAX + 1) * PARAM_DEPTH_MAX  # nested names, with dots between

_CHARACTERS_MAX: Final[dict[type[Record], dict[str, int]]] = {
    RunStarted: {
        "project": PROJECT_CHARACTERS_MAX,
        "name": RUN_NAME_CHARACTERS_MAX,
        "group": RUN_NAME_CHARACTERS_MAX,
        "host": _WORD,
        "user": _WORD,
        "python": _WORD,
        "mltrack": _WORD,
        "parent": _WORD,
        "folder": 4096,
        "notes": _PARAGRAPH,
    },
    RunEnded: {"reason": 4096, "traceback": TRACEBACK_BYTES_MAX, "stream": _WORD},
    Console: {"text": CONSOLE_LINE_BYTES_MAX},
    Alert: {"title": NAME_CHARACTERS_MAX, "text": _PARAGRAPH, "kind": _WORD},
    Note: {"text": _PARAGRAPH},
    Gap: {"reason": _WORD},
    Checkpoint: {"path": 4096, "monitor": NAME_CHARACTERS_MAX, "writer": _WORD, "reason": 4096},
    File: {"path": 4096, "kind": FILE_KIND_CHARACTERS_MAX, "reason": 4096},
    Artifact: {"problem": 4096},
}
BINS_MAX: Final = 4096  # of one histogram, edges chosen by somebody
EXPONENT_MIN: Final = -1074  # of a float64, the smallest denormal one included
EXPONENT_MAX: Final = 1023
_KINDS: Final = {kind.__name__ for kind in wire.TYPES.values()}


class OutOfBounds(WireInvalid):
    """A record is what its type says, but larger than the store takes."""


def bounded(record: Record) -> Record:
    """Return *record* as the store takes it.

    Raises:
        OutOfBounds: A number does not fit into 64 bits, a name is too long, or a file's name leads
            out of its folder.
    """
    _check_integers(record)
    changes: dict[str, Any] = {}
    for field, characters_max in _CHARACTERS_MAX.get(type(record), {}).items():
        text: str = getattr(record, field)
        if len(text) > characters_max:
            changes[field] = _cut(text, characters_max)
    if isinstance(record, RunStarted):
        changes |= _started(record)
    elif isinstance(record, Params):
        changes |= _params(record)
    elif isinstance(record, Gap):
        changes |= _gap(record)
    elif isinstance(record, Histograms):
        _check_histograms(record)
    elif isinstance(record, Media):
        check_names((record.name,))
        if found := media_bounds.fault(record):
            raise OutOfBounds(found)
    elif isinstance(record, Checkpoint):
        _check_files(record.id, record.files)
    elif isinstance(record, File):
        _check_file(record)
    elif isinstance(record, Artifact):
        _check_files(record.about, record.files)
        _check_digests(record)
    return msgspec.structs.replace(record, **changes) if changes else record


def check_names(names: Iterable[str], characters_max: int = NAME_CHARACTERS_MAX) -> None:
    """Refuse names that are too long.

    Raises:
        OutOfBounds: One of them is.
    """
    for name in names:
        if len(name) > characters_max:
            raise OutOfBounds(
                f"the name {name[:40]!r}… has {len(name)} characters, more than {characters_max}"
            )


def _check_integers(record: Record) -> None:
    """Refuse integers that no database column holds."""
    if isinstance(record, Params | Devices):
        return  # their values are kept as text and as points
    for name in record.__struct_fields__:
        value: object = getattr(record, name)
        if isinstance(value, int) and not INT64_MIN <= value <= INT64_MAX:
            raise OutOfBounds(f"{name} does not fit into 64 bits")


def _started(record: RunStarted) -> dict[str, Any]:
    """Return what is to be changed of how a stream introduces itself."""
    changes: dict[str, Any] = {}
    if not record.project:
        changes["project"] = "default"
    if len(record.tags) > TAGS_MAX or any(len(tag) > _WORD for tag in record.tags):
        changes["tags"] = [_cut(tag, _WORD) for tag in record.tags[:TAGS_MAX]]
    if len(record.command) > _ARGUMENTS_MAX or sum(map(len, record.command)) > _PARAGRAPH:
        kept, room = [], _PARAGRAPH
        for argument in record.command[:_ARGUMENTS_MAX]:
            if room <= 0:
                break
            kept.append(_cut(argument, room))
            room -= len(argument)
        changes["command"] = [*kept, "…"]
    return changes


def _params(record: Params) -> dict[str, Any]:
    """Return what is to be changed of parameters."""
    if not INT64_MIN <= record.time_ns <= INT64_MAX or len(record.namespace) > _NAMESPACE_MAX:
        raise OutOfBounds(f"time_ns, or the namespace {record.namespace[:40]!r}…")
    check_names(record.values, _KEY_MAX)
    long = {
        name: cut
        for name, value in record.values.items()
        if (cut := _cut_value(value)) is not value
    }
    return {"values": record.values | long} if long else {}


def _cut_value(value: ParamValue) -> ParamValue:
    """Return *value*, or the start of it as text."""
    if isinstance(value, str | list):
        size = len(value) if isinstance(value, str) else sum(len(str(item)) for item in value)
        if size > _VALUE:
            return _cut(str(value), _VALUE)
    return value


def _check_histograms(record: Histograms) -> None:
    """Refuse counts and bins that nobody could draw.

    Raises:
        OutOfBounds: A histogram of the record is none.
    """
    check_names(record.values)
    for name, histogram in record.values.items():
        if isinstance(histogram, ByEdges):
            counts = [*histogram.counts, histogram.below, histogram.above, histogram.nans]
            edges = histogram.edges
            is_sound = len(edges) == len(histogram.counts) + 1 <= BINS_MAX and all(
                math.isfinite(low) and low < high for low, high in pairwise([*edges, math.inf])
            )
        else:
            sides = (
                (histogram.negative_first, histogram.negative),
                (histogram.positive_first, histogram.positive),
            )
            counts = [
                *histogram.negative, *histogram.positive, histogram.zeros, histogram.nans,
                histogram.negative_infinities, histogram.positive_infinities,
            ]  # fmt: skip
            is_sound = all(
                first >= EXPONENT_MIN and first + len(side) - 1 <= EXPONENT_MAX
                for first, side in sides
            )
        if not is_sound or min(counts) < 0 or max(counts) > INT64_MAX:
            raise OutOfBounds(f"the histogram {name[:40]!r} has bins or counts that cannot be")


def _gap(record: Gap) -> dict[str, Any]:
    """Return what is to be changed of a loss: counts that make sense, of kinds that there are."""
    kinds: dict[str, int] = {}
    for name, count in (record.kinds or {"unknown": record.count}).items():
        kind = name if name in _KINDS else "unknown"
        kinds[kind] = min(LOST_MAX, kinds.get(kind, 0) + max(0, count))
    return {} if kinds == record.kinds else {"kinds": kinds}


def _check_file(record: File) -> None:
    """Refuse a file that no tree has room for, or of which something impossible is told."""
    check_names((record.name,))
    if not layout.is_inside(record.name):
        raise OutOfBounds(f"the name {record.name[:80]!r} leads out of the run's files")
    _check_files(record.id, record.files)
    if record.sha256 and not blobs.is_digest(record.sha256):
        raise OutOfBounds(f"{record.sha256[:80]!r} is no SHA-256")
    if record.size is not None and record.size < 0:
        raise OutOfBounds("its size is less than nothing")


def _check_files(uid: str, files: Sequence[CheckpointFile | ArtifactFile]) -> None:
    """Refuse what is no id, and files that nobody could write anywhere in safety."""
    if not layout.is_id(uid):
        raise OutOfBounds(f"{uid[:40]!r} is no id of a checkpoint or file")
    for file in files:
        if not layout.is_inside(file.path):
            raise OutOfBounds(f"the file name {file.path[:80]!r} leads out of its folder")
    if any(file.bytes < 0 for file in files) or sum(file.bytes for file in files) > INT64_MAX:
        raise OutOfBounds("the size of its files does not fit into 64 bits")


def _check_digests(artifact: Artifact) -> None:
    """Refuse what is no SHA-256: blobs are found by it."""
    for file in artifact.files:
        for digest in (file.sha256, *file.chunks):
            if not blobs.is_digest(digest):
                raise OutOfBounds(f"{digest[:80]!r} is no SHA-256")


def _cut(text: str, characters_max: int) -> str:
    """Return the start of *text* where it is too long."""
    return text if len(text) <= characters_max else f"{text[: characters_max - 1]}…"
