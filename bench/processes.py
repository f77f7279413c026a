"""Processes of a measurement: started, accounted for to the last orphan, and ended."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PR_SET_CHILD_SUBREAPER = 36
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def adopt_orphans() -> None:
    """Make this process the parent of whatever its descendants leave behind, agents included."""
    if ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError("prctl(PR_SET_CHILD_SUBREAPER) was refused")


def cpu_s_of_ended() -> float:
    """Return the CPU time of all descendants that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def cpu_s_of(pid: int) -> float:
    """Return the CPU time that the running process *pid* has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def cpu_s_of_all() -> float:
    """Return the CPU time of all descendants, those that run and those that have ended.

    After `adopt_orphans` that is every process that this one has caused, daemons included. What
    runs is counted in ticks of the kernel, a hundredth of a second as a rule.
    """
    total_s = cpu_s_of_ended()
    parents, used_s = dict[int, int](), dict[int, float]()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has just ended
            fields = path.read_text().rsplit(")", 1)[1].split()
            pid = int(path.parent.name)
            parents[pid] = int(fields[1])
            # Its own, and that of its children that it has waited for.
            used_s[pid] = sum(map(int, fields[11:15])) / _TICKS_PER_S
    below = {os.getpid()}
    while found := {pid for pid, parent in parents.items() if parent in below} - below:
        total_s += sum(used_s[pid] for pid in found)
        below |= found
    return total_s


def children() -> set[int]:
    """Return the processes whose parent is this one, adopted ones included."""
    pids: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            pids |= {int(pid) for pid in (task / "children").read_text().split()}
    return pids


def end_orphans(patience_s: float, keep: set[int]) -> None:
    """Wait *patience_s* for adopted processes to end by themselves, then end them."""
    deadline_s = time.monotonic() + patience_s
    while orphans := children() - keep:
        if time.monotonic() > deadline_s:
            for pid in orphans:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM if patience_s else signal.SIGKILL)
            deadline_s, patience_s = time.monotonic() + 5, 0
        for pid in orphans:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.01)


def end_session(process: subprocess.Popen[Any], patience_s: float = 10.0) -> None:
    """End *process*, which leads a session of its own, with all that it has started there."""
    for number, seconds in ((signal.SIGTERM, patience_s), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)


@dataclass(frozen=True)
class Server:
    """A running `mltrack server`."""

    address: str
    pid: int


@contextlib.contextmanager
def server(folder: Path, database: str = "") -> Iterator[Server]:
    """Run `mltrack server` on a free port of loopback, its data in *folder* or in a database."""
    command = [sys.executable, "-m", "mltrack._cli", "server", "--port", "0"]
    command += ["--database", database] if database else ["--data", str(folder)]
    with (folder.parent / "server.log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().rpartition(" ")[2].strip()
        assert address.startswith("http"), "the server did not start"
        yield Server(address, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
