"""Watching one run: who trains it here, what it uses, and how it ends."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mltrack_core import wire
from mltrack_core._facts import boot_id
from mltrack_core._facts import host_name
from mltrack_core.agent import facts
from mltrack_core.agent import peek
from mltrack_core.agent.clock import Clock
from mltrack_core.agent.devices import ProcessDevices
from mltrack_core.agent.gpus import Gpus
from mltrack_core.agent.health import DeviceHealth
from mltrack_core.agent.introduction import introduction
from mltrack_core.agent.liveness import TrainerProcess
from mltrack_core.agent.verdict import verdict
from mltrack_core.health import Mark
from mltrack_core.records import Alert
from mltrack_core.records import Devices
from mltrack_core.records import Params
from mltrack_core.records import ParamValue
from mltrack_core.records import Record
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.spool import layout
from mltrack_core.spool.writer import SpoolWriter

logger = logging.getLogger(__name__)

_FACTS_S_MAX: Final = 60.0  # for packages and git on a slow disk
_CLOSE_S_MAX: Final = 2.0
_BRIEF_S: Final = 10.0


@dataclass(slots=True, kw_only=True)
class Trainer:
    """A trainer's stream and the process that writes it."""

    stream: str
    started: RunStarted
    process: TrainerProcess
    is_met: bool = False  # its end; one that is met and still here could not be settled


class RunWatch:
    """Watches one run's trainers on this host and writes what it sees to a stream of its own.

    The stream is begun with the first thing that there is to say, and sealed when the last trainer
    has ended. Not thread-safe.

    Args:
        root: MLTRACK_DIR.
        run: Id of the run.
        clock: For times and rates.
        gpus: The machine's GPUs.
    """

    def __init__(self, root: Path, run: str, clock: Clock, gpus: Gpus) -> None:
        self.root, self.run = root, run
        self.trainers: list[Trainer] = []  # alive, or gone and not yet settled
        self._clock, self._gpus = clock, gpus
        self._processes = ProcessDevices(clock, gpus)
        self._health = DeviceHealth()
        self._known: set[str] = set()  # streams that need no second look
        self.is_unclear = False  # a stream had no first record when it was looked at
        self._writer: SpoolWriter | None = None
        self._fact_finder: threading.Thread | None = None
        self._has_sampled = False
        self._facts_until_s = 0.0  # by the monotonic clock: later ones are not waited for

    @property
    def is_live(self) -> bool:
        """Whether there is a trainer to watch, or something still to be written."""
        return bool(self.trainers) or self._writer is not None

    def look(self) -> list[Trainer]:
        """Look for streams that are new; return the trainers that are alive and new.

        A trainer that is gone already is settled at once.
        """
        found = []
        self.is_unclear = False
        for stream, segments in layout.segments(self.root, self.run).items():
            if stream in self._known:
                continue
            started = peek.started(segments)
            if started is None and segments[0].index == 0:
                self.is_unclear = True  # being created at this moment, or damaged
                continue
            self._known.add(stream)
            if started is None or started.role != "trainer" or not _is_visible(started):
                continue
            trainer = self._meet(stream, started)
            if trainer is not None:
                found.append(trainer)
        return found

    def sample(self, host_values: Mapping[str, float | int]) -> None:
        """Record one sample of device use, and notice trainers that said that they are done."""
        for trainer in self.trainers:
            trainer.process.refresh(self._clock.monotonic())
        finished = [trainer for trainer in self.trainers if self._has_finished(trainer.stream)]
        # A run of a second is worth a sample too, even if that comes a moment late.
        if len(finished) < len(self.trainers) or (finished and not self._has_sampled):
            self._has_sampled = True
            started = self.trainers[0].started
            values = dict(host_values)
            values.update(self._processes.sample(each.started.pid for each in self.trainers))
            self._append(Devices(self._clock.time_ns(), started.host, values), started)
            for mark in self._health.observe(values):
                self._append(_alert(mark, self._clock.time_ns()), started)
        for trainer in finished:
            self._dismiss(trainer)

    def settle(self) -> list[Trainer]:
        """Record the end of every trainer that is gone, and return these."""
        gone = [trainer for trainer in self.trainers if not trainer.process.is_alive()]
        for trainer in gone:
            self._settle(trainer)
        return gone

    def close(self, *, wait: bool = False) -> None:
        """Seal the own stream, unless facts are still being found out: then a later call does.

        With *wait*, they have a moment to come, and then it is sealed without them.
        """
        finder = self._fact_finder
        if finder is not None and wait:
            finder.join(_CLOSE_S_MAX)
        elif finder is not None and finder.is_alive():
            if self._clock.monotonic() < self._facts_until_s:
                return
            logger.warning("run %s: its facts do not come: is a file system hung?", self.run)
        if self._writer is not None:
            self._writer.close()
        self._writer = self._fact_finder = None

    def _meet(self, stream: str, started: RunStarted) -> Trainer | None:
        """Return the trainer if it lives and goes on; settle it if it does not."""
        if self._has_finished(stream) and self._is_accompanied():
            return None
        has_restarted = bool(started.boot_id) and _boot(started.boot_id) != _boot(boot_id())
        # Of another boot there is no process to look for; its number may be another's by now.
        process = TrainerProcess(0 if has_restarted else started.pid, started.pid_started)
        trainer = Trainer(stream=stream, started=started, process=process)
        self.trainers.append(trainer)
        if not process.is_alive():
            is_brief = self._is_brief(started)
            self._settle(trainer, has_restarted=has_restarted)
            if is_brief:
                self._find_facts(trainer)
            return None
        if self._fact_finder is None:
            self._find_facts(trainer)
        return trainer

    def _settle(self, trainer: Trainer, *, has_restarted: bool = False) -> None:
        """Record how *trainer* ended, unless all has been said, and forget it."""
        trainer.is_met = True
        own, _ = self._ends(trainer.stream)
        end = verdict(
            trainer.stream,
            own,
            trainer.process.cause(self._clock.monotonic()),
            has_restarted=has_restarted,
            now_ns=self._clock.time_ns(),
        )
        if end is not None and not self._is_reported(trainer.stream):
            logger.info("run %s: %s, %s", self.run, end.state, end.reason)
            self._append(end, trainer.started)
        self._dismiss(trainer)

    def _dismiss(self, trainer: Trainer) -> None:
        trainer.process.close()
        self.trainers.remove(trainer)

    def _ends(self, stream: str) -> tuple[list[RunEnded], bool]:
        return peek.ends(layout.segments(self.root, self.run).get(stream, []))

    def _has_finished(self, stream: str) -> bool:
        """Tell whether the trainer said that the run is over: its process says nothing then."""
        ends, is_sealed = self._ends(stream)
        return is_sealed and any(end.explicit for end in ends)

    def _is_accompanied(self) -> bool:
        """Tell whether an agent has written to the run."""
        started = map(peek.started, layout.segments(self.root, self.run).values())
        return any(each is not None and each.role == "agent" for each in started)

    def _is_brief(self, started: RunStarted) -> bool:
        """Tell whether a trainer that is gone began just now: then its facts are still true."""
        age_ns = self._clock.time_ns() - started.time_ns
        return 0 <= age_ns < _BRIEF_S * 1e9 and not self._is_accompanied()

    def _is_reported(self, stream: str) -> bool:
        """Tell whether an agent, this one or an earlier one, has recorded the end of *stream*."""
        return any(
            end.stream == stream
            for segments in layout.segments(self.root, self.run).values()
            for end in peek.ends(segments)[0]
        )

    def _append(self, record: Record, trainer: RunStarted) -> None:
        """Write *record* to the own stream."""
        self._begun(trainer).append(*wire.encode(record))

    def _begun(self, trainer: RunStarted) -> SpoolWriter:
        """Return the writer of the own stream, which begins here if it has not yet."""
        if self._writer is not None:
            return self._writer
        self._writer = SpoolWriter(self.root, self.run)
        self._known.add(self._writer.stream)
        self._writer.append(*wire.encode(introduction(trainer, self._clock)))
        return self._writer

    def _find_facts(self, trainer: Trainer) -> None:
        """Find out the facts in a thread: git and package folders on slow disks take seconds."""
        writer = self._begun(trainer.started)

        def record(namespace: str, values: dict[str, ParamValue]) -> None:
            if values:
                writer.append(*wire.encode(Params(self._clock.time_ns(), namespace, values)))

        self._fact_finder = threading.Thread(
            target=facts.collect,
            args=(self.root, self.run, trainer.stream, trainer.started, self._gpus, record),
            name=f"facts of {self.run}",
            daemon=True,  # an agent that leaves does not wait for a hung git
        )
        self._facts_until_s = self._clock.monotonic() + _FACTS_S_MAX
        self._fact_finder.start()


def _alert(mark: Mark, now_ns: int) -> Alert:
    return Alert(now_ns, mark.level, mark.title, mark.evidence, kind=mark.kind)


def _is_visible(started: RunStarted) -> bool:
    """Tell whether the process that *started* names can be seen from here, if it lives.

    Not from another host, and not from another container: there its number is another process's or
    nobody's, and to conclude that it was killed would be an invention.
    """
    if started.host != host_name():
        return False
    here, there = boot_id(), started.boot_id
    return here == there or not there or _boot(here) != _boot(there)


def _boot(boot: str) -> str:
    """Return a boot without the container in it."""
    return boot.partition("/")[0]
