"""How a trainer ended: real processes that end in every way, and a real agent that watches."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from mltrack_core.records import Devices
from mltrack_core.records import Params
from mltrack_core.records import RunEnded

pytestmark = pytest.mark.slow

Until = Callable[[Callable[[], object]], None]

# what the trainer does → what its agent tells: state, reason, exit code, signal
WAYS = {
    "kill -9": (
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        ("killed", "killed by SIGKILL", None, signal.SIGKILL),
    ),
    "SIGTERM": (
        "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
        ("killed", "killed by SIGTERM", None, signal.SIGTERM),
    ),
    "segmentation fault": (
        "import ctypes; ctypes.string_at(0)",
        ("killed", "killed by SIGSEGV", None, signal.SIGSEGV),
    ),
    "sys.exit(3)": ("raise SystemExit(3)", ("failed", "exit code 3", 3, None)),
    "os._exit(0)": ("import os; os._exit(0)", ("finished", "ended without a word", 0, None)),
    "os._exit(5)": ("import os; os._exit(5)", ("failed", "exit code 5", 5, None)),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_agent_tells_what_the_trainer_could_not(site: Any, until: Until, way: str) -> None:
    """A trainer that cannot say how it ends is seen to end, with the right cause."""
    action, told = WAYS[way]
    trainer = site.train(f"input()\n{action}")
    until(site.watched)

    trainer.stdin.write("\n")
    trainer.stdin.flush()

    until(site.is_settled)
    assert site.ends() == [told]


@pytest.mark.parametrize(
    ("action", "state"),
    [("1 / 0", "failed"), ("raise KeyboardInterrupt", "interrupted"), ("run.finish()", "finished")],
)
def test_what_the_trainer_told_is_not_told_again(
    site: Any, until: Until, action: str, state: str
) -> None:
    """A trainer that told its end, with its traceback, knows better than its exit code."""
    trainer = site.train(f"input()\n{action}")
    until(site.watched)

    trainer.stdin.write("\n")
    trainer.stdin.flush()

    until(site.is_settled)
    assert site.ends() == []
    (own,) = site.of(RunEnded, "trainer")
    assert own.state == state


def test_ctrl_c_ends_the_trainer_and_not_the_agent(site: Any, until: Until) -> None:
    """Ctrl-C reaches the foreground's processes; the agent goes on and sees the end."""
    trainer = site.train("print(flush=True)\ninput()")
    trainer.stdout.readline()  # else it may still be in `init`, which has nobody to tell yet
    until(site.watched)

    os.kill(site.agent_pid(), signal.SIGINT)
    trainer.send_signal(signal.SIGINT)

    until(site.is_settled)
    (own,) = site.of(RunEnded, "trainer")
    assert own.state == "interrupted"
    assert site.agent_pid()


def test_a_finished_run_says_nothing_about_how_its_process_ends(site: Any, until: Until) -> None:
    """A notebook goes on after finish(), and is killed one day: that is not the run's end."""
    trainer = site.train("input()\nrun.finish()\ninput()")
    until(site.watched)
    trainer.stdin.write("\n")
    trainer.stdin.flush()
    until(site.is_settled)  # while the process lives
    later = site.train("input()")
    until(lambda: len(site.streams("agent")) == 2)

    trainer.kill()
    trainer.wait()
    later.kill()
    until(site.is_settled)

    assert [end[0] for end in site.ends()] == ["killed"]  # of the later one


def test_an_agent_that_is_killed_is_followed_by_one_that_tells_the_end_once(
    site: Any, until: Until
) -> None:
    """The end is told once, whoever was killed when; a third agent does not tell it again."""
    trainer = site.train("input()")
    until(site.watched)
    os.kill(site.agent_pid(), signal.SIGKILL)
    until(lambda: not site.agent_pid())
    site.train("input()")  # starts the second agent
    until(site.agent_pid)
    until(lambda: len(site.streams("agent")) == 3)

    trainer.kill()
    until(lambda: len(site.ends()) == 1)
    os.kill(site.agent_pid(), signal.SIGKILL)
    until(lambda: not site.agent_pid())
    site.train("input()")  # starts the third
    until(lambda: len(site.streams("agent")) == 5)  # of the second run it is the second

    assert site.ends() == [("killed", "killed by SIGKILL", None, signal.SIGKILL)]


def test_a_trainer_that_died_while_no_agent_was_there_is_told_of(site: Any, until: Until) -> None:
    """Agent and trainer killed together: the next agent says what it knows, which is little."""
    trainer = site.train("input()")
    until(site.watched)
    os.kill(site.agent_pid(), signal.SIGKILL)
    until(lambda: not site.agent_pid())
    trainer.kill()
    trainer.wait()

    site.train("run.finish()").wait()
    until(lambda: site.ends())

    assert site.ends() == [("killed", "ended without a word; nobody saw how", None, None)]


@pytest.mark.parametrize("way", WAYS)
def test_a_trainer_that_starts_the_agent_is_seen_to_end_at_any_moment(
    site: Any, until: Until, kernel_remembers: bool, way: str
) -> None:
    """The first run of a machine may be over before its agent is up, and its parent has seen it."""
    if not kernel_remembers:
        pytest.skip("needs Linux 6.15")
    action, told = WAYS[way]
    trainer = site.train(action)
    trainer.wait()

    until(site.is_settled)

    assert site.ends() == [told]


def test_a_run_of_a_moment_gets_its_facts(site: Any, until: Until) -> None:
    """Whoever tries three lines first looks at them next: machine and packages are there."""
    site.train("run.log({'loss': 1.0})\nrun.finish()").wait()

    until(site.is_settled)

    assert {"host", "environment"} <= {each.namespace for each in site.of(Params)}
    assert site.ends() == []


def test_a_run_that_was_over_before_the_agent_came_still_gets_its_facts(
    site: Any, until: Until
) -> None:
    """In a notebook the process is still there to be looked at."""
    site.train("run.finish()\ninput()")

    until(site.is_settled)

    assert len(site.of(Devices)) == 1
    assert {"host", "environment"} <= {each.namespace for each in site.of(Params)}
    assert site.ends() == []
