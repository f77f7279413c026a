"""A thousand clients that start within one second: `python bench/store/herd.py`.

Each opens its own connection to a real `mltrack server`, delivers the first records of a run of its
own and then a few batches, as an agent does, and measures how long each takes to become durable.
At the end the server is asked for every run.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import aiohttp

from mltrack_core import wire
from mltrack_core.records import Record
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.records import Seal
from mltrack_core.spool import frame
from mltrack_core.spool.segment import Batch
from mltrack_core.spool.segment import SegmentHeader

sys.path.append(str(Path(__file__).parents[1]))
import processes

MEDIA = "application/vnd.mltrack.segment"
PATIENCE_S = 60.0
STEPS = 10  # in each batch


@dataclass
class Result:
    """What became of all clients."""

    acks_s: list[float] = field(default_factory=list)  # from a batch being ready to its ack
    retries: int = 0  # answers of 429 or 503, and refused connections: asked for patience
    failures: list[str] = field(default_factory=list)  # what no patience helped


def main() -> None:
    """Start the server and the herd, and print what became of both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument(
        "--batches", type=int, default=3, help="for each client, the first included"
    )
    parser.add_argument("--within-s", type=float, default=1.0, help="in which all start")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="mltrack-herd-") as folder,
        processes.server(Path(folder) / "store") as server,
    ):
        cpu_s, began_s = processes.cpu_s_of(server.pid), time.monotonic()
        result = asyncio.run(
            stampede(server.address, options.clients, options.batches, options.within_s)
        )
        took_s = time.monotonic() - began_s
        cpu_s = processes.cpu_s_of(server.pid) - cpu_s
        resident = _resident_bytes(server.pid)
        stored = asyncio.run(count_runs(server.address, STEPS * options.batches))
    acks = sorted(result.acks_s)
    sys.stdout.write(
        f"{options.clients} clients within {options.within_s:g} s, {options.batches} batches each: "
        f"{len(result.failures)} failed, {options.clients - stored} runs lost, "
        f"{result.retries} retries\n"
        f"durable ack: p50 {acks[len(acks) // 2] * 1e3:.0f} ms, "
        f"p99 {acks[int(len(acks) * 0.99)] * 1e3:.0f} ms, max {acks[-1] * 1e3:.0f} ms; all done "
        f"after {took_s:.1f} s\n"
        f"server: {cpu_s:.1f} s of CPU, {resident / 1e6:.0f} MB resident; {os.cpu_count()} cores, "
        f"shared with the clients\n"
    )
    for failure in result.failures[:5]:
        sys.stdout.write(f"  {failure}\n")


async def stampede(address: str, clients: int, batches: int, within_s: float) -> Result:
    """Let all clients deliver what they have; each starts at a random moment within *within_s*."""
    result = Result()
    connector = aiohttp.TCPConnector(limit=0, force_close=False)
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    async with (
        aiohttp.ClientSession(connector=connector, timeout=timeout) as http,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(clients):
            group.create_task(_client(http, address, batches, within_s, result))
    return result


async def _client(
    http: aiohttp.ClientSession, address: str, batches: int, within_s: float, result: Result
) -> None:
    """Be one agent with one run."""
    run, stream = os.urandom(16).hex(), os.urandom(16).hex()
    url = f"{address}/api/v1/ingest/{run}/{stream}"
    await asyncio.sleep(random.random() * within_s)  # noqa: S311 - no secret
    seq = 0
    for number in range(batches):
        records: list[Record] = [started()] if number == 0 else []
        records += [Scalars(time.time_ns(), step, {"loss": 0.5 * step}) for step in range(STEPS)]
        if number == batches - 1:
            records.append(Seal(time.time_ns()))
        batch = batch_of(run, stream, seq, records)
        seq = batch.next_seq
        ready_s = time.monotonic()
        if not await deliver(http, url, batch, ready_s + PATIENCE_S, result):
            return
        result.acks_s.append(time.monotonic() - ready_s)


async def deliver(
    http: aiohttp.ClientSession, url: str, batch: Batch, until_s: float, result: Result
) -> bool:
    """Send *batch* until it is durable; tell whether it is."""
    pause_s = 0.5
    while True:
        try:
            async with http.post(url, data=batch.pack(), headers={"Content-Type": MEDIA}) as answer:
                body = await answer.json()
                if answer.ok and body["next_seq"] == batch.next_seq:
                    return True
                seen, may_retry = f"{answer.status}: {body}", answer.status in (429, 503)
        except (aiohttp.ClientError, TimeoutError) as error:
            seen, may_retry = repr(error), True
        if not may_retry or time.monotonic() > until_s:
            result.failures.append(seen)
            return False
        result.retries += 1
        await asyncio.sleep(random.random() * pause_s)  # noqa: S311 - full jitter, as the agent
        pause_s = min(2 * pause_s, 60.0)


async def count_runs(address: str, points: int) -> int:
    """Return how many runs the server has with all *points* of their metric."""
    count, cursor = 0, ""
    async with aiohttp.ClientSession() as http:
        while True:
            query = {"limit": "100", **({"cursor": cursor} if cursor else {})}
            async with http.get(f"{address}/api/v1/runs", params=query) as answer:
                page = await answer.json()
            count += sum(run["metrics"]["loss"]["count"] == points for run in page["runs"])
            cursor = page["next"]
            if not cursor:
                return count


def started() -> RunStarted:
    """Return the first record of a run."""
    return RunStarted(
        time.time_ns(),
        project="herd",
        name="one of many",
        role="trainer",
        attempt=1,
        rank=0,
        world_size=1,
        host="herd",
        user="herd",
        pid=1,
        pid_started=0,
        boot_id="",
        monotonic_ns=time.monotonic_ns(),
        command=["train.py"],
        folder="/",
        python="3",
        mltrack="0",
    )


def batch_of(run: str, stream: str, first_seq: int, records: list[Record]) -> Batch:
    """Return *records* as one request."""
    header = SegmentHeader(salt=7, run=run, stream=stream, first_seq=first_seq)
    body = b"".join(
        frame.pack(*wire.encode(record)[:1], seq, wire.encode(record)[1], header.salt)
        for seq, record in enumerate(records, first_seq)
    )
    return Batch.unpack(header.pack() + body)


def _resident_bytes(pid: int) -> int:
    """Return the resident memory of the process *pid*."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
