"""Local mode: the spool of this machine, read as it grows, through the same writer as all else."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Final

from mltrack_core.errors import SpoolCorrupt
from mltrack_core.errors import SpoolTooNew
from mltrack_core.limits import MIB
from mltrack_core.spool import layout
from mltrack_core.spool.layout import SegmentFile
from mltrack_core.spool.reader import Tail
from mltrack_core.spool.segment import Batch
from mltrack_server.background import Background
from mltrack_server.errors import Overloaded
from mltrack_server.errors import StoreFull
from mltrack_server.retention import reclaim
from mltrack_server.store import OldBatch
from mltrack_server.store import Store
from mltrack_server.writer import Writer

logger = logging.getLogger(__name__)

_INTERVAL_S: Final = 0.25  # between two looks at runs that are written to
_REST: Final = 4.0  # times what a look took: one at thousands of runs is not taken at once again …
_REST_MAX_S: Final = 2.0  # … but soon enough for what is new in them
_WARM_S: Final = 600.0  # a run that did not grow for so long is cold: looked at in turns …
_TURNS: Final = 8  # … so that each has its turn once in so many looks
_ROUND_BYTES_MAX: Final = 16 * MIB  # read before it is written; bounds memory
_PAUSE_S: Final = 1.0  # after the store refused
_RETRY_S: Final = 5.0  # after a file could not be read
_REFUSED_S: Final = 60.0  # after a batch could not be stored, for a fault of ours
_RECLAIM_INTERVAL_S: Final = 60.0

_Size = tuple[int, int]  # index of a stream's newest segment, and its bytes


@dataclass(slots=True, kw_only=True)
class _Stream:
    """A stream of a run in the spool."""

    tail: Tail | None = None  # None: nothing is known of where to go on
    read_up_to: _Size | None = None  # everything up to here has been submitted
    is_done: bool = False  # sealed, and stored up to the seal
    retry_at_s: float = 0.0  # by the monotonic clock: it could not be read, or stored


@dataclass(slots=True, kw_only=True)
class _Run:
    """A run in the spool."""

    id: str
    turn: int  # when it is looked at while it is cold
    grew_at_s: float  # by the monotonic clock
    grew_ns: int = 0  # by the file system's: the newest are served first
    streams: dict[str, _Stream] = field(default_factory=dict)


class LocalIngest(Background):
    """Follows MLTRACK_DIR/spool and submits what is new there.

    Runs that grow are looked at four times a second, others every two seconds by one `stat` per
    stream; more rarely where there are so many that looking takes a while. What the spool lost to
    damage is logged and counted on its run. Files are only deleted by the retention rule, see
    retention.py.

    Args:
        root: MLTRACK_DIR.
        writer: Started.
        store: The one that *writer* writes.
        interval_s: Between two looks.
    """

    def __init__(
        self, root: Path, writer: Writer, store: Store, *, interval_s: float = _INTERVAL_S
    ) -> None:
        self.root, self.writer, self.store = root, writer, store
        self._interval_s = interval_s
        self._runs: dict[str, _Run] = {}
        self._listed: tuple[int, float] | None = None  # mtime of the spool's folder, and when
        self._turn = 0
        self._reclaim_at_s = 0.0
        self._lock = asyncio.Lock()
        self._warned: set[str] = set()

    async def catch_up(self) -> None:
        """Read everything that the spool holds now, and wait until it is durable.

        Raises:
            Overloaded: The writer takes no more.
            StoreFull: The store takes no writes for now.
        """
        async with self._lock:
            for run in self._runs.values():
                run.grew_at_s = time.monotonic()  # all are looked at, not only those in turn
            self._listed = None
            while await self._round():
                pass

    async def _run(self) -> None:
        """Look, read and submit, for ever."""
        while True:
            pause_s = self._interval_s
            try:
                async with self._lock:
                    began_s = time.monotonic()
                    while await self._round():
                        began_s = time.monotonic()
                    pause_s = pause_after(time.monotonic() - began_s, self._interval_s)
                await self._reclaim()
            except (Overloaded, StoreFull) as error:
                logger.warning("the spool waits: %s", error)
                pause_s = _PAUSE_S
            except Exception:
                # Whatever is wrong with one file or one moment, the next look may go well.
                logger.exception("reading the spool failed; it is tried again")
                pause_s = _PAUSE_S
            await asyncio.sleep(pause_s)

    async def _reclaim(self) -> None:
        """Apply the retention rule once a minute."""
        if time.monotonic() >= self._reclaim_at_s:
            self._reclaim_at_s = time.monotonic() + _RECLAIM_INTERVAL_S
            await asyncio.to_thread(reclaim, self.root, self.store)

    async def _round(self) -> bool:
        """Submit at most one batch of each stream; tell whether there may be more at once."""
        found = await asyncio.to_thread(self._collect)
        acks = await asyncio.gather(
            *(self.writer.submit(batch) for _, batch in found), return_exceptions=True
        )
        refusal: BaseException | None = None
        for (stream, batch), ack in zip(found, acks, strict=True):
            if isinstance(ack, Overloaded | StoreFull):
                refusal = ack
            elif isinstance(ack, Exception):
                # The writer has logged it. A batch that cannot be stored holds up no other stream.
                stream.retry_at_s = time.monotonic() + _REFUSED_S
            elif isinstance(ack, BaseException):
                raise ack
            if ack != batch.next_seq:
                # Refused, or the store is elsewhere than we thought: it knows where to go on.
                stream.tail = None
        if refusal is not None:
            raise refusal
        return bool(found)

    def _collect(self) -> list[tuple[_Stream, Batch]]:
        """Read what is new, newest runs first, up to a bound."""
        self._list_runs()
        found: list[tuple[_Stream, Batch]] = []
        room = _ROUND_BYTES_MAX
        grown = [(run, sizes) for run in self._due() if (sizes := self._grown(run))]
        grown.sort(key=lambda item: item[0].grew_ns, reverse=True)
        for run, sizes in grown:
            for stream_id, size in sizes.items():
                if room <= 0:
                    return found
                stream = run.streams[stream_id]
                try:
                    batch = self._read(run, stream_id, stream)
                except OSError as error:
                    self._report([error])
                    stream.tail = None
                    stream.retry_at_s = time.monotonic() + _RETRY_S
                    continue
                if batch is None:
                    stream.read_up_to = size
                else:
                    if stream.read_up_to is None:
                        batch = _old(batch, run.grew_ns)
                    found.append((stream, batch))
                    room -= len(batch.body)
        return found

    def _list_runs(self) -> None:
        """Find new runs: at once where the folder's time says so, else once in a full turn."""
        folder = layout.spool_folder(self.root)
        now_s = time.monotonic()
        try:
            mtime_ns = folder.stat().st_mtime_ns
        except FileNotFoundError:
            return
        if self._listed is not None:
            listed_ns, listed_at_s = self._listed
            # Two runs made within one tick of the file system's clock share a time.
            if mtime_ns == listed_ns and now_s < listed_at_s + self._interval_s * _TURNS:
                return
        self._listed = (mtime_ns, now_s)
        present = set(layout.runs(self.root))
        for run in present - self._runs.keys():
            self._runs[run] = _Run(id=run, turn=len(self._runs) % _TURNS, grew_at_s=now_s)
        for run in self._runs.keys() - present:
            del self._runs[run]

    def _due(self) -> Iterable[_Run]:
        """Yield the runs that are to be looked at now."""
        self._turn = (self._turn + 1) % _TURNS
        warm_since_s = time.monotonic() - _WARM_S
        for run in self._runs.values():
            if run.grew_at_s >= warm_since_s:
                yield run
            elif run.turn == self._turn:
                for stream in run.streams.values():
                    stream.tail = None  # made anew should it grow again
                yield run

    def _grown(self, run: _Run) -> dict[str, _Size]:
        """Return the streams of *run* that have grown since they were read, and their sizes."""
        grown: dict[str, _Size] = {}
        now_s = time.monotonic()
        for stream_id, segments in layout.segments(self.root, run.id).items():
            stream = run.streams.setdefault(stream_id, _Stream())
            if stream.is_done or stream.retry_at_s > now_s:
                continue
            size = _size(segments)
            if size is not None and size[0] != stream.read_up_to:
                grown[stream_id] = size[0]
                run.grew_ns = max(run.grew_ns, size[1])
        if grown:
            run.grew_at_s = now_s
        return grown

    def _read(self, run: _Run, stream_id: str, stream: _Stream) -> Batch | None:
        """Return the next batch of a stream; None if it has no more, or none that we can read.

        Raises:
            OSError: A file cannot be read for now.
        """
        if stream.tail is None:
            mark = self.store.marks(run.id).get(stream_id)
            if mark is not None and mark.is_sealed:
                stream.is_done = True
                return None
            stream.tail = Tail(self.root, run.id, stream_id, mark.next_seq if mark else 0)
        try:
            batch = stream.tail.read()
        except SpoolTooNew as error:
            self._report([error])
            return None
        self._report(stream.tail.damages)
        stream.tail.damages.clear()
        return batch

    def _report(self, errors: Iterable[OSError | SpoolCorrupt | SpoolTooNew]) -> None:
        """Warn of each damage once."""
        for error in errors:
            if str(error) not in self._warned:
                self._warned.add(str(error))
                logger.warning("in the spool: %s", error)


def pause_after(look_s: float, interval_s: float) -> float:
    """Return how long to wait after a look at the spool that found nothing new, in seconds."""
    return max(interval_s, min(_REST * look_s, _REST_MAX_S))


def _size(segments: list[SegmentFile]) -> tuple[_Size, int] | None:
    """Return how far a stream's files go and when they last grew; None if they are gone."""
    try:
        found = segments[-1].path.stat()
    except FileNotFoundError:
        return None
    return (segments[-1].index, found.st_size), found.st_mtime_ns


def _old(batch: Batch, heard_ns: int) -> OldBatch:
    """Return *batch*, found when its stream was first looked at: it may be of last week.

    What comes later has grown before our eyes, and is heard of when we see it: no clock of a file
    server can then make a run that goes on look silent.
    """
    return OldBatch(header=batch.header, frames=batch.frames, body=batch.body, heard_ns=heard_ns)
