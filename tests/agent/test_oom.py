"""Out of memory is named as such, and nothing else is."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mltrack_core.agent.oom import OomWatch

Until = Callable[[Callable[[], object]], None]
PID = 4242


@pytest.fixture
def counter(tmp_path: Path) -> Path:
    """A cgroup's counter that stands at 3."""
    path = tmp_path / "memory.events"
    path.write_text("low 0\nhigh 0\nmax 12\noom 4\noom_kill 3\noom_group_kill 0\n")
    return path


def set_count(counter: Path, count: int) -> None:
    """Let the kernel have killed *count* processes."""
    counter.write_text(f"oom 9\noom_kill {count}\n")


def test_a_kill_is_the_kernels_if_its_counter_grew(counter: Path, tmp_path: Path) -> None:
    """Also if the process took half a minute to die after it was counted."""
    watch = OomWatch(PID, counter, tmp_path / "none")
    assert not watch.explains(PID, now_s=0.0)

    set_count(counter, 4)
    watch.refresh(now_s=10.0)

    assert watch.explains(PID, now_s=40.0)


def test_a_kill_long_after_another_ones_end_is_not(counter: Path, tmp_path: Path) -> None:
    """A data loader's worker died of it an hour ago; this was `kill -9`."""
    watch = OomWatch(PID, counter, tmp_path / "none")
    set_count(counter, 4)
    watch.refresh(now_s=10.0)

    assert not watch.explains(PID, now_s=3600.0)


def test_the_kernels_log_names_the_process(counter: Path, tmp_path: Path) -> None:
    """Where it may be read and the counter may not; older lines are about an earlier process."""
    log = tmp_path / "kmsg"
    line = "3,1,{us},-;Out of memory: Killed process {pid} (python) total-vm:1kB\n"
    watch = OomWatch(PID, tmp_path / "none", log)

    log.write_text(line.format(us=1, pid=PID))
    assert not watch.explains(PID, now_s=0.0)
    log.write_text(line.format(us=10**15, pid=PID + 1))
    assert not watch.explains(PID, now_s=0.0)
    log.write_text(line.format(us=10**15, pid=PID))
    assert watch.explains(PID, now_s=0.0)


@pytest.fixture
def small_cgroup() -> Any:
    """A real cgroup with 200 MiB, where this user may make one."""
    for base, limit in (
        (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
        (Path("/sys/fs/cgroup"), "memory.max"),
    ):
        group = base / f"mltrack-test-{os.getpid()}"
        try:
            group.mkdir()
            (group / limit).write_text(str(200 << 20))
        except OSError:
            if group.exists():
                group.rmdir()
            continue
        yield group
        group.rmdir()
        return
    pytest.skip("no cgroup can be made here")


@pytest.mark.slow
def test_a_trainer_that_the_kernel_kills_ran_out_of_memory(
    site: Any, until: Until, small_cgroup: Path
) -> None:
    """The real thing: a cgroup's limit, the kernel's SIGKILL, the agent's verdict."""
    trainer = site.train(
        f"""
        import os, pathlib
        pathlib.Path({str(small_cgroup / "cgroup.procs")!r}).write_text(str(os.getpid()))
        input()
        hoard = bytearray(400 << 20)
        for page in range(0, len(hoard), 4096):
            hoard[page] = 1
        """
    )
    until(lambda: str(trainer.pid) in (small_cgroup / "cgroup.procs").read_text())
    until(site.watched)

    trainer.stdin.write("\n")
    trainer.stdin.flush()

    until(site.is_settled)
    trainer.wait()
    assert site.ends() == [("killed", "out of memory", None, signal.SIGKILL)]
