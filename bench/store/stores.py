"""What stores do with the same data: ingest, a chart, a search of runs, the disk.

    python bench/install_peers.py mlflow trackio tensorboard aim
    python bench/store/stores.py
    python bench/store/stores.py --grow --points 1e8 --runs 1e5

Each store begins empty behind a server of its own. Its own client records one long run, and the
clock runs until the server shows the last point; CPU is that of all processes: trainer, agent,
server, PostgreSQL. Making the data, 0.1 µs a point, is in it. The upkeep is what the store does to
the points by itself afterwards: mltrack folds them. Then one series is read over and over, and many
runs are filtered by a parameter and a metric, sorted by the metric, and the first 50 are read; what
comes is compared with what must. CPU of reads is that of the servers. Disk is what is used beyond
the empty store: pages that are free are not counted, and PostgreSQL is vacuumed first.

The stores take turns, each round begins with another one; medians over the rounds. With --grow
only mltrack's stores are measured, unless others are named: at 10^4 points, 10^5, … and at 100
runs, 1,000, ….
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import backends
import made
from backend import Backend
from backend import wait_until
from backend import wait_until_quiet

sys.path.append(str(Path(__file__).parents[1]))
import install_peers
import processes

FILL = Path(__file__).with_name("fill.py")
READ_S = 1.5  # a read is repeated for so long
READS_MIN = 5
SEEN_S_MAX = 600.0
OURS = [name for name in backends.ALL if name.startswith("mltrack")]

Row = dict[str, Any]
COLUMNS = (
    ("points/s", "points_per_s"),
    ("points per CPU s", "points_per_cpu_s"),
    ("… and upkeep", "points_per_cpu_s_upkept"),
    ("bytes/point", "bytes_per_point"),
    ("chart, points", "chart_points"),
    ("chart, ms", "chart_ms"),
    ("CPU ms", "chart_cpu_ms"),
    ("search, ms", "search_ms"),
    ("CPU ms", "search_cpu_ms"),
)
GROWN_POINTS = (*COLUMNS[:4], ("chart, first, ms", "chart_first_ms"), *COLUMNS[5:7])
GROWN_RUNS = COLUMNS[7:]


@dataclass(frozen=True)
class Size:
    """How much each store is given."""

    points: int
    runs: int
    scalars: int  # metrics of the long run

    @property
    def steps(self) -> int:
        """How long the long run is."""
        return max(1, self.points // self.scalars)


def main() -> None:
    """Measure side by side, or what growth costs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--points", type=float, default=1e5, help="default: 1e5")
    parser.add_argument("--runs", type=float, default=200, help="default: 200")
    parser.add_argument("--scalars", type=int, default=5, help="in each step of the long run")
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    parser.add_argument("--grow", action="store_true", help="by decades up to --points and --runs")
    parser.add_argument("--stores", help="default: all; with --grow mltrack's")
    parser.add_argument("--peers", type=Path, default=install_peers.DEFAULT_FOLDER)
    options = parser.parse_args()
    names = list(backends.ALL)
    chosen = options.stores.split(",") if options.stores else OURS if options.grow else names
    if unknown := set(chosen) - set(names):
        parser.error(f"no such store: {', '.join(unknown)}; there are {', '.join(names)}")
    processes.adopt_orphans()
    if options.grow:
        for points in decades(1e4, options.points):
            rows = measure_all(chosen, Size(points, 0, options.scalars), options)
            say(f"\n{points:,} points\n\n{table(rows, GROWN_POINTS)}")
        for runs in decades(1e2, options.runs):
            rows = measure_all(chosen, Size(1000, runs, options.scalars), options)
            say(f"\n{runs:,} runs\n\n{table(rows, GROWN_RUNS)}")
    else:
        size = Size(int(options.points), int(options.runs), options.scalars)
        rows = measure_all(chosen, size, options)
        say(
            f"\n{size.scalars} metrics at {size.steps:,} steps; {size.runs:,} runs of "
            f"{made.COLUMNS} parameters and {made.COLUMNS} metrics; medians of {options.rounds}; "
            f"load average {os.getloadavg()[2]:.1f} on {os.cpu_count()} cores"
        )
        say(f"\n{table(rows, COLUMNS)}\n\n{notes(rows)}")


def decades(first: float, last: float) -> list[int]:
    """Return *first*, ten times that, and so on up to *last*."""
    found = []
    while first <= last:
        found.append(int(first))
        first *= 10
    return found


def measure_all(chosen: list[str], size: Size, options: argparse.Namespace) -> dict[str, list[Row]]:
    """Return the rows of all rounds, by store."""
    rows: dict[str, list[Row]] = {name: [] for name in chosen}
    for number in range(options.rounds):
        turn = number % len(chosen)
        for name in chosen[turn:] + chosen[:turn]:
            began_s = time.monotonic()
            row = measure(name, size, options.peers)
            rows[name].append(row)
            took_s = time.monotonic() - began_s
            sys.stderr.write(f"{number} {name:20} {took_s:5.1f} s {json.dumps(row)}\n")
    return rows


def measure(name: str, size: Size, peers: Path) -> Row:
    """Return what the store *name* does with so much, in a folder that is removed again."""
    kind = backends.ALL[name]
    environment = peers / kind.environment if kind.environment else Path(sys.prefix)
    if not (environment / "bin" / "python").exists():
        return {"left_out": f"not installed: python bench/install_peers.py {kind.environment}"}
    folder = Path(tempfile.mkdtemp(prefix="mltrack-stores-"))
    data = folder / "data"
    data.mkdir()
    try:
        with contextlib.ExitStack() as stack:
            backend = kind(data, environment, size.steps, size.scalars)
            backend.serve(stack)
            row = ingest(backend, size)
            row |= timed("chart", backend.chart)
            row["chart_points"] = backend.chart()
            if size.runs:
                wanted = made.found(size.runs)
                client = fill(backend, size, size.runs)
                client.communicate()
                assert client.returncode == 0, "the client failed"
                wait_until(
                    lambda: backend.search() == wanted, SEEN_S_MAX, "the right runs to be found"
                )
                row |= timed("search", backend.search)
        return row
    except (AssertionError, LookupError, OSError, TypeError, ValueError) as error:
        # A peer that answers with something else must not end the measurement of the others.
        return {"left_out": f"failed: {type(error).__name__}: {error}; {last_words(folder)}"}
    finally:
        processes.end_orphans(0.0, set())
        shutil.rmtree(folder, ignore_errors=True)


def last_words(folder: Path) -> str:
    """Return the last line that client and server have written."""
    logs = sorted(folder.glob("*.log"))
    return "; ".join(f"{log.stem}: {(log.read_text().splitlines() or ['-'])[-1]}" for log in logs)


def ingest(backend: Backend, size: Size) -> Row:
    """Record the long run, and return what it cost until it was seen and until it was kept."""
    empty = backend.bytes()
    with fill(backend, size, 0) as worker:
        assert said(worker) == "ready", "the client did not start"
        wait_until_quiet()
        cpu_s, began_s = processes.cpu_s_of_all(), time.perf_counter()
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
        backend.run = json.loads(said(worker))["run"]
        end = (size.steps - 1, made.LAST)
        wait_until(lambda: backend.last() == end, SEEN_S_MAX, "the last point to be seen")
        seen_s, seen_cpu_s = time.perf_counter() - began_s, processes.cpu_s_of_all() - cpu_s
    backend.rest()
    kept_cpu_s = processes.cpu_s_of_all() - cpu_s
    points = size.steps * size.scalars
    return {
        "points_per_s": points / seen_s,
        "points_per_cpu_s": points / seen_cpu_s,
        "points_per_cpu_s_upkept": points / kept_cpu_s,
        "bytes_per_point": (backend.bytes() - empty) / points,
    }


def fill(backend: Backend, size: Size, runs: int) -> subprocess.Popen[str]:
    """Start the client: for so many short runs, or for the long one if *runs* is 0."""
    task = {
        "filler": backend.filler,
        "folder": str(backend.folder),
        "address": backend.address,
        "runs": runs,
        "steps": size.steps,
        "scalars": size.scalars,
    }
    with (backend.folder.parent / "client.log").open("a") as log:
        return subprocess.Popen(
            [backend.programs / "python", FILL, json.dumps(task)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )


def said(worker: subprocess.Popen[str]) -> str:
    """Return the next thing that the client says to the driver."""
    assert worker.stdout is not None
    for line in worker.stdout:
        if line.startswith(">"):
            return line[1:].strip()
    raise AssertionError("the client ended too early")


def timed(name: str, read: Callable[[], object]) -> Row:
    """Repeat a read, and return its times: of the first one, medians, and the servers' CPU."""
    began_s = time.perf_counter()
    read()
    first_s = time.perf_counter() - began_s
    walls_s: list[float] = []
    cpu_s, began_s = processes.cpu_s_of_all(), time.perf_counter()
    while len(walls_s) < READS_MIN or time.perf_counter() - began_s < READ_S:
        at_s = time.perf_counter()
        read()
        walls_s.append(time.perf_counter() - at_s)
    cpu_s = processes.cpu_s_of_all() - cpu_s
    return {
        f"{name}_first_ms": first_s * 1e3,
        f"{name}_ms": statistics.median(walls_s) * 1e3,
        f"{name}_cpu_ms": cpu_s / len(walls_s) * 1e3,
    }


def table(rows: dict[str, list[Row]], columns: Iterable[tuple[str, str]]) -> str:
    """Return a line for each store: medians over the rounds that went well."""
    lines = ["| | " + " | ".join(title for title, _ in columns) + " |"]
    lines.append("|---" * lines[0].count(" | ") + "|---|")
    for name, of_store in rows.items():
        cells = [name]
        for _, key in columns:
            values = [row[key] for row in of_store if key in row]
            cells.append(number(statistics.median(values)) if values else "—")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def notes(rows: dict[str, list[Row]]) -> str:
    """Return how each store was used, and why one was left out."""
    lines = []
    for name, of_store in rows.items():
        line = f"* {name}: {backends.ALL[name].notes}."
        if failures := [row["left_out"] for row in of_store if "left_out" in row]:
            line += f" **Left out in {len(failures)} of {len(of_store)} rounds: {failures[0]}**"
        lines.append(line)
    return "\n".join(lines)


def number(value: float) -> str:
    """Return *value* with three digits that mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
