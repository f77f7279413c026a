"""Retention: how long delivered segments are kept, so that a restored server can be refilled."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from mltrack_core import limits
from mltrack_core.agent import peek
from mltrack_core.agent.client import IngestClient
from mltrack_core.agent.clock import Clock
from mltrack_core.errors import ServerRefused
from mltrack_core.errors import ServerUnreachable
from mltrack_core.spool import destination
from mltrack_core.spool import layout
from mltrack_core.spool.layout import SegmentFile

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """Segments that may be deleted together, once the server confirms that it has them."""

    run: str
    segments: tuple[SegmentFile, ...]
    following: SegmentFile | None  # of a single segment; None: these are all of the run
    touched_ns: int  # when the newest of them was written last
    bytes: int
    client: IngestClient


class Retention:
    """Deletes delivered segments that are older than RETAIN_S or beyond RETAIN_BYTES_MAX.

    A run whose streams are all closed goes as a whole: without its first segment nobody could tell
    whose stream it was. Of a run that goes on, segments between the first and the last go.
    Nothing goes before the server has confirmed, at that moment, that it has it. Not thread-safe.

    Args:
        root: MLTRACK_DIR.
        clock: For ages.
        bytes_max: Of what is delivered and kept.
    """

    def __init__(self, root: Path, clock: Clock, bytes_max: int = limits.RETAIN_BYTES_MAX) -> None:
        self._root, self._clock, self._bytes_max = root, clock, bytes_max
        self._candidates: list[_Candidate] = []

    def offer(self, run: str, client: IngestClient, *, is_closed: bool) -> None:
        """Consider a run for the next `clean`.

        Args:
            run: Its id.
            client: The way to the server that it was delivered to.
            is_closed: No trainer of this host writes to it, and all of it has been delivered.
        """
        streams = layout.segments(self._root, run)
        try:
            if is_closed:
                everything = [segment for segments in streams.values() for segment in segments]
                if everything:
                    self._offer(run, client, everything, None)
                return
            for segments in streams.values():
                for segment, following in pairwise(segments[1:]):
                    self._offer(run, client, [segment], following)
        except FileNotFoundError:
            return  # deleted by someone else meanwhile

    def clean(self) -> None:
        """Delete what is due of all that was offered, the oldest first."""
        candidates = sorted(self._candidates, key=lambda each: each.touched_ns)
        self._candidates = []
        kept_bytes = sum(each.bytes for each in candidates)
        for candidate in candidates:
            is_old = self._age_s(candidate.touched_ns) > limits.RETAIN_S
            if not is_old and kept_bytes <= self._bytes_max:
                break
            # Only now, for what is due, is anything read or asked.
            needed = self._needed(candidate)
            if needed and self._is_stored(candidate, needed):
                self._delete(candidate, needed)
                kept_bytes -= candidate.bytes

    def _offer(
        self,
        run: str,
        client: IngestClient,
        segments: Sequence[SegmentFile],
        following: SegmentFile | None,
    ) -> None:
        candidate = _Candidate(
            run=run,
            segments=tuple(segments),
            following=following,
            touched_ns=_touched_ns(segments),
            bytes=sum(segment.path.stat().st_size for segment in segments),
            client=client,
        )
        self._candidates.append(candidate)

    def _needed(self, candidate: _Candidate) -> dict[str, int]:
        """Return how far the server must have come in each stream, in the order of deletion.

        Empty if that cannot be told: a stream may still grow, or nobody can read it.
        """
        if candidate.following is not None:
            end = peek.first_seq(candidate.following)
            return {} if end is None else {candidate.following.stream: end}
        streams = layout.segments(self._root, candidate.run)
        needed: dict[str, int] = {}
        for stream in sorted(streams, key=lambda each: _is_agent(streams[each])):
            end = peek.end_seq(streams[stream])
            if end is None or not self._is_over(streams[stream]):
                return {}
            needed[stream] = end
        return needed

    def _is_over(self, segments: Sequence[SegmentFile]) -> bool:
        """Tell whether a stream is sealed, or has been silent for so long that it never will be."""
        _, is_sealed = peek.ends(segments)
        return is_sealed or self._age_s(_touched_ns(segments)) > limits.RETAIN_S

    def _is_stored(self, candidate: _Candidate, needed: Mapping[str, int]) -> bool:
        """Ask the server whether it has all of *candidate*."""
        try:
            return all(
                candidate.client.next_seq(candidate.run, stream) >= end
                for stream, end in needed.items()
            )
        except (ServerRefused, ServerUnreachable):
            return False

    def _delete(self, candidate: _Candidate, confirmed: Iterable[str]) -> None:
        """Delete the segments of *confirmed* streams, one after the other, and an empty folder."""
        for stream in confirmed:
            for segment in candidate.segments:
                if segment.stream == stream:
                    segment.path.unlink(missing_ok=True)
        if not layout.segments(self._root, candidate.run):
            self._remove_folder(candidate.run)
        logger.info("deleted %d bytes of run %s: stored", candidate.bytes, candidate.run)

    def _remove_folder(self, run: str) -> None:
        """Remove the folder of a run without segments, unless something else is in it."""
        folder = layout.run_folder(self._root, run)
        where = destination.read(self._root, run)
        (folder / destination.FILE).unlink(missing_ok=True)
        try:
            folder.rmdir()
        except OSError:
            # A quarantine; or the run goes on at this very moment, and must know where to.
            if where is not None:
                destination.write(self._root, run, where)

    def _age_s(self, touched_ns: int) -> float:
        return (self._clock.time_ns() - touched_ns) / 1e9


def _is_agent(segments: Sequence[SegmentFile]) -> bool:
    """Tell whether a stream is an agent's.

    These are deleted last: as long as a trainer's stream is there, the one that tells its end must
    be there too, or the next agent would tell it again.
    """
    started = peek.started(segments)
    return started is not None and started.role == "agent"


def _touched_ns(segments: Sequence[SegmentFile]) -> int:
    """Return when the newest of *segments* was written last."""
    return max(segment.path.stat().st_mtime_ns for segment in segments)
