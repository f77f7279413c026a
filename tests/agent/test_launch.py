"""Starting the agent: one, detached, whatever happens at the same time."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mltrack_core
from mltrack_core import _launch
from mltrack_core import _settings
from mltrack_core._launch import ensure_agent
from mltrack_core._launch import take_lock
from mltrack_core.spool import layout

pytestmark = pytest.mark.slow

Until = Callable[[Callable[[], object]], None]


def agents(root: Path) -> list[int]:
    """Return the pids of all agents of a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes() if entry.name.isdecimal() else b""
        except OSError:
            continue
        if b"mltrack_core.agent\0--folder\0" + os.fsencode(root) + b"\0" in line:
            found.append(int(entry.name))
    return found


def status(pid: int) -> dict[str, str]:
    """Return /proc/PID/status."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def test_of_many_ranks_that_start_at_once_one_starts_an_agent(site: Any, until: Until) -> None:
    """Eight processes at the same instant: one interpreter is started, not eight."""
    script = (
        "import sys; from mltrack_core import _launch, _settings; sys.stdin.read(1);"
        "print(_launch.ensure_agent(_settings.read()))"
    )
    ranks = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", script],
            env=site.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]

    answers = [rank.communicate("x")[0] for rank in ranks]

    assert answers == ["True\n"] * 8
    until(lambda: agents(site.root) == [site.agent_pid()])


def test_the_agent_is_detached(site: Any, until: Until) -> None:
    """Own session, no parent of ours, no zombie, no descriptor of the trainer, no secret."""
    secret = "hunter2hunter2"
    with (site.scripts / "open").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        trainer = site.train("input()", MY_TOKEN=secret)
        until(site.watched)
    pid = site.agent_pid()

    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    parent, session = int(stat[1]), int(stat[3])
    assert parent != trainer.pid
    assert session not in (os.getsid(0), os.getsid(trainer.pid))
    assert Path(f"/proc/{pid}/fd/0").readlink() == Path("/dev/null")
    assert Path(f"/proc/{pid}/fd/1").readlink() == site.root / layout.AGENT_LOG_FILE
    opened = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the agent opens and closes files meanwhile
            opened.add(entry.readlink())
    assert site.scripts / "open" not in opened
    assert secret.encode() not in Path(f"/proc/{pid}/environ").read_bytes()
    children = Path(f"/proc/{trainer.pid}/task/{trainer.pid}/children").read_text()
    assert children == ""


def test_a_second_agent_leaves(site: Any, until: Until) -> None:
    """Started twice by hand: one survives, the other ends with 0."""
    command = [sys.executable, "-P", "-m", "mltrack_core.agent", "--folder", str(site.root)]
    first = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    until(site.agent_pid)

    second = subprocess.run(command, check=False, timeout=30)

    assert second.returncode == 0
    assert site.agent_pid() == first.pid
    first.terminate()
    assert first.wait() == 0


def test_an_agent_with_nothing_to_do_leaves_and_the_next_run_gets_another(
    site: Any, until: Until
) -> None:
    """It does not stay for ever, and leaves no lock behind."""
    command = [sys.executable, "-P", "-m", "mltrack_core.agent", "--folder", str(site.root)]

    subprocess.run([*command, "--idle", "0.1"], check=True, stderr=subprocess.DEVNULL, timeout=30)

    site.train("input()")
    until(site.watched)


def test_an_agent_stays_while_a_trainer_lives(site: Any, until: Until) -> None:
    """A trainer that says nothing for longer than the idle time is still there."""
    trainer = site.train("input()")
    until(site.watched)
    # Another agent takes over: with so short an idle time it would not wait for one to begin.
    os.kill(site.agent_pid(), signal.SIGKILL)
    until(lambda: not site.agent_pid())
    command = [sys.executable, "-P", "-m", "mltrack_core.agent", "--folder", str(site.root)]
    agent = subprocess.Popen([*command, "--idle", "0.1"], stderr=subprocess.DEVNULL)
    until(lambda: len(site.streams("agent")) == 2)
    with pytest.raises(subprocess.TimeoutExpired):
        agent.wait(1.0)

    trainer.kill()

    assert agent.wait(30) == 0
    assert site.ends() == [("killed", "killed by SIGKILL", None, signal.SIGKILL)]


def test_a_terminated_agent_seals_its_streams(site: Any, until: Until) -> None:
    """SIGTERM, as at the shutdown of the machine."""
    site.train("input()")
    until(site.watched)

    os.kill(site.agent_pid(), signal.SIGTERM)
    until(lambda: not site.agent_pid())

    assert site.is_settled()


@pytest.mark.parametrize("obstacle", ["no folder", "no interpreter", "lock is a folder"])
def test_what_keeps_an_agent_from_starting_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, obstacle: str
) -> None:
    """Training goes on without one."""
    folder = tmp_path / "mltrack"
    if obstacle == "no folder":
        folder.write_text("a file")
    elif obstacle == "no interpreter":
        monkeypatch.setattr(sys, "executable", "")
    else:
        (folder / layout.AGENT_LOCK_FILE).mkdir(parents=True)
    settings = _settings.read({"MLTRACK_DIR": str(folder)})

    assert ensure_agent(settings) is False


def test_hosts_that_share_a_folder_have_an_agent_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network file system's locks hold for all hosts; an agent sees only its own trainers."""
    locks: list[int] = []

    for host in ("node1", "node2"):
        monkeypatch.setattr(_launch, "is_remote", lambda folder: True)
        monkeypatch.setattr(_launch, "host_name", lambda host=host: host)
        lock = take_lock(tmp_path)
        assert lock is not None
        locks.append(lock)

    assert take_lock(tmp_path) is None  # node2's own is held
    for lock in locks:
        os.close(lock)


def test_the_lock_is_free_again_where_no_agent_could_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise nobody would ever start one."""
    monkeypatch.setattr(sys, "executable", "")
    ensure_agent(_settings.read({"MLTRACK_DIR": str(tmp_path)}))

    lock = take_lock(tmp_path)

    assert lock is not None
    os.close(lock)


@pytest.mark.parametrize("style", ["absolute", "relative"])
def test_a_file_of_the_users_does_not_take_the_place_of_a_module(
    site: Any, until: Until, monkeypatch: pytest.MonkeyPatch, style: str
) -> None:
    """A requests.py on PYTHONPATH is the user's; the agent imports the one that it means."""
    (site.scripts / "requests.py").write_text("raise RuntimeError('not this one')")
    monkeypatch.chdir(site.scripts)

    trainer = site.train("input()", PYTHONPATH=str(site.scripts) if style == "absolute" else ".")

    until(site.watched)
    trainer.communicate("\n")


def test_an_agent_imports_from_where_its_trainer_does(
    site: Any, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also from a relative folder, and what a script has put on its path itself."""
    source = Path(mltrack_core.__file__).parent
    (site.scripts / "lib").mkdir()
    (site.scripts / "lib" / "mltrack_core").symlink_to(source)
    monkeypatch.chdir(site.scripts)

    trainer = site.train(
        "assert run.id and 'lib/mltrack_core' in mltrack_core.__file__; input()", PYTHONPATH="lib"
    )

    until(site.watched)
    maps = Path(f"/proc/{site.agent_pid()}/cmdline").read_bytes()
    assert bytes(site.scripts / "lib") in maps
    trainer.communicate("\n")


def test_an_agent_starts_where_there_is_no_shell(site: Any, until: Until) -> None:
    """As in a container that holds nothing but Python."""
    trainer = site.train(
        """
        mltrack_core.finish()
        import os, signal, time
        from mltrack_core import _launch
        from mltrack_core._settings import read
        _launch._SHELL = "/nonexistent/sh"
        folder = read().folder
        def agent():
            text = (folder / "agent.lock").read_text()
            return int(text) if text else 0
        while not agent():
            time.sleep(0.02)
        first = agent()
        os.kill(first, signal.SIGKILL)
        while not _launch.ensure_agent(read()) or agent() == first:
            time.sleep(0.02)
        mltrack_core.init()
        print("started", flush=True)
        input()
        """
    )

    assert trainer.stdout is not None
    assert trainer.stdout.readline() == "started\n"
    until(lambda: len(site.streams("agent")) >= 1 and site.agent_pid())
    trainer.communicate("\n")
