"""Looking at both ends of a stream, without reading what lies between."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mltrack_core import wire
from mltrack_core.errors import MltrackError
from mltrack_core.errors import SpoolCorrupt
from mltrack_core.errors import SpoolTooNew
from mltrack_core.errors import WireInvalid
from mltrack_core.limits import MIB
from mltrack_core.records import Artifact
from mltrack_core.records import Checkpoint
from mltrack_core.records import File
from mltrack_core.records import Filed
from mltrack_core.records import Media
from mltrack_core.records import Params
from mltrack_core.records import Record
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.records import Seal
from mltrack_core.spool import frame
from mltrack_core.spool.frame import Frame
from mltrack_core.spool.layout import SegmentFile
from mltrack_core.spool.reader import first_record
from mltrack_core.spool.segment import HEADER_BYTES
from mltrack_core.spool.segment import SegmentHeader

# How far from the end a RunEnded is looked for: behind it come a Seal and perhaps a few Gaps, and
# it holds a traceback of at most 64 KiB.
_TAIL_BYTES: Final = 256 * 1024
_ENDS: Final = frozenset({wire.NUMBERS[RunEnded], wire.NUMBERS[Seal]})


def started(segments: Sequence[SegmentFile]) -> RunStarted | None:
    """Return what a stream begins with; None if that is gone, damaged or not written yet."""
    try:
        record = first_record(segments[0].path) if segments[0].index == 0 else None
    except (OSError, MltrackError):
        return None
    return record if isinstance(record, RunStarted) else None


def early_params(segments: Sequence[SegmentFile], namespace: str) -> Params | None:
    """Return the last Params of *namespace* in the first MiB of a stream."""
    result = None
    if segments and segments[0].index == 0:
        for found in _frames(segments[0].path, 0, MIB):
            record = _decode(found) if found.number == wire.NUMBERS[Params] else None
            if isinstance(record, Params) and record.namespace == namespace:
                result = record
    return result


def filed_as(
    streams: Mapping[str, Sequence[SegmentFile]], uid: str
) -> tuple[RunStarted, Filed] | None:
    """Return the checkpoint or file *uid* and who recorded it; reads whole streams."""
    return next((found for found in filed(streams, Checkpoint, File) if found[1].id == uid), None)


def filed(
    streams: Mapping[str, Sequence[SegmentFile]], *kinds: type[Filed]
) -> Iterator[tuple[RunStarted, Filed]]:
    """Yield everything of these *kinds* and who recorded it; reads whole streams."""
    for segments in streams.values():
        writer = started(segments)
        if writer is None or writer.role == "agent":
            continue
        for segment in segments:
            for kind in kinds:
                for record in _records(segment.path, kind):
                    if isinstance(record, Checkpoint | File):
                        yield writer, record


def stored(streams: Mapping[str, Sequence[SegmentFile]]) -> list[Artifact]:
    """Return what agents of a run stored as blobs; reads their whole streams."""
    return [each for each in _artifacts(streams) if any(file.chunks for file in each.files)]


def gone(streams: Mapping[str, Sequence[SegmentFile]]) -> set[str]:
    """Return the checkpoints whose files an agent has seen to be gone; reads whole streams."""
    return {each.about for each in _artifacts(streams) if each.gone}


def media(streams: Mapping[str, Sequence[SegmentFile]]) -> set[str]:
    """Return the SHA-256 of all files beside the Media records of a run; reads whole streams."""
    return {
        file.sha256
        for segments in streams.values()
        for segment in segments
        for found in _frames(segment.path, 0, None)
        if found.number == wire.NUMBERS[Media] and isinstance(record := _decode(found), Media)
        for item in record.items
        for file in (item.file, *(mask.file for mask in item.masks))
        if len(file.data) != file.bytes
    }


def ends(segments: Sequence[SegmentFile]) -> tuple[list[RunEnded], bool]:
    """Return the RunEnded records at the end of a stream, and whether it is sealed."""
    found_ends: list[RunEnded] = []
    is_sealed = False
    for segment in segments[-2:]:  # a Seal may be alone in the last one
        for found in _frames(segment.path, -_TAIL_BYTES, _TAIL_BYTES):
            record = _decode(found) if found.number in _ENDS else None
            is_sealed = is_sealed or isinstance(record, Seal)
            if isinstance(record, RunEnded):
                found_ends.append(record)
    return found_ends, is_sealed


def end_seq(segments: Sequence[SegmentFile]) -> int | None:
    """Return the seq after the last whole record of a stream; None if its end cannot be read."""
    for segment in reversed(segments):
        if segment.path.stat().st_size <= HEADER_BYTES:
            continue  # begun, and nothing written
        # A record may be longer than the usual tail: look at the whole segment then.
        frames = _frames(segment.path, -_TAIL_BYTES, None) or _frames(segment.path, 0, None)
        return frames[-1].seq + 1 if frames else None
    return 0


def first_seq(segment: SegmentFile) -> int | None:
    """Return the seq with which a segment begins; None if its header cannot be read."""
    try:
        with segment.path.open("rb", buffering=0) as file:
            return SegmentHeader.unpack(file.read(HEADER_BYTES), segment.path).first_seq
    except (OSError, SpoolCorrupt, SpoolTooNew):
        return None


def _artifacts(streams: Mapping[str, Sequence[SegmentFile]]) -> Iterator[Artifact]:
    """Yield what agents of a run told of its checkpoints."""
    for segments in streams.values():
        if (writer := started(segments)) is not None and writer.role == "agent":
            for segment in segments:
                for record in _records(segment.path, Artifact):
                    if isinstance(record, Artifact):
                        yield record


def _records(path: Path, kind: type[Record]) -> Iterator[Record | wire.Unknown]:
    """Yield the records of one kind in a segment, found without a look at the others.

    That is thirty times faster than frame by frame: among many points there are few of them.
    """
    try:
        with path.open("rb", buffering=0) as file:
            header = SegmentHeader.unpack(file.read(HEADER_BYTES), path)
            data = file.read()
    except (OSError, SpoolCorrupt, SpoolTooNew):
        return
    mark = frame.SYNC_BYTES + bytes((wire.NUMBERS[kind], 0))
    position = data.find(mark)
    while position != -1:
        found = frame.frame_at(data, position, header.salt)
        if found is not None and (record := _decode(found)) is not None:
            yield record
        position = data.find(mark, position + 1 if found is None else found.end)


def _frames(path: Path, start: int, length: int | None) -> list[Frame]:
    """Return the whole frames among *length* bytes from *start*, which counts from the end if < 0.

    What cannot be read gives none: an agent does not stop for a damaged file.
    """
    try:
        with path.open("rb", buffering=0) as file:
            header = SegmentHeader.unpack(file.read(HEADER_BYTES), path)
            size = file.seek(0, 2)
            file.seek(max(HEADER_BYTES, size + start if start < 0 else start))
            data = file.read() if length is None else file.read(length)
    except (OSError, SpoolCorrupt, SpoolTooNew):
        return []
    return [found for found in frame.scan(data, header.salt) if isinstance(found, Frame)]


def _decode(found: Frame) -> Record | wire.Unknown | None:
    """Return the record in *found*, or None if it is not what its type says."""
    try:
        return wire.decode(found.number, found.payload)
    except WireInvalid:
        return None
