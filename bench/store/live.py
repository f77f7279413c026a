"""A thousand runs that go on at once: `python bench/store/live.py`.

Each delivers a batch every few seconds to a real `mltrack server`, as an agent does, while somebody
watches as the dashboard does: told of changes by the feed, and then asking for the newest runs and
for the charts of twenty of them. Reported are the server's memory, at its highest and in the end,
its CPU, how long a batch takes to become durable, and how old a point is when the watcher has it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import aiohttp
import herd

from mltrack_core.records import Record
from mltrack_core.records import Scalars
from mltrack_server import columns

sys.path.append(str(Path(__file__).parents[1]))
import processes

STEPS = 10  # of each batch
WATCHED = 20  # runs
BUCKETS = 1000
PAUSE_S = 0.25  # between two looks: what the dashboard leaves


@dataclass
class Training:
    """One of the runs, and what has been sent of it."""

    uid: str = field(default_factory=lambda: os.urandom(16).hex())
    stream: str = field(default_factory=lambda: os.urandom(16).hex())
    seq: int = 0
    step: int = 0
    sent_at_s: float = 0.0  # by the monotonic clock: when the last batch was handed over
    seen_step: int = -1  # by the watcher


def main() -> None:
    """Start the server and the trainings, and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--metrics", type=int, default=10, help="of each run")
    parser.add_argument("--every-s", type=float, default=2.0, help="between a run's batches")
    parser.add_argument("--seconds", type=float, default=120.0)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="mltrack-live-") as folder,
        processes.server(Path(folder) / "store") as server,
    ):
        cpu_s = processes.cpu_s_of(server.pid)
        result = herd.Result()
        ages = asyncio.run(train(server.address, options, result))
        cpu_s = processes.cpu_s_of(server.pid) - cpu_s
        highest, last = (_memory_bytes(server.pid, key) for key in ("VmHWM", "VmRSS"))
    sys.stdout.write(
        f"{options.runs} live runs of {options.metrics} metrics, {STEPS} steps of each every "
        f"{options.every_s:g} s, for {options.seconds:g} s: {len(result.acks_s):,} batches, "
        f"{len(result.failures)} failed, {result.retries} retries\n"
        f"server: {highest / 1e6:.0f} MB resident at most, {last / 1e6:.0f} MB in the end; "
        f"{cpu_s / options.seconds:.2f} s of CPU a second; {os.cpu_count()} cores, shared with the "
        f"clients\n"
        f"durable ack: {_quantiles(result.acks_s)}\n"
        f"age of a point when the watcher has it: {_quantiles(ages)}\n"
    )
    for failure in result.failures[:5]:
        sys.stdout.write(f"  {failure}\n")


async def train(address: str, options: argparse.Namespace, result: herd.Result) -> list[float]:
    """Let all runs go on for a while and somebody watch them; return how old the points were."""
    trainings = [Training() for _ in range(options.runs)]
    names = [f"train/metric_{number}" for number in range(options.metrics)]
    until_s = time.monotonic() + options.seconds
    ages: list[float] = []
    connector = aiohttp.TCPConnector(limit=0, force_close=False)
    async with aiohttp.ClientSession(connector=connector) as http, asyncio.TaskGroup() as group:
        for training in trainings:
            group.create_task(
                go_on(http, address, training, names, options.every_s, until_s, result)
            )
        group.create_task(watch(http, address, trainings[:WATCHED], names[0], until_s, ages))
    return ages


async def go_on(
    http: aiohttp.ClientSession,
    address: str,
    training: Training,
    names: list[str],
    every_s: float,
    until_s: float,
    result: herd.Result,
) -> None:
    """Be the agent of one run."""
    url = f"{address}/api/v1/ingest/{training.uid}/{training.stream}"
    await asyncio.sleep(random.random() * every_s)  # noqa: S311 - no secret
    while time.monotonic() < until_s:
        records: list[Record] = [] if training.seq else [herd.started()]
        for _ in range(STEPS):
            values = {name: random.random() for name in names}  # noqa: S311 - no secret
            records.append(Scalars(time.time_ns(), training.step, values))
            training.step += 1
        batch = herd.batch_of(training.uid, training.stream, training.seq, records)
        training.sent_at_s = time.monotonic()
        if not await herd.deliver(http, url, batch, until_s + herd.PATIENCE_S, result):
            return
        training.seq = batch.next_seq
        result.acks_s.append(time.monotonic() - training.sent_at_s)
        await asyncio.sleep(every_s * (0.5 + random.random()))  # noqa: S311 - no secret


async def watch(
    http: aiohttp.ClientSession,
    address: str,
    trainings: list[Training],
    name: str,
    until_s: float,
    ages: list[float],
) -> None:
    """Be a browser that shows the newest runs and charts of some of them."""
    query = {"runs": [each.uid for each in trainings], "names": [name], "buckets": BUCKETS}
    async with http.ws_connect(f"{address}/api/v1/feed") as feed:
        while time.monotonic() < until_s:
            with contextlib.suppress(TimeoutError):
                await feed.receive(timeout=1.0)
            sent = {each.uid: (each.step - 1, each.sent_at_s) for each in trainings}
            async with http.get(f"{address}/api/v1/runs", params={"limit": "50"}) as answer:
                await answer.read()
            async with http.post(f"{address}/api/v1/series", json=query) as answer:
                note_ages(await answer.read(), trainings, sent, ages)
            await asyncio.sleep(PAUSE_S)


def note_ages(
    body: bytes,
    trainings: list[Training],
    sent: dict[str, tuple[int, float]],
    ages: list[float],
) -> None:
    """Note how long ago the newest batches in a chart's answer were handed over."""
    header, _ = columns.unpack(body)
    last = {series.run: float(series.last) for block in header.blocks for series in block.series}
    for training in trainings:
        step, sent_at_s = sent[training.uid]
        if last.get(training.uid, -1) >= step > training.seen_step:
            training.seen_step = step
            ages.append(time.monotonic() - sent_at_s)


def _memory_bytes(pid: int, key: str) -> int:
    """Return what the kernel says of a process's memory."""
    rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    return 1024 * next(int(row.split()[1]) for row in rows if row.startswith(f"{key}:"))


def _quantiles(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    shares = (("p50", 0.5), ("p95", 0.95), ("max", 1.0))
    return ", ".join(
        f"{name} {ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3:.0f} ms"
        for name, share in shares
    )


if __name__ == "__main__":
    main()
