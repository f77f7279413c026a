"""Whether a process lives, and how it went: the kernel's answers."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from mltrack_core import _facts
from mltrack_core import wire
from mltrack_core.agent import liveness
from mltrack_core.agent.gpus import Gpus
from mltrack_core.agent.keeper import Keeper
from mltrack_core.agent.liveness import Cause
from mltrack_core.agent.liveness import TrainerProcess
from mltrack_core.agent.loop import Agent
from mltrack_core.agent.shipping import Shipper
from mltrack_core.records import Devices
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.spool import layout
from mltrack_core.spool.reader import read_segment
from mltrack_core.spool.writer import SpoolWriter
from mltrack_core.testing.clock import FakeClock
from mltrack_core.testing.gpus import FakeGpus

Until = Callable[[Callable[[], object]], None]
DEADLINE_S = 30.0  # reached only by a test that fails
RUN = "0123456789abcdef" * 2
STARTED = RunStarted(
    time_ns=1,
    project="p",
    name="n",
    role="trainer",
    attempt=1,
    rank=0,
    world_size=1,
    host=_facts.host_name(),
    user="u",
    pid=1,
    pid_started=1,
    boot_id=_facts.boot_id(),
    monotonic_ns=1,
    command=[],
    folder="/",
    python="3",
    mltrack="0",
)


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits to be told how to end."""
    program = "import sys, os; os._exit(int(sys.stdin.readline()))"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def watch(process: subprocess.Popen[bytes]) -> TrainerProcess:
    """Watch a process as an agent does."""
    return TrainerProcess(process.pid, _facts.process_started(process.pid))


def test_a_process_lives_until_it_ends(child: subprocess.Popen[bytes], until: Until) -> None:
    """A zombie does not live, and tells how it went."""
    watched = watch(child)
    assert watched.is_alive()

    os.kill(child.pid, signal.SIGKILL)
    until(lambda: not watched.is_alive())

    assert watched.cause(0.0) == Cause(signal=signal.SIGKILL)
    watched.close()


def test_a_collected_process_still_tells_how_it_went(
    child: subprocess.Popen[bytes], kernel_remembers: bool
) -> None:
    """Its parent, a shell mostly, is faster than we are; since Linux 6.15 that does not matter."""
    watched = watch(child)

    child.communicate(b"3\n")

    assert not watched.is_alive()
    assert watched.cause(0.0) == (Cause(exit_code=3) if kernel_remembers else None)
    watched.close()


def test_without_a_pidfd_the_process_is_looked_at(
    child: subprocess.Popen[bytes], until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before Linux 5.3, and where a sandbox forbids it."""
    monkeypatch.delattr(os, "pidfd_open")
    watched = watch(child)
    assert watched.descriptor == -1
    assert watched.is_alive()

    child.kill()
    until(lambda: not watched.is_alive())

    assert watched.cause(0.0) == Cause(signal=signal.SIGKILL)


def test_a_process_that_was_gone_before_we_looked_tells_by_its_own_pidfd(
    child: subprocess.Popen[bytes], kernel_remembers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It handed that to the agent that it started, and ended while the agent was starting."""
    monkeypatch.setattr(liveness, "_inherited", {})
    started = _facts.process_started(child.pid)
    pidfd = os.pidfd_open(child.pid)
    child.communicate(b"3\n")

    liveness.inherit(child.pid, started, pidfd)
    watched = TrainerProcess(child.pid, started)

    assert not watched.is_alive()
    assert watched.cause(0.0) == (Cause(exit_code=3) if kernel_remembers else None)
    assert TrainerProcess(child.pid, started + 1).cause(0.0) is None
    watched.close()
    os.close(pidfd)


def test_a_number_that_was_given_to_another_process_is_not_the_trainer() -> None:
    """Pids are used again; the time of the start tells."""
    started = _facts.process_started(os.getpid())

    assert TrainerProcess(os.getpid(), started).is_alive()
    imposter = TrainerProcess(os.getpid(), started - 1)
    assert not imposter.is_alive()
    assert imposter.cause(0.0) is None


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs pidfds")
@pytest.mark.parametrize("when", ["before the wait", "in it"])
def test_a_trainer_that_is_killed_is_told_of_in_the_very_next_step(
    tmp_path: Path,
    child: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
    until: Until,
    when: str,
) -> None:
    """Its end wakes the agent, whose next step records it, though no time has passed for it.

    So how soon that is depends on nothing of ours: an agent that only looked now and then would
    wait here until the deadline, and be woken by nothing.
    """
    woken: list[list[tuple[int, int]]] = []

    class Poll:
        def __init__(self) -> None:
            self._poll = real()
            self.register = self._poll.register

        def poll(self, timeout_ms: float) -> list[tuple[int, int]]:
            if when == "in it":
                child.kill()
            woken.append(self._poll.poll(DEADLINE_S * 1000))
            return woken[-1]

    real = select.poll
    clock = FakeClock()
    agent = Agent(
        tmp_path, clock, Gpus(FakeGpus([])), Shipper(tmp_path, clock), Keeper(tmp_path, clock)
    )
    started = _facts.process_started(child.pid)
    writer = SpoolWriter(tmp_path, RUN)
    writer.append(
        *wire.encode(msgspec.structs.replace(STARTED, pid=child.pid, pid_started=started))
    )
    agent.step()
    process = watch(child)
    assert ends_told(tmp_path) == []

    if when == "before the wait":
        child.kill()
        until(lambda: not process.is_alive())
    with monkeypatch.context() as patched:
        patched.setattr(select, "poll", Poll)
        agent._wait()
    agent.step()

    assert len(woken) == 1
    assert len(woken[0]) == 1
    assert ends_told(tmp_path) == [("killed", "killed by SIGKILL")]
    process.close()
    agent.close()
    writer.abandon()


def ends_told(root: Path) -> list[tuple[str, str]]:
    """Return state and reason of all ends in the spool."""
    return [
        (record.state, record.reason)
        for segments in layout.segments(root, RUN).values()
        for segment in segments
        for frame in read_segment(segment.path).frames
        if isinstance(record := wire.decode(frame.number, frame.payload), RunEnded)
    ]


def look(root: Path) -> None:
    """Let a new agent look at the spool once."""
    clock = FakeClock()
    shipper, keeper = Shipper(root, clock), Keeper(root, clock)
    agent = Agent(root, clock, Gpus(FakeGpus([])), shipper, keeper)
    agent.step()
    agent.close()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"boot_id": "another"}, [("killed", "the machine restarted")]),
        ({"pid": 2**22 - 1}, [("killed", "ended without a word; nobody saw how")]),
        ({"host": "elsewhere"}, []),
        ({"boot_id": f"{_facts.boot_id().partition('/')[0]}/pid:[1]"}, []),
        ({"role": "child", "pid": 2**22 - 1}, []),
    ],
    ids=str,
)
def test_runs_that_others_left_behind_are_adopted(
    tmp_path: Path, change: dict[str, object], told: list[tuple[str, str]]
) -> None:
    """Of this machine, whatever happened to it since; told once, however many agents come."""
    writer = SpoolWriter(tmp_path, RUN)
    writer.append(*wire.encode(msgspec.structs.replace(STARTED, **change)))
    writer.append(*wire.encode(Devices(1, "h", {})))  # its last, and no end

    for _ in range(3):
        look(tmp_path)

    assert ends_told(tmp_path) == told
    writer.abandon()


def test_a_damaged_stream_does_not_keep_others_from_being_adopted(tmp_path: Path) -> None:
    """One header destroyed by a bad disk, one run to be told of."""
    bad = SpoolWriter(tmp_path, RUN)
    bad.append(*wire.encode(STARTED))
    bad.abandon()
    path = layout.segment_path(tmp_path, RUN, bad.stream, 0)
    path.write_bytes(b"\xff" * 64 + path.read_bytes()[64:70])
    good = SpoolWriter(tmp_path, RUN)
    good.append(*wire.encode(msgspec.structs.replace(STARTED, boot_id="another")))
    good.abandon()

    look(tmp_path)

    path.unlink()  # so that what is left can be read
    assert ends_told(tmp_path) == [("killed", "the machine restarted")]
