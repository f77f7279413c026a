"""Measure mltrack and its peers side by side, and write docs/benchmarks.md.

    python bench/install_peers.py
    python bench/peers/compare.py --rounds 5

Each measurement is a fresh process in the tracker's own environment. The trackers take turns, each
round begins with another one, and what is reported is the median over the rounds and its ratio to
mltrack's: a shared machine is noisy, and what disturbs a round disturbs all of it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import mmap
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import report

sys.path.append(str(Path(__file__).parents[1]))
import install_peers
import processes
import trackers

WORKER = Path(__file__).with_name("worker.py")
HELPERS_S = 6.0  # after a kill, what helpers get to bring home what they have


@dataclass(frozen=True)
class Scenario:
    """What each tracker does once in each round."""

    name: str
    kind: str  # "record" or "kill"
    scalars: int  # in one call of log()
    steps: int = 0
    pause_s: float = 0.0  # between two calls
    loop_s_max: float = 8.0


SCENARIOS = (
    Scenario("10 scalars", "record", 10, 5000),
    Scenario("10 scalars every 2 ms", "record", 10, 1500, 0.002),
    Scenario("100 scalars", "record", 100, 1500),
    Scenario("rate", "record", 100, 10_000, loop_s_max=15),
    Scenario("killed at 200 calls/s", "kill", 10, pause_s=0.005),
    Scenario("killed at full speed", "kill", 10),
)


def main() -> None:
    """Run the scenarios that are named, and keep every row and the page made of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trackers", default=",".join(trackers.ALL), help="default: all")
    parser.add_argument("--scenarios", default=",".join(s.name for s in SCENARIOS), metavar="NAMES")
    parser.add_argument("--peers", type=Path, default=install_peers.DEFAULT_FOLDER)
    parser.add_argument(
        "--rows", type=Path, default=Path("rows.json"), help="every measurement; more are added"
    )
    parser.add_argument("--page", type=Path, help="write this page, e.g. docs/benchmarks.md")
    parser.add_argument(
        "--quote", type=Path, nargs="*", default=[], help="what ingest, herd and soak have printed"
    )
    options = parser.parse_args()
    chosen = options.scenarios.split(",")
    names = [name for name in options.trackers.split(",") if _python(name, options.peers).exists()]
    rows: list[dict[str, Any]] = (
        json.loads(options.rows.read_text()) if options.rows.exists() else []
    )
    first = max((row["round"] + 1 for row in rows), default=0)
    processes.adopt_orphans()
    for number in range(first, first + options.rounds):
        for scenario in (scenario for scenario in SCENARIOS if scenario.name in chosen):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                row = measure(name, scenario, options.peers)
                rows.append({"round": number, "tracker": name, "scenario": scenario.name, **row})
                sys.stderr.write(f"{number} {scenario.name:24} {name:18} {_short(row)}\n")
                options.rows.write_text(json.dumps(rows, indent=1))
    if options.page:
        quotes = {path.stem: path.read_text().strip() for path in options.quote}
        options.page.write_text(report.page(rows, _versions(names, options.peers), quotes))


def measure(name: str, scenario: Scenario, peers: Path) -> dict[str, Any]:
    """Return what *scenario* gives with the tracker *name*, in a folder that is removed again."""
    folder = Path(tempfile.mkdtemp(prefix="mltrack-bench-"))
    data = folder / "data"
    data.mkdir()
    try:
        with contextlib.ExitStack() as stack:
            address, keep, served_s = "", set[int](), 0.0
            before_s = processes.cpu_s_of_ended()
            if trackers.ALL[name].has_server:
                server = stack.enter_context(processes.server(data))
                address, keep = server.address, {server.pid}
                served_s = processes.cpu_s_of(server.pid)
            command = [str(_python(name, peers)), str(WORKER)]
            task = {"tracker": name, "folder": str(data), "address": address, **asdict(scenario)}
            if scenario.kind == "kill":
                return _kill(command, task, folder, keep)
            row = _run(command, task)
            row["exit_s"] = time.time() - row.pop("finished_at")
            if address:
                served_s = processes.cpu_s_of(server.pid) - served_s
            processes.end_orphans(0.5, keep)
            row["cpu_s"] = processes.cpu_s_of_ended() - before_s + served_s
        row["bytes_per_point"] = _size(data) / row["points"]
        return row
    except AssertionError as error:
        return {"failed": str(error)}
    finally:
        processes.end_orphans(0.0, set())
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str], task: dict[str, Any]) -> dict[str, Any]:
    """Run the worker, and return what it printed last."""
    done = subprocess.run([*command, json.dumps(task)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-600:]
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def _kill(command: list[str], task: dict[str, Any], folder: Path, keep: set[int]) -> dict[str, Any]:
    """Kill the worker somewhere within 2 to 5 s of logging; return what its reader then lacks."""
    counter = folder / "returned"
    counter.write_bytes(bytes(8))
    with counter.open("r+b") as file:
        returned = memoryview(mmap.mmap(file.fileno(), 8)).cast("Q")
    worker = subprocess.Popen(
        [*command, json.dumps({**task, "counter": str(counter)})],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while returned[0] == 0:
        assert worker.poll() is None, "the worker died by itself"
        time.sleep(0.01)
    time.sleep(random.uniform(2, 5))  # noqa: S311 - no secret
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    calls = returned[0]
    processes.end_orphans(HELPERS_S, keep)
    points = _run(command, {**task, "kind": "read"})["points"]
    return {"calls": calls, "points": points, "lost": max(0, calls - points // task["scalars"])}


def _python(name: str, peers: Path) -> Path:
    """Return the interpreter of the tracker *name*."""
    environment = trackers.ALL[name].environment
    return peers / environment / "bin" / "python" if environment else Path(sys.executable)


def _size(folder: Path) -> int:
    """Return the bytes of all files below *folder*."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _versions(names: list[str], peers: Path) -> dict[str, str]:
    """Return each tracker's version."""
    versions = {}
    for name in names:
        package = trackers.ALL[name].environment or "mltrack"
        show = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))"
        command = [_python(name, peers), "-c", show, package]
        versions[name] = subprocess.check_output(command, text=True).strip()
    return versions


def _short(row: dict[str, Any]) -> str:
    """Return *row* in one line."""
    return " ".join(
        f"{key}={value:.4g}" if isinstance(value, float) else f"{key}={value}"
        for key, value in row.items()
        if key in ("p50_us", "p99_us", "points_per_s", "cpu_s", "calls", "lost", "failed")
    )


if __name__ == "__main__":
    main()
