"""What the machine and the trainers on it use, as Devices values. docs/agent.md lists the names."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from mltrack_core.agent.clock import Clock
from mltrack_core.agent.gpus import Gpus

Values = dict[str, float | int]

_RATE_S_MIN: Final = 0.5  # a rate over less time is noise


class Rate:
    """Turns counters that only grow into units per second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: dict[str, tuple[float, float]] = {}  # name → when, count

    def of(self, name: str, count: float) -> Iterator[tuple[str, float]]:
        """Yield *name* and its rate since the last yield; nothing where that is too short ago."""
        now = self._clock.monotonic()
        then, before = self._last.setdefault(name, (now, count))
        if now - then >= _RATE_S_MIN:
            self._last[name] = (now, count)
            if count >= before:  # a process that ended took its count with it
                yield name, (count - before) / (now - then)


class HostDevices:
    """Samples the machine. Not thread-safe.

    Args:
        root: MLTRACK_DIR: its disk is the one that is looked at.
        clock: For rates.
        gpus: The machine's GPUs.
    """

    def __init__(self, root: Path, clock: Clock, gpus: Gpus) -> None:
        self._root, self._gpus = root, gpus
        self._rate = Rate(clock)
        self._clock = clock
        self._processor_s = clock.monotonic()  # when it was looked at last
        psutil.cpu_percent(percpu=True)  # the first call has nothing to compare with

    def sample(self) -> Values:
        """Return what is in use now. What cannot be read is left out."""
        values: Values = {}
        for part in (self._processor, self._memory, self._disk, self._network, self._gpus.values):
            # A part of /proc may be hidden or new: the others are still worth having.
            with contextlib.suppress(OSError, psutil.Error, NotImplementedError):
                values.update(part())
        return values

    def _processor(self) -> Iterator[tuple[str, float]]:
        yield "sys/cpu.load_1m", os.getloadavg()[0]
        if self._clock.monotonic() - self._processor_s < _RATE_S_MIN:
            return
        self._processor_s = self._clock.monotonic()
        if cores := psutil.cpu_percent(percpu=True):
            yield "sys/cpu.percent", sum(cores) / len(cores)
            yield "sys/cpu.max_core_percent", max(cores)

    def _memory(self) -> Iterator[tuple[str, float]]:
        memory, swap = psutil.virtual_memory(), psutil.swap_memory()
        yield "sys/memory.used_bytes", memory.total - memory.available
        yield "sys/memory.percent", memory.percent
        yield "sys/swap.used_bytes", swap.used

    def _disk(self) -> Iterator[tuple[str, float]]:
        usage = psutil.disk_usage(str(self._root))
        yield "sys/disk.used_bytes", usage.used
        yield "sys/disk.percent", usage.percent
        if counters := psutil.disk_io_counters():
            yield from self._rate.of("sys/disk.read_bytes_per_s", counters.read_bytes)
            yield from self._rate.of("sys/disk.write_bytes_per_s", counters.write_bytes)

    def _network(self) -> Iterator[tuple[str, float]]:
        cards = psutil.net_io_counters(pernic=True)
        received = sum(card.bytes_recv for name, card in cards.items() if name != "lo")
        sent = sum(card.bytes_sent for name, card in cards.items() if name != "lo")
        yield from self._rate.of("sys/network.received_bytes_per_s", received)
        yield from self._rate.of("sys/network.sent_bytes_per_s", sent)


class ProcessDevices:
    """Samples some processes and all their descendants, together. Not thread-safe."""

    def __init__(self, clock: Clock, gpus: Gpus) -> None:
        self._clock, self._gpus = clock, gpus
        self._work: dict[int, _Work] = {}  # by process id, at the last sample
        self._sampled_s: float | None = None

    def sample(self, pids: Iterable[int]) -> Values:
        """Return what the processes *pids* and their descendants use now."""
        family = _family(pids)
        if not family:
            return {}
        memory = threads = 0
        work: dict[int, _Work] = {}
        for pid, process in family.items():
            # Processes end while they are looked at, and /proc/PID/io is closed to some users.
            with contextlib.suppress(psutil.Error), process.oneshot():
                memory += process.memory_info().rss
                threads += process.num_threads()
                times = process.cpu_times()
                work[pid] = _Work(times.user + times.system)
                counts = process.io_counters()
                work[pid] = _Work(work[pid].processor_s, counts.read_bytes, counts.write_bytes)
        values: Values = {
            "sys/process.count": len(family),
            "sys/process.memory_bytes": memory,
            "sys/process.threads": threads,
        }
        values.update(self._rates(work))
        values.update(self._gpus.process_values(frozenset(family)))
        return values

    def _rates(self, work: dict[int, _Work]) -> Iterator[tuple[str, float]]:
        """Yield what was done per second since the last sample, by the processes that are left."""
        now = self._clock.monotonic()
        last_s, last = self._sampled_s, self._work
        self._sampled_s, self._work = now, work
        if last_s is None or now - last_s < _RATE_S_MIN:
            return
        # A process that was not there at the last sample has done all its work since then.
        done = [each - last.get(pid, _Work()) for pid, each in work.items()]
        seconds = now - last_s
        yield "sys/process.cpu_percent", 100 * sum(each.processor_s for each in done) / seconds
        yield "sys/process.read_bytes_per_s", sum(each.read_bytes for each in done) / seconds
        yield "sys/process.write_bytes_per_s", sum(each.written_bytes for each in done) / seconds


@dataclass(frozen=True, slots=True)
class _Work:
    """What a process has done since it began."""

    processor_s: float = 0.0
    read_bytes: int = 0
    written_bytes: int = 0

    def __sub__(self, before: _Work) -> _Work:
        return _Work(
            max(0.0, self.processor_s - before.processor_s),
            max(0, self.read_bytes - before.read_bytes),
            max(0, self.written_bytes - before.written_bytes),
        )


def _family(pids: Iterable[int]) -> dict[int, psutil.Process]:
    """Return the processes *pids* and all their descendants, by id.

    One pass over all processes of the machine, however many are asked for: on a large node that
    is most of what a sample costs.
    """
    everyone = {process.pid: process for process in psutil.process_iter(["ppid"])}
    children: dict[int, list[int]] = {}
    for pid, process in everyone.items():
        children.setdefault(process.info["ppid"], []).append(pid)
    family: dict[int, psutil.Process] = {}
    waiting = [pid for pid in pids if pid in everyone]
    while waiting:
        pid = waiting.pop()
        if pid not in family:
            family[pid] = everyone[pid]
            waiting += children.get(pid, [])
    return family
