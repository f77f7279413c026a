"""Out of memory: whether a SIGKILL was the kernel's.

The kernel says so in three places: a counter of the process's cgroup, one of the whole machine,
and its log, which names the process but is often closed to users.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path
from typing import Final

_CGROUPS: Final = Path("/sys/fs/cgroup")
_MACHINE: Final = Path("/proc/vmstat")
_LOG: Final = Path("/dev/kmsg")
_LOG_BYTES: Final = 8192  # more than one record of the kernel's log
_COUNTER: Final = re.compile(rb"^oom_kill (\d+)$", re.MULTILINE)
# A large process needs seconds to die after the kernel has counted it.
_GROWTH_COUNTS_S: Final = 60.0


class OomWatch:
    """Watches the counter that would grow if the kernel killed a process for want of memory.

    Args:
        pid: Of the process.
        counter: The file that holds the counter; found by itself where it is not given.
        log: The kernel's log.
    """

    def __init__(self, pid: int, counter: Path | None = None, log: Path = _LOG) -> None:
        self._counter = counter or _counter_of(pid)
        self._log = log
        self._count = _read_count(self._counter)
        self._grew_at_s: float | None = None
        self._since_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000

    def refresh(self, now_s: float) -> None:
        """Read the counter; *now_s* is by the agent's monotonic clock."""
        count = _read_count(self._counter)
        if count > self._count:
            self._count, self._grew_at_s = count, now_s

    def explains(self, pid: int, now_s: float) -> bool:
        """Tell whether a SIGKILL that *pid* died of just now was for want of memory."""
        self.refresh(now_s)
        did_grow = self._grew_at_s is not None and now_s - self._grew_at_s <= _GROWTH_COUNTS_S
        return did_grow or self._log_names(pid)

    def _log_names(self, pid: int) -> bool:
        """Tell whether the kernel's log says that it killed *pid* since we watch it."""
        needle = f"Killed process {pid} ".encode()
        try:
            descriptor = os.open(self._log, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return False
        with contextlib.closing(os.fdopen(descriptor, "rb", buffering=0)) as file:
            while True:
                try:
                    record = file.read(_LOG_BYTES)  # one record each, without blocking at the end
                except BrokenPipeError:
                    continue  # records were overwritten while we read: go on with the oldest
                except OSError:
                    return False
                if not record:
                    return False
                if needle in record and _logged_us(record) >= self._since_us:
                    return True


def _counter_of(pid: int) -> Path:
    """Return the file with the counter of the cgroup that *pid* is in, or that of the machine."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except OSError:
        return _MACHINE
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            candidate = _CGROUPS / "memory" / path.lstrip("/") / "memory.oom_control"
        elif not controllers:
            candidate = _CGROUPS / path.lstrip("/") / "memory.events"
        else:
            continue
        if candidate.exists():
            return candidate
    return _MACHINE


def _read_count(counter: Path) -> int:
    """Return how many processes were killed; 0 if the file cannot be read."""
    try:
        match = _COUNTER.search(counter.read_bytes())
    except OSError:
        return 0
    return int(match[1]) if match else 0


def _logged_us(record: bytes) -> int:
    """Return the time of a record of the kernel's log, in µs since boot."""
    fields = record.partition(b";")[0].split(b",")
    return int(fields[2]) if len(fields) > 2 and fields[2].isdigit() else 0
