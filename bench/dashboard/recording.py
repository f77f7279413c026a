"""Record the data for mltrack, into a spool, as trainers would."""

from __future__ import annotations

import os
import time
from pathlib import Path

import data

from mltrack_core import wire
from mltrack_core.records import ByExponent
from mltrack_core.records import Histograms
from mltrack_core.records import Params
from mltrack_core.records import ParamValue
from mltrack_core.records import Record
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.spool.writer import SpoolWriter

SECOND = 1_000_000_000


class Run:
    """One run that is being recorded."""

    def __init__(self, root: Path, project: str, name: str, age_s: float = 0.0) -> None:
        self.id = os.urandom(16).hex()
        self.began_ns = time.time_ns() - int(age_s * SECOND)
        self.writer = SpoolWriter(root, self.id)
        self.writer.open()
        self.write(
            RunStarted(
                self.began_ns, project, name, "trainer", 1, 0, 1, "bench", "bench", 1, 0, "", 0,
                ["train.py"], "/bench", "3.11", "0.1.0",
            )
        )  # fmt: skip

    def write(self, record: Record) -> None:
        """Append *record*."""
        self.writer.append(*wire.encode(record))

    def log(self, step: int, values: dict[str, float]) -> None:
        """Append the metrics of one step."""
        self.write(Scalars(self.began_ns + step * SECOND // 100, step, values))

    def end(self) -> None:
        """Say that it has finished."""
        self.write(RunEnded(time.time_ns(), "finished", exit_code=0))
        self.writer.close()


def record(root: Path, sizes: data.Sizes) -> dict[str, str]:
    """Record everything; return project → the id of its last run."""
    ids = {}
    names = data.names(sizes.metrics)
    for number in range(sizes.runs):
        run = Run(root, "wall", f"run-{number:02d}", 10_000.0 - number)
        run.write(Params(run.began_ns, "", {"lr": 10.0 ** -(number % 5), "seed": number}))
        for step in range(sizes.steps):
            run.log(step, {name: data.value(number, at, step) for at, name in enumerate(names)})
        run.end()
        ids["wall"] = run.id
    run = Run(root, "long", "a-million", 20_000.0)
    for step, value in enumerate(data.long_values(sizes.points)):
        run.log(step, {"train/loss": value})
    run.end()
    ids["long"] = run.id
    ids["histograms"] = _record_histograms(root, sizes.histograms)
    ids["table"] = _record_table(root, sizes)
    return ids


def _record_histograms(root: Path, count: int) -> str:
    run = Run(root, "histograms", "fifty-layers", 20_000.0)
    for step in range(max(1, count // 50)):
        counts = [1, 8, 60, 300 + step, 90, 4]
        layers = {
            f"grad/histogram/layer.{layer}": ByExponent(-8 - layer % 5, counts, -8, counts)
            for layer in range(50)
        }
        run.write(Histograms(run.began_ns + step, step, layers))
    run.end()
    return run.id


def _record_table(root: Path, sizes: data.Sizes) -> str:
    last = ""
    for number in range(sizes.table_runs):
        run = Run(root, "table", f"run-{number:05d}", 90_000.0 - number)
        params: dict[str, ParamValue] = {
            f"p{at:02d}": (number * (at + 7)) % (at + 2) for at in range(sizes.columns * 2 // 3)
        }
        run.write(Params(run.began_ns, "", params))
        run.log(1, {f"m/{at:02d}": data.value(number, at, 1) for at in range(sizes.columns // 3)})
        run.end()
        last = run.id
    return last
