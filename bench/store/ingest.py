"""How fast a server makes points durable, and how small: `python bench/store/ingest.py`.

A real `mltrack server` takes one run after another over loopback, in the batches that an agent
sends. Then the same store is folded to the end, and its pages are counted, but for those that a
store has without a run.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import struct
import sys
import tempfile
import time
from pathlib import Path

import herd
import requests

from mltrack_core import wire
from mltrack_core.limits import BATCH_BYTES_MAX
from mltrack_core.records import Record
from mltrack_core.records import RunEnded
from mltrack_core.records import Scalars
from mltrack_core.records import Seal
from mltrack_core.spool.segment import Batch
from mltrack_server.lock import STORE_FILE
from mltrack_server.lock import STORE_FOLDER
from mltrack_server.lock import store_url
from mltrack_server.store import Store

sys.path.append(str(Path(__file__).parents[1]))
import processes


def main() -> None:
    """Measure both kinds of values."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=10_000, help="of each run")
    parser.add_argument("--scalars", type=int, default=100, help="at each step")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    for kind in ("float64", "float32"):
        measure(options.steps, options.scalars, options.runs, kind)


def measure(steps: int, scalars: int, runs: int, kind: str) -> None:
    """Deliver *runs* runs of noisy values of that *kind*, and print what became of them."""
    prepared = [batches(steps, scalars, kind) for _ in range(runs)]
    points = steps * scalars * runs
    spool = sum(len(batch.body) for run in prepared for batch in run)
    with tempfile.TemporaryDirectory(prefix="mltrack-ingest-") as folder:
        data = Path(folder) / "store"
        with processes.server(data) as server, requests.Session() as http:
            cpu_s, began_s = processes.cpu_s_of(server.pid), time.perf_counter()
            for batch in (batch for run in prepared for batch in run):
                answer = http.post(
                    f"{server.address}/api/v1/ingest/{batch.header.run}/{batch.header.stream}",
                    data=batch.pack(),
                    headers={"Content-Type": herd.MEDIA},
                )
                assert answer.json()["next_seq"] == batch.next_seq, answer.text
            took_s = time.perf_counter() - began_s
            cpu_s = processes.cpu_s_of(server.pid) - cpu_s
        used = folded_bytes(data, [run[0].header.run for run in prepared])
        empty = folded_bytes(Path(folder) / "empty", [])
    sys.stdout.write(
        f"{points:,} points of {kind}: durable at {points / took_s / 1e6:.2f} M points/s, "
        f"{points / cpu_s / 1e6:.2f} M points per second of the server's CPU; "
        f"{spool / points:.1f} bytes/point in the spool, {(used - empty) / points:.2f} folded and "
        f"{empty / 1e6:.2f} MB of an empty store\n"
    )


def batches(steps: int, scalars: int, kind: str) -> list[Batch]:
    """Return one run as the batches of an agent."""
    run, stream = os.urandom(16).hex(), os.urandom(16).hex()
    chance = random.Random(7).gauss  # noqa: S311 - the same noise every time
    names = [f"train/metric_{number:03d}" for number in range(scalars)]
    found: list[Batch] = []
    records: list[Record] = [herd.started()]
    size = seq = 0
    for step in range(steps):
        values = [chance(1.0, 0.1) for _ in names]
        if kind == "float32":
            values = list(struct.unpack(f"{scalars}f", struct.pack(f"{scalars}f", *values)))
        # A step takes 20 ms, give or take: what time costs depends on its noise.
        time_ns = 1_790_000_000_000_000_000 + step * 20_000_000 + int(chance(0, 1e6))
        records.append(Scalars(time_ns, step, dict(zip(names, values, strict=True))))
        size += len(wire.encode(records[-1])[1])
        if size > BATCH_BYTES_MAX or step == steps - 1:
            if step == steps - 1:
                records += [RunEnded(time_ns, "finished"), Seal(time_ns)]
            found.append(herd.batch_of(run, stream, seq, records))
            seq, records, size = found[-1].next_seq, [], 0
    return found


def folded_bytes(data: Path, runs: list[str]) -> int:
    """Return the bytes of all used pages once all points of *runs* are folded."""
    (data / STORE_FOLDER).mkdir(parents=True, exist_ok=True)
    store = Store(store_url(data))
    store.open()
    try:
        for run in runs:
            while store.fold(run):
                pass
    finally:
        store.close()
    connection = sqlite3.connect(data / STORE_FOLDER / STORE_FILE)
    try:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    finally:
        connection.close()
    return int((pages - free) * page_bytes)


if __name__ == "__main__":
    main()
