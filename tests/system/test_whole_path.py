"""What the README promises, done by real processes: trainer, agent, server, command line."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

import mltrack

DEADLINE_S = 60.0  # reached only by a test that fails
COMMAND = [sys.executable, "-P", "-m", "mltrack._cli"]


class Machine:
    """One person's machine: an MLTRACK_DIR, trainers, servers, and the command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "mltrack"
        self.processes: list[subprocess.Popen[str]] = []
        clean = {name: text for name, text in os.environ.items() if "MLTRACK" not in name}
        self.environment = {**clean, "MLTRACK_DIR": str(self.root)}

    def train(self, source: str, **environment: str) -> subprocess.Popen[str]:
        """Start a trainer with a run called `run`, which waits where it reads a line."""
        path = self.folder / f"train{len(self.processes)}.py"
        path.write_text("import mltrack\nrun = mltrack.init()\n" + textwrap.dedent(source))
        return self._start([sys.executable, "-P", str(path)], environment)

    def finish(self, trainer: subprocess.Popen[str]) -> int:
        """Let a trainer go on to its end; return its exit code."""
        trainer.communicate("\n" * 10, timeout=DEADLINE_S)
        return trainer.returncode

    def command(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `mltrack …` to its end."""
        return subprocess.run(
            [*COMMAND, *arguments],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )

    @contextlib.contextmanager
    def serving(self, *arguments: str, **environment: str) -> Iterator[str]:
        """Run `mltrack ui …` or `mltrack server …`, and yield its address."""
        server = self._start([*COMMAND, *arguments], environment)
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            address = re.search(r"http://[\w.:\[\]]+", line)
            assert address, line
            yield address[0]
        finally:
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=DEADLINE_S)

    def close(self) -> None:
        """Leave nothing running."""
        for process in self.processes:
            process.kill()
            process.communicate()

    def _start(self, command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command,
            env={**self.environment, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine on which nothing has been recorded."""
    machine = Machine(tmp_path)
    yield machine
    machine.close()


def ask(address: str, path: str, **options: Any) -> Any:
    """Return what a server answers to a GET, as JSON."""
    answer = requests.get(address + path, timeout=DEADLINE_S, **options)
    answer.raise_for_status()
    return answer.json()


def wait_for(look: Callable[[], Any], what: str) -> Any:
    """Return what *look* gives as soon as it is true."""
    deadline_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline_s:
        if found := look():
            return found
        time.sleep(0.05)
    pytest.fail(f"{what} did not come about within {DEADLINE_S:.0f} s")


def only_run(address: str, **options: Any) -> Any:
    """Return the one run that a server knows; None while it knows none."""
    runs = ask(address, "/api/v1/runs", **options)["runs"]
    assert len(runs) <= 1
    return runs[0] if runs else None


def test_a_run_that_is_over_is_shown_by_a_dashboard_started_later(machine: Machine) -> None:
    """Nothing needs to run while training runs."""
    trainer = machine.train(
        """
        run.log_params({"lr": 0.1, "optimizer": {"name": "adam"}})
        for step in range(100):
            run.log({"train/loss": 1 / (step + 1)}, step=step)
        print("done training")
        """
    )
    assert machine.finish(trainer) == 0

    with machine.serving("ui", "--no-browser", "--port", "0") as address:
        run = wait_for(lambda: only_run(address), "the run")
        page = wait_for(
            lambda: ask(address, f"/api/v1/runs/{run['id']}/console")["lines"], "the console"
        )
        summary = only_run(address)

    assert summary["state"] == "finished"
    assert summary["params"] == {"lr": 0.1, "optimizer.name": "adam"}
    assert summary["metrics"]["train/loss"]["count"] == 100
    assert [line["text"] for line in page] == ["done training"]


def test_points_show_up_while_training_goes_on(machine: Machine) -> None:
    """A dashboard that was open before sees the run begin, move and end."""
    with machine.serving("ui", "--no-browser", "--port", "0") as address:
        trainer = machine.train(
            """
            run.log({"loss": 1.0})
            input()
            run.log({"loss": 0.5})
            input()
            """
        )

        def count() -> int:
            run = only_run(address)
            return run["metrics"].get("loss", {}).get("count", 0) if run else 0

        wait_for(lambda: count() == 1, "the first point")
        assert only_run(address)["state"] == "running"
        assert trainer.stdin is not None
        trainer.stdin.write("\n")
        trainer.stdin.flush()
        wait_for(lambda: count() == 2, "the second point")
        assert machine.finish(trainer) == 0
        wait_for(lambda: only_run(address)["state"] == "finished", "the end")


@pytest.mark.parametrize(
    ("source", "state", "reason", "number"),
    [
        ("import os; os.kill(os.getpid(), 9)", "killed", "SIGKILL", 9),
        ("import ctypes; ctypes.string_at(0)", "killed", "SIGSEGV", 11),
        ("raise ValueError('boom')", "failed", "ValueError: boom", None),
        ("import sys; sys.exit(3)", "failed", "3", None),
        ("import os; os.kill(os.getpid(), 2)", "interrupted", "Ctrl-C", None),
    ],
)
def test_a_run_says_how_it_ended(
    machine: Machine, source: str, state: str, reason: str, number: int | None
) -> None:
    """Killed by which signal, failed with what, interrupted; and nothing logged is lost."""
    trainer = machine.train(f"run.log({{'loss': 1.0}})\ninput()\n{source}")
    with machine.serving("ui", "--no-browser", "--port", "0") as address:
        # The agent must have seen the process alive to know how it died.
        wait_for(
            lambda: (
                (run := only_run(address))
                and any(
                    stream["role"] == "agent"
                    for stream in ask(address, f"/api/v1/runs/{run['id']}")["streams"]
                )
            ),
            "the agent",
        )
        machine.finish(trainer)
        run = wait_for(
            lambda: (run := only_run(address)) and run["state"] not in ("running", "finished")
            and run,
            "the end",
        )  # fmt: skip

    assert run["state"] == state
    assert reason in run["reason"]
    assert run["signal"] == number
    assert run["metrics"]["loss"]["count"] == 1


def test_a_server_may_be_away_and_everything_arrives_once(
    machine: Machine, steady_port: int
) -> None:
    """Recorded with no server there, delivered when it comes; again after it was killed."""
    address = f"http://127.0.0.1:{steady_port}"
    serve = ("server", "--port", str(steady_port), "--data", str(machine.folder / "server"))
    trainer = machine.train(
        """
        for step in range(500):
            run.log({"loss": float(step)}, step=step)
        input()
        for step in range(500, 1000):
            run.log({"loss": float(step)}, step=step)
        """,
        MLTRACK_URL=address,
        MLTRACK_TOKEN="mlt_secret_of_this_test",
    )
    bearer = {"headers": {"Authorization": "Bearer mlt_secret_of_this_test"}}

    def count() -> int:
        run = only_run(address, **bearer)
        return run["metrics"].get("loss", {}).get("count", 0) if run else 0

    with machine.serving(*serve, MLTRACK_TOKEN="mlt_secret_of_this_test"):
        wait_for(lambda: count() == 500, "the first half")
    assert machine.finish(trainer) == 0
    with machine.serving(*serve, MLTRACK_TOKEN="mlt_secret_of_this_test"):
        wait_for(lambda: count() == 1000, "the second half")
        run = only_run(address, **bearer)
        history = ask(address, f"/api/v1/runs/{run['id']}/history?name=loss", **bearer)

    assert history["step"] == list(range(1000))
    assert history["value"] == [float(step) for step in range(1000)]


def test_an_offline_machine_delivers_with_sync(machine: Machine) -> None:
    """`mltrack sync` takes what was recorded before anybody knew of a server."""
    assert machine.finish(machine.train("run.log({'loss': 1.0})")) == 0

    with machine.serving("server", "--port", "0", "--data", str(machine.folder / "s")) as address:
        delivered = machine.command("sync", MLTRACK_URL=address)
        run = only_run(address)

    assert delivered.returncode == 0, delivered.stderr
    assert run["metrics"]["loss"]["count"] == 1


def test_what_was_recorded_is_read_back(machine: Machine) -> None:
    """`mltrack.open()` and `mltrack runs`, with a dashboard open and without."""
    machine.finish(machine.train("run.log_params({'lr': 0.1}); run.log({'loss': float('nan')})"))

    (run,) = mltrack.open(machine.root).runs()
    listed = machine.command("runs", "--json")
    with machine.serving("ui", "--no-browser", "--port", "0"):
        (same,) = mltrack.open(machine.root).runs()
        history = same.history("loss")

    assert (run.state, run.params) == ("finished", {"lr": 0.1})
    assert run.id in listed.stdout
    assert same.id == run.id
    assert str(history.value.tolist()) == "[nan]"


def test_a_second_dashboard_points_at_the_first(machine: Machine) -> None:
    """One folder has one writer; whoever comes second is told where to look."""
    with machine.serving("ui", "--no-browser", "--port", "0") as address:
        second = machine.command("ui", "--no-browser")

    assert second.returncode == 0
    assert address in second.stdout


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_server_for_others_needs_a_token(machine: Machine, host: str) -> None:
    """Bound to anything but loopback it refuses to start without one, and says how to give it."""
    refused = machine.command("server", "--host", host, "--port", "0")

    assert refused.returncode != 0
    assert "MLTRACK_TOKEN" in refused.stderr


def test_a_port_in_use_is_named(machine: Machine) -> None:
    """The error says which port, and how to take another."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        refused = machine.command("server", "--port", port, "--data", str(machine.folder / "s"))

    assert refused.returncode != 0
    assert port in refused.stderr
    assert "--port" in refused.stderr
