"""Files become rows, and what is known of their bytes becomes digests."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any
from typing import Final

import msgspec

from mltrack_core.records import Artifact
from mltrack_core.records import File

DIGESTS_MAX: Final = 1000  # of one record: two folders that share so many are known to be alike

_encode: Final = msgspec.msgpack.Encoder().encode


def row_of(record: File) -> dict[str, Any]:
    """Return the columns of *record* besides its key."""
    return {
        "uid": record.id,
        "time_ns": record.time_ns,
        "use": record.use,
        "name": record.name,
        "body": _encode(record),
    }


def digests_of(record: Artifact | File) -> Iterator[dict[str, Any]]:
    """Yield for each hash that *record* tells the columns of a digest besides the record's key."""
    if isinstance(record, File):
        if record.sha256:
            yield {"no": 0, "about": record.id, "sha256": record.sha256}
        return
    # All empty files are the same, which says nothing of where they come from.
    told = ((no, file.sha256) for no, file in enumerate(record.files) if file.bytes)
    for no, sha256 in islice(told, DIGESTS_MAX):
        yield {"no": no, "about": record.about, "sha256": sha256}
