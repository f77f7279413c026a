"""How long a server with a large store takes to answer: `python bench/store/start.py --gb 10`.

The store is made of copies of one run of a million points. Then a real `mltrack server` is started
on it again and again, in turns with the system's cache of the file dropped and kept. Measured from
the start of the process: until it says that it serves, until it has answered with the newest runs,
and until it has drawn one of them; and the CPU time that this has taken in all.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import longseries
import requests

from mltrack_server.lock import STORE_FILE
from mltrack_server.lock import STORE_FOLDER
from mltrack_server.lock import store_url

sys.path.append(str(Path(__file__).parents[1]))
import processes

POINTS = 2**20  # of each run
BUCKETS = 1600


def main() -> None:
    """Make the store, and start servers on it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gb", type=float, default=10.0, help="how large the store is")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mltrack-start-") as folder:
        data = Path(folder) / "data"
        path = data / STORE_FOLDER / STORE_FILE
        path.parent.mkdir(parents=True)
        run = longseries.make(store_url(data), POINTS)
        copies = int(options.gb * 1e9 / path.stat().st_size)
        longseries.clone(path, run, copies)
        found: dict[str, list[list[float]]] = {"cold": [], "warm": []}
        for _ in range(options.rounds):
            for kind, times in found.items():
                if kind == "cold":
                    drop_cache(path)
                times.append(start(data, run))
        size = path.stat().st_size
    sys.stdout.write(f"{size / 1e9:.1f} GB, {copies + 1:,} runs of {POINTS:,} points\n")
    for kind, times in found.items():
        serves, listed, drawn, cpu = (
            statistics.median(column) for column in zip(*times, strict=True)
        )
        sys.stdout.write(
            f"{kind}: serves after {serves:.2f} s, newest runs after {listed:.2f} s, a chart after "
            f"{drawn:.2f} s, {cpu:.2f} s of CPU; slowest {max(each[1] for each in times):.2f} s "
            f"to the runs\n"
        )


def start(data: Path, run: str) -> list[float]:
    """Start a server; return when it served, listed runs and drew one, and its CPU: seconds."""
    began = time.perf_counter()
    times = []
    with processes.server(data) as server, requests.Session() as http:
        times.append(time.perf_counter() - began)
        assert http.get(f"{server.address}/api/v1/runs", params={"limit": 50}).json()["runs"]
        times.append(time.perf_counter() - began)
        query = {"runs": [run], "names": [longseries.NAME], "buckets": BUCKETS}
        answer = http.post(f"{server.address}/api/v1/series", json=query)
        assert answer.ok, answer.text
        times.append(time.perf_counter() - began)
        times.append(processes.cpu_s_of(server.pid))
    return times


def drop_cache(path: Path) -> None:
    """Let the system forget what it has of the file *path*."""
    with path.open("rb") as file:
        os.fsync(file.fileno())  # what is not on the disk yet stays
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


if __name__ == "__main__":
    main()
