"""The agent's main loop: one thread that looks, samples, settles and secures."""

from __future__ import annotations

import contextlib
import logging
import select
import time
from collections.abc import Callable
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Final
from typing import TypeVar

from mltrack_core import limits
from mltrack_core.agent.clock import Clock
from mltrack_core.agent.devices import HostDevices
from mltrack_core.agent.devices import Values
from mltrack_core.agent.doorbell import Doorbell
from mltrack_core.agent.durability import Durability
from mltrack_core.agent.gpus import Gpus
from mltrack_core.agent.keeper import Keeper
from mltrack_core.agent.room import Room
from mltrack_core.agent.shipping import Shipper
from mltrack_core.agent.watch import RunWatch
from mltrack_core.spool import layout

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_LOOK_S: Final = 0.2  # between two looks for new runs …
_LOOK_SHARE_MAX: Final = 0.02  # … but looking takes no more than this share of one core,
_RING_SHARE_MAX: Final = 0.1  # or this one while runs begin
_ROOM_INTERVAL_S: Final = 5.0
_FAULT_S: Final = 60.0  # between two tracebacks in the log
_UNCLEAR_S: Final = 60.0  # a stream that has no first record by then will never have one


class Agent:
    """Looks after all runs of one MLTRACK_DIR until there is nothing left to do.

    Args:
        root: MLTRACK_DIR.
        clock: What time it is.
        gpus: The machine's GPUs.
        shipper: Delivers, in its own thread; started and stopped by the caller.
        keeper: Hashes and stores checkpoints, likewise.
        doorbell: Rings when a run begins; closed with the agent. None: it looks now and then.
        idle_s: `run` returns when there has been nothing to do for so long.
    """

    def __init__(
        self,
        root: Path,
        clock: Clock,
        gpus: Gpus,
        shipper: Shipper,
        keeper: Keeper,
        *,
        doorbell: Doorbell | None = None,
        idle_s: float = limits.IDLE_EXIT_S,
    ) -> None:
        self._root, self._clock, self._gpus = root, clock, gpus
        self._shipper, self._keeper = shipper, keeper
        self._doorbell = doorbell
        self._idle_s = idle_s
        self._watches: dict[str, RunWatch] = {}  # of runs with something to watch
        self._looked: dict[str, int] = {}  # run → its folder's mtime in ns when last looked at
        self._host = HostDevices(root, clock, gpus)
        self._durability = Durability(root)
        self._room = Room(root)
        self._look_s = _LOOK_S
        self._rest_s = 0.0  # after a look that the doorbell asked for
        self._busy_at = clock.monotonic()  # when there last was something to do
        self._sample_at = self._secure_at = self._measure_at = self._busy_at
        self._faulted_s: float | None = None  # when one of our own faults was met last
        self._is_stopping = False

    def run(self) -> None:
        """Work until told to `stop`, or until there has been nothing to do for long."""
        while not self._is_stopping:
            self.step()
            if self.is_idle:
                return
            self._wait()

    def stop(self) -> None:
        """Make `run` return soon; for signal handlers."""
        self._is_stopping = True

    @property
    def is_stopping(self) -> bool:
        """Whether the agent was told to stop."""
        return self._is_stopping

    @property
    def is_idle(self) -> bool:
        """Whether there has been nothing to do for long."""
        return self._clock.monotonic() - self._busy_at > self._idle_s

    def close(self) -> None:
        """Seal what the agent writes itself."""
        for watch in self._watches.values():
            watch.close(wait=True)
        if self._doorbell is not None:
            self._doorbell.close()

    def step(self) -> bool:
        """Do what is due; tell whether there is anything to look after."""
        now = self._clock.monotonic()
        for watch in list(self._watches.values()):
            self._guarded(watch.settle)
        if now >= self._sample_at:
            self._sample_at = now + limits.DEVICE_INTERVAL_S
            self._sample(self._watches.values())
        has_found = self._look()
        if now >= self._secure_at:
            self._secure_at = now + limits.DURABLE_INTERVAL_S
            self._guarded(lambda: self._durability.secure(list(self._watches)))
        if now >= self._measure_at:
            self._measure_at = now + _ROOM_INTERVAL_S
            self._guarded(lambda: self._room.publish(self._watches))
        self._forget_ended()
        self._shipper.live = self._keeper.live = frozenset(self._watches)
        is_busy = (
            has_found
            or bool(self._watches)
            or self._keeper.has_pending
            or self._shipper.has_pending
        )
        if is_busy:
            # From here, not from the beginning: what took long, on a busy machine or a hung file
            # system, is not idleness.
            self._busy_at = self._clock.monotonic()
        return is_busy

    def _look(self) -> bool:
        """Find runs that are new, and new streams of runs that go on; tell whether there are."""
        began = self._clock.monotonic()
        changes: dict[str, int] = {}
        for run in layout.runs(self._root):
            with contextlib.suppress(FileNotFoundError):
                changes[run] = layout.run_folder(self._root, run).stat().st_mtime_ns
        took_s = self._clock.monotonic() - began
        self._look_s = max(_LOOK_S, took_s / _LOOK_SHARE_MAX)
        self._rest_s = min(_LOOK_S, took_s / _RING_SHARE_MAX)
        news = [run for run, changed in changes.items() if self._looked.get(run) != changed]
        for run in news:
            is_clear = self._look_at(run)
            if not is_clear and self._clock.time_ns() - changes[run] < _UNCLEAR_S * 1e9:
                del changes[run]  # not remembered, so looked at again
        self._looked = changes
        return bool(news)

    def _look_at(self, run: str) -> bool:
        """Look for new streams of *run*; tell whether all is clear about it."""
        watch = self._watches.get(run) or RunWatch(self._root, run, self._clock, self._gpus)
        trainers = self._guarded(watch.look) or []
        if watch.is_live:
            self._watches[run] = watch
        if trainers:
            logger.info("run %s: watching %s", run, [each.started.pid for each in trainers])
            self._sample([watch])  # at once: a short run is worth a sample too
        return not watch.is_unclear

    def _sample(self, watches: Iterable[RunWatch]) -> None:
        """Record one sample of device use for each of *watches*."""
        watches = list(watches)
        if not watches:
            return
        host: Values = self._guarded(self._host.sample) or {}
        for watch in watches:
            self._guarded(partial(watch.sample, host))

    def _forget_ended(self) -> None:
        """Seal and forget runs whose trainers have all ended."""
        ended = [run for run, watch in self._watches.items() if not watch.trainers]
        for run in ended:
            self._guarded(self._watches[run].close)
        if ended:
            self._guarded(lambda: self._durability.secure(list(self._watches)))  # the last records
        for run in ended:
            if not self._watches[run].is_live:
                del self._watches[run]

    def _wait(self) -> None:
        """Wait until a trainer ends or it is time to look again."""
        poll = select.poll()
        for trainer in (each for watch in self._watches.values() for each in watch.trainers):
            # One that has ended since it was looked at wakes us at once. One whose end cannot be
            # settled for a fault of ours stays in the list: it must not do so again and again.
            if trainer.process.descriptor >= 0 and not trainer.is_met:
                poll.register(trainer.process.descriptor, select.POLLIN)
        bell = -1 if self._doorbell is None else self._doorbell.descriptor
        if bell >= 0:
            poll.register(bell, select.POLLIN)
        ready = poll.poll(self._look_s * 1000)
        if self._doorbell is not None and any(descriptor == bell for descriptor, _ in ready):
            # A thousand ranks that begin at once are seen in a few looks, not in a thousand.
            time.sleep(self._rest_s)
            self._doorbell.answer()

    def _guarded(self, action: Callable[[], Result]) -> Result | None:
        """Do *action*; a fault in it is logged, and costs no other run its agent."""
        try:
            return action()
        except Exception:  # a hundred runs must not depend on what one of them does
            now = self._clock.monotonic()
            if self._faulted_s is None or now - self._faulted_s > _FAULT_S:
                logger.exception("a fault of the agent; it goes on")
            self._faulted_s = now
            return None
