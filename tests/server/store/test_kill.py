"""kill -9 at any moment: what was acknowledged is there, once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mltrack_server.store import Store
from mltrack_server.store import tier

KILLS = 30
DEADLINE_S = 60

# For each file that it is told of, a child stores one batch after the other, folding in between,
# and writes each acknowledgement there. Loading the store would take longer than all else.
STARTER = """
import os, sys
from mltrack_core import records, wire
from mltrack_core.spool import frame
from mltrack_core.spool.segment import Batch, SegmentHeader
from mltrack_server.store import Store
from mltrack_server.store import tier

tier.SHAPE = tier.Shape(bucket=2, fan=4, row=8)  # so that folds make tiers too
url, run, stream = sys.argv[1:]

def write_for_ever(acknowledged):
    with Store(url) as store:
        seq = store.next_seq(run, stream)
        acknowledged(seq)
        while True:
            frames = b""
            for number in range(seq, seq + 3):
                record = records.Scalars(number, number, {"loss": float(number), "seq": number})
                frames += frame.pack(*wire.encode(record)[:1], number, wire.encode(record)[1], 7)
            header = SegmentHeader(salt=7, run=run, stream=stream, first_seq=seq)
            (seq,) = store.apply([Batch.unpack(header.pack() + frames)])
            acknowledged(seq)
            if seq % 7 == 0:
                store.fold(run)

for path in map(str.rstrip, sys.stdin):
    child = os.fork()
    if child == 0:
        try:
            with open(path, "a") as file:
                write_for_ever(lambda seq: print(seq, file=file, flush=True))
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(70)  # only if it broke: the kill leaves no time for it
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.mark.slow
def test_killed_at_any_moment_nothing_acknowledged_is_lost_or_doubled(
    url: str, make_log: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An oracle outside the process knows the last acknowledgement before each kill."""
    run, stream = "a" * 32, "b" * 32
    randomness = random.Random(1)
    acknowledged = 0
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, url, run, stream],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        assert starter.stdin is not None
        assert starter.stdout is not None
        for turn in range(KILLS):
            output = tmp_path / f"acks-{turn}"
            output.touch()
            starter.stdin.write(f"{output}\n")
            starter.stdin.flush()
            child = int(starter.stdout.readline())
            wanted = randomness.randrange(1, 12)
            deadline_s = time.monotonic() + DEADLINE_S
            while output.read_bytes().count(b"\n") < wanted:
                assert time.monotonic() < deadline_s, "it broke, or hangs: its words are above"
                time.sleep(0.001)
            time.sleep(randomness.random() * 0.01)  # anywhere inside the next transaction or fold
            os.kill(child, signal.SIGKILL)
            assert int(starter.stdout.readline()) == -signal.SIGKILL
            acks = [int(line) for line in output.read_bytes().split(b"\n")[:-1]]
            assert acks[0] >= acknowledged, "the store forgot what it had acknowledged"
            acknowledged = acks[-1]

    monkeypatch.setattr(tier, "SHAPE", tier.Shape(bucket=2, fan=4, row=8))
    with Store(url) as store:
        stored = store.next_seq(run, stream)
        assert stored >= acknowledged
        for _ in range(2):
            points = store.points(run, "loss")
            assert points is not None
            assert points.step.tolist() == list(range(stored))
            assert points.value.tolist() == [float(step) for step in range(stored)]
            found = store.run(run)
            assert found is not None
            assert found.summary.metrics["seq"].count == stored
            assert found.losses == []
            store.fold(run)
