"""Segs: the points of batches that are not folded yet."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection
from sqlalchemy import bindparam
from sqlalchemy import select

from mltrack_core.limits import MIB
from mltrack_core.spool import frame
from mltrack_core.spool.frame import Frame
from mltrack_server.batches import frames_in
from mltrack_server.store import schema
from mltrack_server.store.decoder import decode
from mltrack_server.store.lineage import Lineage
from mltrack_server.store.points import BatchPoints
from mltrack_server.store.points import SegKey

_CACHE_BYTES_MAX: Final = 64 * MIB  # of unfolded batches, decoded

_seg = schema.seg.c
_SEGS: Final = (
    select(_seg.stream_no, _seg.first_seq, _seg.next_seq, _seg.bytes)
    .where(_seg.rid == bindparam("b_rid"))
    .order_by(_seg.stream_no, _seg.first_seq)
)
_SEG: Final = select(_seg.salt, _seg.body).where(
    _seg.rid == bindparam("b_rid"),
    _seg.stream_no == bindparam("b_stream_no"),
    _seg.first_seq == bindparam("b_first_seq"),
)


class SegCache:
    """The points of batches that are not folded yet, decoded once. Thread-safe."""

    def __init__(self, bytes_max: int = _CACHE_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        self._segs: OrderedDict[SegKey, BatchPoints] = OrderedDict()
        self._bytes = 0

    def get(self, key: SegKey) -> BatchPoints | None:
        """Return a batch's points if they are here."""
        with self._lock:
            if key in self._segs:
                self._segs.move_to_end(key)
            return self._segs.get(key)

    def put(self, key: SegKey, found: BatchPoints) -> None:
        """Keep a batch's points; forget those not asked for the longest."""
        with self._lock:
            if key not in self._segs:
                self._segs[key] = found
                self._bytes += found.bytes
            while self._bytes > self._bytes_max:
                _, oldest = self._segs.popitem(last=False)
                self._bytes -= oldest.bytes

    def drop(self, keys: Iterable[SegKey]) -> None:
        """Forget batches that have been folded."""
        with self._lock:
            for key in keys:
                if found := self._segs.pop(key, None):
                    self._bytes -= found.bytes

    def clear(self) -> None:
        """Forget all: the store was changed beside it."""
        with self._lock:
            self._segs.clear()
            self._bytes = 0


def unfolded(
    connection: Connection,
    cache: SegCache,
    rid: int,
    lineage: Lineage,
    *,
    bytes_max: int | None = None,
) -> Iterator[tuple[SegKey, BatchPoints]]:
    """Yield each seg and its points in the order of logging.

    Args:
        connection: Sees one state of the store.
        cache: Looked into first.
        rid: The run.
        lineage: Of the run.
        bytes_max: End after about so many bytes of frames.
    """
    room = bytes_max
    for row in connection.execute(_SEGS, {"b_rid": rid}).all():
        if room is not None:
            if room <= 0:
                return
            room -= row.bytes
        key = (rid, row.stream_no, row.first_seq, row.next_seq)
        found = cache.get(key)
        if found is None:
            stored = connection.execute(
                _SEG,
                {"b_rid": rid, "b_stream_no": row.stream_no, "b_first_seq": row.first_seq},
            ).one()
            frames: Sequence[Frame] | None = frames_in(stored.body, stored.salt, row.first_seq)
            if frames is None:  # damaged on the disk: what is whole is read
                scanned = frame.scan(stored.body, stored.salt)
                frames = [item for item in scanned if isinstance(item, Frame)]
            found = decode(frames, lineage.suffixes[row.stream_no])
            cache.put(key, found)
        yield key, found
