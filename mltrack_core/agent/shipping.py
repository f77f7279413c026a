"""Shipping: every run that has a destination is delivered to it, whatever the network does."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Final

from mltrack_core.agent.backoff import Backoff
from mltrack_core.agent.client import IngestClient
from mltrack_core.agent.clock import Clock
from mltrack_core.agent.delivery import POISON
from mltrack_core.agent.delivery import Delivery
from mltrack_core.agent.retention import Retention
from mltrack_core.errors import ServerRefused
from mltrack_core.errors import ServerUnreachable
from mltrack_core.errors import SpoolTooNew
from mltrack_core.spool import destination
from mltrack_core.spool import layout
from mltrack_core.spool.destination import Destination
from mltrack_core.spool.layout import SegmentFile

logger = logging.getLogger(__name__)

_POLL_S: Final = 0.2  # between two looks at what may grow: a point is on its way within this …
_MUCH_BYTES: Final = 256 * 1024  # … but where a look has found so much, more is waiting already
_LOOK_S: Final = 5.0  # between two looks at all runs …
_LOOK_SHARE_MAX: Final = 0.02  # … but no larger share of the time than this, of thousands of runs
_CLEAN_S: Final = 60.0  # between two looks at what need not be kept any longer


@dataclass(slots=True)
class _Server:
    """One server, and when it may be asked again."""

    client: IngestClient
    backoff: Backoff = field(default_factory=Backoff)


@dataclass(slots=True)
class _Shipment:
    """One stream on its way to one server."""

    destination: Destination
    delivery: Delivery
    backoff: Backoff = field(default_factory=Backoff)
    delivered_bytes: int = -1  # the segments' size when there was nothing more to send


class Shipper:
    """Delivers the runs of one MLTRACK_DIR. `start` does it in a thread, `ship` in the caller's.

    Args:
        root: MLTRACK_DIR.
        clock: For back-off and intervals.
    """

    def __init__(self, root: Path, clock: Clock) -> None:
        self.live: frozenset[str] | None = None  # runs that may grow; None: not known yet
        self.last_failure = ""  # why something could not be delivered, for people
        self._root, self._clock = root, clock
        self._servers: dict[Destination, _Server] = {}
        self._shipments: dict[tuple[str, str], _Shipment] = {}  # by run and stream
        self._backlog: frozenset[str] | None = None  # runs not delivered; None: not known yet
        self._retention = Retention(root, clock)
        self._look_at = self._clean_at = clock.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shipper", daemon=True)

    @property
    def has_pending(self) -> bool:
        """Whether something is left to deliver, or nobody has looked yet."""
        return self._backlog is None or bool(self._backlog)

    def start(self) -> None:
        """Deliver from now on, in a thread."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Stop the thread; waits no longer than *timeout_s* for a request to end."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def ship(self, runs: Iterable[str]) -> int:
        """Send one batch of every stream of *runs* that has more; return the bytes taken."""
        moved_bytes = 0
        backlog = set(self._backlog or ())
        for run in runs:
            where = destination.read(self._root, run)
            is_pending = False
            if where is not None:
                for stream, segments in layout.segments(self._root, run).items():
                    is_stream_pending, taken_bytes = self._ship(where, run, stream, segments)
                    is_pending = is_pending or is_stream_pending
                    moved_bytes += taken_bytes
            (backlog.add if is_pending else backlog.discard)(run)
        self._backlog = frozenset(backlog)
        return moved_bytes

    @property
    def backlog(self) -> frozenset[str]:
        """The runs last shipped that have something left to deliver."""
        return self._backlog or frozenset()

    def ready_at_s(self) -> float:
        """Return when, by the monotonic clock, the next try for the backlog is due."""
        waiting = [
            max(shipment.backoff.ready_at_s, self._server(shipment.destination).backoff.ready_at_s)
            for (run, _), shipment in self._shipments.items()
            if run in self.backlog
        ]
        return min(waiting, default=0.0)

    def backlog_bytes(self) -> int:
        """Return about how many bytes of the runs last shipped are not delivered."""
        return sum(
            _size(segments)
            for run in self.backlog
            for stream, segments in layout.segments(self._root, run).items()
            if not self._is_delivered(run, stream, segments)
        )

    def close(self) -> None:
        """Close the connections."""
        for server in self._servers.values():
            server.client.close()

    def _run(self) -> None:
        """Deliver until stopped."""
        grown: frozenset[str] = frozenset()
        while not self._stopping.is_set():
            now = self._clock.monotonic()
            live = self.live or frozenset()
            # A run that has just ended is looked at once more: its last record may be new.
            runs: Iterable[str] = live | grown | (self._backlog or frozenset())
            is_full_look = now >= self._look_at
            if is_full_look:
                runs = list(layout.runs(self._root))
            grown = live
            try:
                moved_bytes = self.ship(runs)
                if is_full_look:
                    took_s = self._clock.monotonic() - now
                    self._look_at = now + max(_LOOK_S, min(took_s / _LOOK_SHARE_MAX, _CLEAN_S))
                if now >= self._clean_at and self.live is not None:
                    self._clean_at = now + _CLEAN_S
                    self._clean()
            except Exception:  # the thread's entry point: without it nothing would ever ship again
                logger.exception("a fault of the agent; it goes on")
                self._stopping.wait(_CLEAN_S)
                continue
            # A request costs as much for one point as for a thousand: let them gather.
            if moved_bytes < _MUCH_BYTES:
                self._stopping.wait(_POLL_S)
        self.close()

    def _ship(
        self, where: Destination, run: str, stream: str, segments: list[SegmentFile]
    ) -> tuple[bool, int]:
        """Send one batch of a stream; tell whether it has more, and how many bytes were taken."""
        size = _size(segments)  # before reading: what is appended meanwhile is for the next time
        shipment = self._shipments.get((run, stream))
        if shipment is None or shipment.destination != where:
            shipment = _Shipment(where, Delivery(self._root, run, stream))
            self._shipments[run, stream] = shipment
        if shipment.delivered_bytes == size:
            return False, 0
        server = self._server(where)
        now = self._clock.monotonic()
        if not (server.backoff.is_ready(now) and shipment.backoff.is_ready(now)):
            return True, 0
        try:
            taken_bytes = shipment.delivery.advance(server.client)
        except ServerUnreachable as error:
            self._note(server.backoff, error)
            server.backoff.failed(self._clock.monotonic(), error.retry_after_s)
            return True, 0
        except ServerRefused as error:
            # An answer to content concerns this stream, any other one all that goes there.
            backoff = shipment.backoff if error.status in POISON else server.backoff
            self._note(backoff, error)
            backoff.park(self._clock.monotonic())
            return True, 0
        except (OSError, SpoolTooNew) as error:
            self._note(shipment.backoff, error)
            shipment.backoff.park(self._clock.monotonic())
            return not isinstance(error, SpoolTooNew), 0
        if not taken_bytes:
            shipment.delivered_bytes = size
            return False, 0
        if server.backoff.failures:
            logger.info("%s answers again", where.url)
        server.backoff.succeeded()
        shipment.backoff.succeeded()
        return True, taken_bytes

    def _server(self, where: Destination) -> _Server:
        """Return the connection to *where*."""
        server = self._servers.get(where)
        if server is None:
            server = self._servers[where] = _Server(IngestClient(where))
        return server

    def _note(self, backoff: Backoff, error: Exception) -> None:
        """Log the first of a row of failures; the others would say the same for days."""
        self.last_failure = str(error)
        if not backoff.failures:
            logger.warning("not delivered for now, kept: %s", error)

    def _is_delivered(self, run: str, stream: str, segments: list[SegmentFile]) -> bool:
        shipment = self._shipments.get((run, stream))
        return shipment is not None and shipment.delivered_bytes == _size(segments)

    def _clean(self) -> None:
        """Delete what has been delivered and need not be kept any longer."""
        for run in layout.runs(self._root):
            where = destination.read(self._root, run)
            if where is None or not self._server(where).backoff.is_ready(self._clock.monotonic()):
                continue
            is_closed = run not in (self.live or ()) and run not in (self._backlog or ())
            self._retention.offer(run, self._server(where).client, is_closed=is_closed)
        self._retention.clean()


def _size(segments: Iterable[SegmentFile]) -> int:
    """Return the bytes of *segments* that are there."""
    total = 0
    for segment in segments:
        try:
            total += segment.path.stat().st_size
        except FileNotFoundError:
            continue
    return total
