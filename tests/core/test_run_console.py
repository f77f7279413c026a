"""What a run hears of the program's output, and that the program never feels it."""

import subprocess
from collections.abc import Callable

import pytest

from mltrack_core.records import Console
from mltrack_core.records import Scalars
from mltrack_core.testing.spool import RecordedSpool

Script = Callable[..., subprocess.CompletedProcess[str]]


def test_the_console_is_recorded_and_shown(spool: RecordedSpool, script: Script) -> None:
    """What the program prints is on the terminal as ever, and in the run."""
    shown = script(
        """
        import sys, mltrack_core
        run = mltrack_core.init(name="n")
        print("to stdout")
        print("to stderr", file=sys.stderr)
        """
    )

    assert shown.stdout == "to stdout\n"
    assert shown.stderr == "mltrack: recording n · watch it with `mltrack ui`\nto stderr\n"
    assert [(line.channel, line.text) for line in spool.of(Console)] == [
        ("stdout", "to stdout"),
        ("stderr", "to stderr"),
    ]


def test_capture_by_descriptor_hears_child_processes(spool: RecordedSpool, script: Script) -> None:
    """Opt-in: what C++ and subprocesses print is recorded too, and still shown."""
    shown = script(
        """
        import os, mltrack_core
        run = mltrack_core.init(console="fd")
        os.system("echo from a child")
        os.write(2, b"from C\\n")
        """
    )

    assert shown.stdout == "from a child\n"
    assert shown.stderr.endswith("from C\n")
    _, relay = spool.streams(spool.runs()[0])
    lines = {(line.channel, line.text) for line in relay if isinstance(line, Console)}
    assert lines == {("stdout", "from a child"), ("stderr", "from C")}
    assert not list(spool.root.rglob("*.out"))


@pytest.mark.parametrize(
    "following",
    [
        "os.execv(sys.executable, [sys.executable, '-c', source])",
        "subprocess.Popen([sys.executable, '-c', source])",
    ],
)
@pytest.mark.slow
def test_what_goes_on_printing_after_the_trainer_is_relayed(
    spool: RecordedSpool, script: Script, following: str
) -> None:
    """A program that replaces the trainer, or outlives it, loses none of its output."""
    shown = script(
        f"""
        import os, subprocess, sys, mltrack_core
        source = "import time; [(time.sleep(0.1), print(n, flush=True)) for n in range(5)]"
        mltrack_core.init(console="fd")
        {following}
        """
    )

    assert shown.stdout.split() == list("01234")
    relay = spool.streams(spool.runs()[0])[1]
    assert [line.text for line in relay if isinstance(line, Console)] == list("01234")
    assert not list(spool.root.rglob("*.out"))


def test_a_relay_that_is_killed_does_not_hurt_the_training(
    spool: RecordedSpool, script: Script
) -> None:
    """Capture by descriptor writes to a file: no reader can block or kill who prints."""
    ended = script(
        """
        import os, signal, mltrack_core
        run = mltrack_core.init(console="fd")
        os.kill(run._console._relay.pid, signal.SIGKILL)
        for _ in range(20_000):
            print("x" * 100)
        run.log({"after": 1.0})
        """
    )

    assert ended.returncode == 0, ended.stderr
    records = spool.streams(spool.runs()[0])[0]
    assert [r.values for r in records if isinstance(r, Scalars)] == [{"after": 1.0}]
