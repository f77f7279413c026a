"""Retention: which segments of the local spool may go, now that the store holds them."""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass
from pathlib import Path

from mltrack_core.errors import MltrackError
from mltrack_core.limits import RETAIN_BYTES_MAX
from mltrack_core.limits import RETAIN_S
from mltrack_core.limits import SPOOL_BYTES_MAX
from mltrack_core.spool import destination
from mltrack_core.spool import layout
from mltrack_core.spool.reader import read_segment
from mltrack_server.store import Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A segment in the spool."""

    run: str
    stream: str
    path: Path
    is_last: bool  # of its stream: somebody may still append to it
    size: int
    mtime_s: float


def reclaim(
    root: Path,
    store: Store,
    *,
    bytes_max: int = RETAIN_BYTES_MAX,
    age_s_min: float = RETAIN_S,
    bytes_urgent: int = SPOOL_BYTES_MAX // 2,
) -> list[Path]:
    """Delete the oldest segments while the spool is longer than *bytes_max*; return what went.

    Only segments go that the store holds to the last record, without damage, of runs that have
    ended and are delivered nowhere else. A day they stay in any case, so that a store restored
    from a backup can be filled again; unless the spool has *bytes_urgent*. What a process may still
    append to stays that day even then.
    """
    candidates = _candidates(root)
    total = sum(candidate.size for candidate in candidates)
    old_before_s = time.time() - age_s_min
    is_over: dict[str, bool] = {}
    gone = []
    for candidate in sorted(candidates, key=lambda candidate: candidate.mtime_s):
        if total <= bytes_max:
            break
        if candidate.mtime_s > old_before_s and total <= bytes_urgent:
            break
        run = candidate.run
        if run not in is_over:
            is_over[run] = _is_over(root, store, run)
        may_grow = candidate.is_last and candidate.mtime_s > old_before_s
        if is_over[run] and _is_held(store, candidate, may_grow=may_grow):
            candidate.path.unlink(missing_ok=True)
            total -= candidate.size
            gone.append(candidate.path)
    for folder in {path.parent for path in gone}:
        with contextlib.suppress(OSError):
            folder.rmdir()  # refuses while anything is in it
    if gone:
        logger.info("removed %d segments from the spool that the store holds", len(gone))
    return gone


def _candidates(root: Path) -> list[_Candidate]:
    """Return every segment in the spool."""
    found = []
    for run in layout.runs(root):
        for stream, segments in layout.segments(root, run).items():
            for segment in segments:
                with contextlib.suppress(FileNotFoundError):
                    status = segment.path.stat()
                    found.append(
                        _Candidate(
                            run=run,
                            stream=stream,
                            path=segment.path,
                            is_last=segment is segments[-1],
                            size=status.st_size,
                            mtime_s=status.st_mtime,
                        )
                    )
    return found


def _is_over(root: Path, store: Store, run: str) -> bool:
    """Tell whether *run* has ended and is not to be delivered to another server."""
    if (layout.run_folder(root, run) / destination.FILE).exists():
        return False
    state = store.state(run)
    return state is not None and state not in ("running", "silent")


def _is_held(store: Store, candidate: _Candidate, *, may_grow: bool) -> bool:
    """Tell whether the store holds every record of a segment, and no byte of it is damaged.

    One that *may_grow* has to be sealed too: a run is over when its first process is, and another
    one would write on into a file that is no longer there.
    """
    mark = store.marks(candidate.run).get(candidate.stream)
    if mark is None or (may_grow and not mark.is_sealed):
        return False
    try:
        contents = read_segment(candidate.path)
    except (OSError, MltrackError):
        return False
    if contents.damages:
        return False
    return not contents.frames or contents.frames[-1].seq < mark.next_seq
