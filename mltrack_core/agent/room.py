"""How much room the spool takes, told to its writers.

The quota bounds what waits for a server. Of a run that goes nowhere the spool may be the only
copy: it may take what room the disk has.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from mltrack_core.spool import attachments
from mltrack_core.spool import destination
from mltrack_core.spool import layout
from mltrack_core.spool import space
from mltrack_core.spool.space import Pressure

logger = logging.getLogger(__name__)


class Room:
    """Measures the spool and publishes the pressure. Not thread-safe."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._sizes: dict[str, tuple[int, int]] = {}  # run → its folder's mtime in ns, bytes
        self._level: Pressure | None = None

    def publish(self, live: Iterable[str]) -> Pressure:
        """Measure, tell the writers, and return the level; *live* are the runs that may grow."""
        live = frozenset(live)
        sizes: dict[str, tuple[int, int]] = {}
        for run in layout.runs(self._root):
            try:
                changed_ns = layout.run_folder(self._root, run).stat().st_mtime_ns
            except FileNotFoundError:
                continue
            known = self._sizes.get(run)
            # A segment that nobody appends to keeps its size: thousands of old runs cost a stat.
            if known is None or run in live or known[0] != changed_ns:
                known = (changed_ns, _bytes_for_server(self._root, run))
            sizes[run] = known
        self._sizes = sizes
        level = space.measure(self._root, sum(size for _, size in sizes.values()))
        if level is not self._level:
            space.publish(self._root, level)
            if self._level is not None or level is not Pressure.NONE:
                logger.warning("room in the spool: %s", level.name.lower())
            self._level = level
        return level


def _bytes_for_server(root: Path, run: str) -> int:
    """Return the size of a run's segments and media; 0 where no server is to have them."""
    if not (layout.run_folder(root, run) / destination.FILE).exists():
        return 0
    total = attachments.waiting_bytes(root, run)
    for segments in layout.segments(root, run).values():
        for segment in segments:
            try:
                total += segment.path.stat().st_size
            except FileNotFoundError:
                continue  # retention was faster
    return total
