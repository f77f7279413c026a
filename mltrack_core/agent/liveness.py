"""Whether a trainer is still there, and if not, how it went."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from mltrack_core._facts import process_started
from mltrack_core.agent.oom import OomWatch

# struct pidfd_info of linux/pidfd.h, 64 bytes: mask, cgroup id, eleven ids, wait status.
_PIDFD_INFO: Final = struct.Struct("<QQ11Ii")
_PIDFD_INFO_EXIT: Final = 1 << 3
# _IOWR(0xFF, 11, struct pidfd_info)
_PIDFD_GET_INFO: Final = (3 << 30) | (_PIDFD_INFO.size << 16) | (0xFF << 8) | 11

# (pid, started) → a pidfd that the process opened of itself. An agent needs half a second to start;
# this tells how its starter went, even if that was gone before.
_inherited: Final[dict[tuple[int, int], int]] = {}

# Fields of /proc/PID/stat behind the name, which may hold blanks: 3 is the first of them.
_STATE, _STARTED, _EXIT_CODE = 3 - 3, 22 - 3, 52 - 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """How a process ended, as the kernel told it."""

    exit_code: int | None = None  # one of the two is set
    signal: int | None = None
    is_out_of_memory: bool = False


def inherit(pid: int, started: int, descriptor: int) -> None:
    """Take over the pidfd that a process has opened of itself, for every later look at it."""
    os.set_inheritable(descriptor, False)
    _inherited[pid, started] = descriptor


def is_inherited(pid: int, started: int) -> bool:
    """Tell whether the process is the one that started this agent."""
    return (pid, started) in _inherited


class TrainerProcess:
    """One process, recognised by its id and when it was started, so never confused with another.

    Holds a pidfd where the system has them (Linux ≥ 5.3): it wakes the agent when the process ends,
    and since Linux 6.15 it tells how, even after the parent has collected the process.

    Args:
        pid: Its id.
        started: Field 22 of its /proc/PID/stat; 0 where unknown.
    """

    def __init__(self, pid: int, started: int) -> None:
        self.pid = pid
        inherited = _inherited.get((pid, started))
        # To be selected on; -1 where there is none.
        self.descriptor = _open_pidfd(pid) if inherited is None else os.dup(inherited)
        self._started = started
        # Only after the pidfd is open: from here on the pid cannot be given to another process
        # without the pidfd saying so.
        self._is_ours = inherited is not None or _is_same(pid, started)
        self._oom = OomWatch(pid)

    def is_alive(self) -> bool:
        """Tell whether it runs. A zombie does not."""
        if not self._is_ours:
            return False
        if self.descriptor >= 0:
            readable, _, _ = select.select([self.descriptor], [], [], 0)
            return not readable
        return _is_same(self.pid, self._started) and not _is_zombie(self.pid)

    def refresh(self, now_s: float) -> None:
        """Take note of what will explain its end; call it now and then while it lives."""
        self._oom.refresh(now_s)

    def cause(self, now_s: float) -> Cause | None:
        """Return how it ended, or None if nobody can tell any more. For a process that is gone."""
        status = self._wait_status()
        if status is None:
            return None
        code = os.waitstatus_to_exitcode(status)
        if code >= 0:
            return Cause(exit_code=code)
        is_oom = -code == signal.SIGKILL and self._oom.explains(self.pid, now_s)
        return Cause(signal=-code, is_out_of_memory=is_oom)

    def close(self) -> None:
        """Let go of it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def _wait_status(self) -> int | None:
        """Return what wait(2) would have given the parent."""
        if not self._is_ours:
            return None
        # A zombie's status is in /proc, that of a collected process in its pidfd: it may be
        # collected while we look, so the pidfd is asked once more.
        status = self._collected_status()
        if status is None:
            status = _zombie_status(self.pid, self._started)
        return self._collected_status() if status is None else status

    def _collected_status(self) -> int | None:
        """Return the wait status that the pidfd of a collected process tells."""
        if self.descriptor < 0:
            return None
        data = bytearray(_PIDFD_INFO.size)
        struct.pack_into("<Q", data, 0, _PIDFD_INFO_EXIT)
        try:
            fcntl.ioctl(self.descriptor, _PIDFD_GET_INFO, data)
        except OSError:
            return None  # before Linux 6.13, or not collected yet
        mask, *_, status = _PIDFD_INFO.unpack(data)
        return int(status) if mask & _PIDFD_INFO_EXIT else None


def _open_pidfd(pid: int) -> int:
    """Return a pidfd, or -1 where there is no such process or no such call."""
    try:
        return os.pidfd_open(pid) if hasattr(os, "pidfd_open") else -1
    except OSError:
        return -1


def _is_same(pid: int, started: int) -> bool:
    """Tell whether the process with this id is the one that was started then."""
    ticks = process_started(pid)
    if not ticks:
        # Without /proc there is only the id to go by.
        return not Path("/proc/self/stat").exists() and psutil.pid_exists(pid)
    return started in (0, ticks)


def _is_zombie(pid: int) -> bool:
    """Tell whether the process has ended and waits for its parent."""
    fields = _stat_fields(pid)
    if fields:
        return fields[_STATE] in (b"Z", b"X")
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _zombie_status(pid: int, started: int) -> int | None:
    """Return the wait status of a process that its parent has not collected yet."""
    fields = _stat_fields(pid)
    if len(fields) <= _EXIT_CODE or fields[_STATE] != b"Z":
        return None
    return int(fields[_EXIT_CODE]) if started in (0, int(fields[_STARTED])) else None


def _stat_fields(pid: int) -> list[bytes]:
    """Return the fields of /proc/PID/stat from the third on; none if there is no such file."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return []
