"""What a point costs all the way: `python bench/store/path.py`.

A training logs as fast as it can, its agent ships that to a real `mltrack server`, and the CPU time
of all three is counted until the last record is durable: what starting them takes is not.
Beside that, what agent and server take of a core while a training logs every few milliseconds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import requests

sys.path.append(str(Path(__file__).parents[1]))
import processes

TRAINING = """
import random, sys, time
import mltrack
steps, metrics, pause_s = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
run = mltrack.init(project="path")
chance = random.Random(7).gauss
names = [f"train/metric_{number:03d}" for number in range(metrics)]
values = [dict(zip(names, (chance(1.0, 0.1) for _ in names))) for _ in range(100)]
print(run.id, flush=True)
sys.stdin.readline()
began_s, due_s = time.process_time(), time.monotonic()
for step in range(steps):
    run.log(values[step % 100], step=step)
    if pause_s:
        due_s += pause_s
        time.sleep(max(0.0, due_s - time.monotonic()))
print(time.process_time() - began_s, flush=True)
sys.stdin.readline()
"""
SETTLED_S = 3.0  # after which an agent has looked at everything about a new run


def main() -> None:
    """Measure records of many points and of few, then the quiet of a slow training."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=2_000_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="of the slow training")
    options = parser.parse_args()
    for metrics in (100, 10, 5):
        measure(options.points // metrics, metrics, 0.0)
    measure(int(options.seconds / 0.005), 5, 0.005)


def measure(steps: int, metrics: int, pause_s: float) -> None:
    """Let a training log so many records of so many points, and print what that took."""
    with tempfile.TemporaryDirectory(prefix="mltrack-path-") as temporary:
        folder = Path(temporary)
        with (
            processes.server(folder / "data") as server,
            training(folder, server.address, steps, metrics, pause_s) as (said, told),
        ):
            run = said.readline().strip()
            time.sleep(SETTLED_S)
            agent = agent_of(folder)
            before = [processes.cpu_s_of(pid) for pid in (agent, server.pid)]
            began_s = time.monotonic()
            tell(told)
            cpu_s = [float(said.readline())]
            while durable(server.address, run) < steps:
                time.sleep(0.05)
            took_s = time.monotonic() - began_s
            after = [processes.cpu_s_of(pid) for pid in (agent, server.pid)]
            cpu_s += [end - start for start, end in zip(before, after, strict=True)]
            tell(told)
    points = steps * metrics
    if pause_s:
        shares = "; ".join(
            f"{name} {100 * used / took_s:.1f} % of a core"
            for name, used in zip(("agent", "server"), cpu_s[1:], strict=True)
        )
        print(f"{metrics} metrics every {pause_s * 1000:g} ms: {shares}")  # noqa: T201
        return
    costs = ", ".join(
        f"{name} {used / points * 1e9:,.0f}"
        for name, used in zip(("training", "agent", "server"), cpu_s, strict=True)
    )
    rates = [points / used / 1e6 for used in (sum(cpu_s), sum(cpu_s[1:]), took_s)]
    print(  # noqa: T201 - what it is for
        f"{points:,} points, {metrics} a record: {costs} ns/point; all {rates[0]:.2f} M points per "
        f"CPU second, agent and server {rates[1]:.2f} M; durable at {rates[2]:.2f} M points/s"
    )


@contextmanager
def training(
    folder: Path, address: str, steps: int, metrics: int, pause_s: float
) -> Iterator[tuple[IO[str], IO[str]]]:
    """Run a training that waits for a line before it logs; give its output and its input."""
    settings = {"MLTRACK_DIR": str(folder / "own"), "MLTRACK_URL": address}
    with subprocess.Popen(
        [sys.executable, "-c", TRAINING, str(steps), str(metrics), str(pause_s)],
        env=os.environ | settings,  # noqa: TID251 - of a program of its own
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout, process.stdin


def tell(told: IO[str]) -> None:
    """Let the training go on."""
    told.write("\n")
    told.flush()


def agent_of(folder: Path) -> int:
    """Return the process that looks after *folder*."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        words = path.read_bytes().decode(errors="replace").split("\0")
        if "mltrack_core.agent" in words and str(folder / "own") in words:
            return int(path.parent.name)
    raise ProcessLookupError("the training has no agent")


def durable(address: str, run: str) -> int:
    """Return how many records of the run's longest stream the server has."""
    streams = requests.get(f"{address}/api/v1/runs/{run}", timeout=30).json()["streams"]
    return max(int(stream["next_seq"]) for stream in streams)


if __name__ == "__main__":
    main()
