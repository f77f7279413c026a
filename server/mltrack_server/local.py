"""Local mode: the spool of this machine, read as it grows, through the same writer as all else."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from itertools import islice
from pathlib import Path
from typing import Final

from mltrack_core import wire
from mltrack_core.errors import SpoolCorrupt
from mltrack_core.errors import SpoolTooNew
from mltrack_core.limits import MIB
from mltrack_core.records import Seal
from mltrack_core.spool import layout
from mltrack_core.spool.layout import SegmentFile
from mltrack_core.spool.reader import Tail
from mltrack_core.spool.segment import Batch
from mltrack_server.background import Background
from mltrack_server.batches import leading
from mltrack_server.errors import Overloaded
from mltrack_server.errors import StoreFull
from mltrack_server.retention import reclaim
from mltrack_server.store import OldBatch
from mltrack_server.store import Store
from mltrack_server.writer import Writer

logger = logging.getLogger(__name__)

_INTERVAL_S: Final = 0.25  # between two looks at runs that are written to …
_MUCH_BYTES: Final = 256 * 1024  # … but where a look has found so much, more is waiting already
_REST: Final = 4.0  # times what a look took: one at thousands of runs is not taken at once again …
_REST_MAX_S: Final = 2.0  # … but soon enough for what is new in them
_WARM_S: Final = 600.0  # a run that did not grow for so long is cold: looked at in turns …
_TURNS: Final = 8  # … so that each has its turn once in so many looks
_TICK_S: Final = 3.0  # file systems' clocks are no coarser: two changes within one share a time
_LIST_S: Final = 60.0  # what has settled is listed once in so long: not all folders keep time
_SETTLED_AT_ONCE: Final = 300  # runs of which a look sees the folder's time
_ROUND_BYTES_MAX: Final = 16 * MIB  # read before it is written; bounds memory
_PAUSE_S: Final = 1.0  # after the store refused
_RETRY_S: Final = 5.0  # after a file could not be read
_REFUSED_S: Final = 60.0  # after a batch could not be stored, for a fault of ours
_RECLAIM_INTERVAL_S: Final = 60.0

_SEAL: Final = wire.NUMBERS[Seal]

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
    folder: str
    turn: int  # when it is looked at while it is cold
    grew_at_s: float  # by the monotonic clock
    grew_ns: int = 0  # by the file system's: the newest are served first
    streams: dict[str, _Stream] = field(default_factory=dict)
    folder_ns: int = 0  # the mtime of its folder when it was listed last …
    since_s: float = 0.0  # … and since when that is known, by the monotonic clock
    is_settled: bool = False  # all that is there is stored, and nothing comes but in a new file
    list_at_s: float = 0.0  # however settled it is


class LocalIngest(Background):
    """Follows MLTRACK_DIR/spool and submits what is new there.

    Runs that grow are looked at four times a second, others every two seconds by one `stat` per
    stream; more rarely where there are so many that looking takes a while. Where all streams of a
    run are sealed and stored, its folder's time is looked at, of 300 such runs at once. What the
    spool lost to damage is logged and counted on its run. Files are only deleted by the retention
    rule, see retention.py.

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
        self._settled: dict[str, _Run] = {}  # the others
        self._round_of_settled: Iterator[_Run] = iter(())
        self._folder_ns = 0  # the mtime of the spool's folder when it was listed last …
        self._folder_since_s = 0.0  # … since when that is known, by the monotonic clock …
        self._listed_at_s = -math.inf  # … and when that was
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
            self._runs |= self._settled
            self._settled.clear()
            for run in self._runs.values():
                run.grew_at_s = time.monotonic()  # all are looked at, not only those in turn
                run.is_settled = False
            self._listed_at_s = -math.inf
            while await self._round():
                pass

    async def _run(self) -> None:
        """Look, read and submit, for ever."""
        while True:
            pause_s = self._interval_s
            try:
                async with self._lock:
                    began_s = time.monotonic()
                    # A commit costs as much for one point as for a thousand: let them gather.
                    while await self._round() >= _MUCH_BYTES:
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

    async def _round(self) -> int:
        """Submit at most one batch of each stream; return how many bytes there were."""
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
            elif batch.frames[-1].number == _SEAL:
                stream.is_done = True
        if refusal is not None:
            raise refusal
        return sum(len(batch.body) for _, batch in found)

    def _collect(self) -> list[tuple[_Stream, Batch]]:
        """Read what is new, newest runs first, up to a bound."""
        self._list_runs()
        found: list[tuple[_Stream, Batch]] = []
        room = _ROUND_BYTES_MAX
        due = list(self._due())
        grown = [(run, sizes) for run in due if (sizes := self._grown(run))]
        for run in due:
            self._place(run)
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
        if mtime_ns != self._folder_ns:
            self._folder_ns, self._folder_since_s = mtime_ns, now_s
        else:
            is_sure = self._listed_at_s >= self._folder_since_s + _TICK_S
            if now_s < self._listed_at_s + (_LIST_S if is_sure else self._interval_s * _TURNS):
                return
        self._listed_at_s = now_s
        present = set(layout.runs(self.root))
        known = self._runs.keys() | self._settled.keys()
        for run in present - known:
            path = os.fspath(layout.run_folder(self.root, run))
            turn = len(self._runs) % _TURNS
            self._runs[run] = _Run(id=run, folder=path, turn=turn, grew_at_s=now_s)
        for run in known - present:
            self._runs.pop(run, None)
            self._settled.pop(run, None)

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
        settled = list(islice(self._round_of_settled, _SETTLED_AT_ONCE))
        if len(settled) < _SETTLED_AT_ONCE:
            self._round_of_settled = iter(list(self._settled.values()))
        yield from (run for run in settled if run.id in self._settled)

    def _place(self, run: _Run) -> None:
        """Put *run* among those that have settled, or take it out, as it is."""
        before, after = self._runs, self._settled
        if not run.is_settled:
            before, after = after, before
        if run.id in before:
            after[run.id] = before.pop(run.id)

    def _grown(self, run: _Run) -> dict[str, _Size]:
        """Return the streams of *run* that have grown since they were read, and their sizes."""
        grown: dict[str, _Size] = {}
        now_s = time.monotonic()
        try:
            folder_ns = os.stat(run.folder).st_mtime_ns  # before the list: it may grow meanwhile
        except FileNotFoundError:
            return grown
        if run.is_settled and folder_ns == run.folder_ns and now_s < run.list_at_s:
            return grown
        if folder_ns != run.folder_ns:
            run.folder_ns, run.since_s = folder_ns, now_s
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
        run.list_at_s = now_s + _LIST_S
        run.is_settled = now_s >= run.since_s + _TICK_S and all(
            stream.is_done for stream in run.streams.values()
        )
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
            next_seq = mark.next_seq if mark else 0
            stream.tail = Tail(self.root, run.id, stream_id, next_seq, look=leading)
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
