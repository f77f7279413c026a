"""The first README command: trains, shows, and stays until Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

from mltrack.demo.plans import SCENES

DEADLINE_S = 600.0  # reached only by a test that fails; Keras, where it is there, takes its time
DEMO = [sys.executable, "-P", "-m", "mltrack._cli", "demo"]


def shown_runs(address: str) -> list[dict[str, Any]]:
    """Return the demo's runs as soon as the dashboard has taken in how each of them ended."""
    deadline_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline_s:
        answer = requests.get(f"{address}/api/v1/runs?project=demo", timeout=DEADLINE_S)
        runs: list[dict[str, Any]] = answer.json()["runs"]
        if len(runs) == len(SCENES) and all(run["state"] != "running" for run in runs):
            return runs
        time.sleep(0.1)
    raise AssertionError("the dashboard did not show all runs of the demo")


def test_the_demo_trains_real_models_and_shows_them_until_it_is_told_to_stop(
    tmp_path: Path,
) -> None:
    """Runs that finish, one that diverges, one that fails, one that is killed; then a dashboard."""
    environment = {name: text for name, text in os.environ.items() if "MLTRACK" not in name}
    demo = subprocess.Popen(
        [*DEMO, "--folder", str(tmp_path / "runs"), "--port", "0", "--no-browser"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert demo.stdout is not None
        lines = iter(demo.stdout.readline, "")
        address = next(m[0] for line in lines if (m := re.search(r"http://[\w.:]+", line)))
        runs = shown_runs(address)
        page = requests.get(address, timeout=DEADLINE_S)
    finally:
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=DEADLINE_S)

    states = [run["state"] for run in runs]
    assert states.count("finished") >= 5
    assert states.count("failed") == 1
    assert [run["signal"] for run in runs if run["state"] == "killed"] == [signal.SIGKILL]
    assert any(run["metrics"]["train/loss"]["last"] == "NaN" for run in runs)
    best = max(run["metrics"]["val/accuracy"]["max"] for run in runs)
    assert best > 0.95, "real models learn real digits"
    assert page.status_code == 200
    assert demo.returncode in (0, 130)


def test_a_demo_that_could_not_be_shown_does_not_begin(tmp_path: Path) -> None:
    """A port in use and a folder that is none are said at once, not after all trainings."""
    (tmp_path / "file").write_text("")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = ["--folder", str(tmp_path / "runs"), "--port", str(taken.getsockname()[1])]
        refused = [
            subprocess.run([*DEMO, *arguments], capture_output=True, text=True, check=False)
            for arguments in (port, ["--folder", str(tmp_path / "file" / "below"), "--no-serve"])
        ]

    assert [done.returncode for done in refused] == [1, 1]
    assert "is in use" in refused[0].stderr
    assert "Nothing is recorded" in refused[1].stderr
    assert not list(tmp_path.glob("runs/spool/*"))
