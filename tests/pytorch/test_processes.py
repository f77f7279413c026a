"""Trainings of several processes, and the processes that a training starts."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from mltrack_core.records import Histograms
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.testing.spool import RecordedSpool

Launch = Callable[..., RecordedSpool]

PREAMBLE = """
import gc, os, sys, torch
import torch.distributed as dist
import mltrack_core._launch
mltrack_core._launch.ensure_agent = lambda settings: False
import mltrack

rank = int(os.environ["RANK"])
dist.init_process_group("gloo", init_method="file://" + os.environ["MEET"], rank=rank, world_size=2)
torch.manual_seed(3)
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))
generator = torch.Generator().manual_seed(4)
data = torch.randn(2, 16, 4, generator=generator)


def loss_of(model, x):
    return (model(x) - x[:, :2]).square().mean()


def reference(model):
    copied = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))
    copied.load_state_dict(model.state_dict())
    loss_of(copied, data.reshape(32, 4)).backward()
    return [p.grad for p in copied.parameters()]
"""
# What refers to a group keeps its threads; one that is at work when Python ends aborts the process.
ENDING = """
del model
gc.collect()
dist.destroy_process_group()
"""


@pytest.fixture
def launch(tmp_path: Path) -> Launch:
    """Runs a script as two ranks; returns what they recorded."""

    def run(source: str) -> RecordedSpool:
        script = tmp_path / "train.py"
        script.write_text(PREAMBLE + textwrap.dedent(source) + ENDING)
        ranks = [
            subprocess.Popen(
                [sys.executable, "-P", str(script)],
                env={
                    **os.environ,
                    "RANK": str(rank),
                    "WORLD_SIZE": "2",
                    "MEET": str(tmp_path / "meet"),
                },
                stderr=subprocess.PIPE,
                text=True,
            )
            for rank in range(2)
        ]
        for process in ranks:
            _, errors = process.communicate()
            assert process.returncode == 0, errors
        return RecordedSpool(tmp_path / "mltrack")

    return run


def norms(spool: RecordedSpool) -> list[object]:
    """Return the gradient norms of the only stream."""
    return [r.values["grad/norm"] for r in spool.of(Scalars) if "grad/norm" in r.values]


@pytest.mark.slow
def test_data_parallel_ranks_are_one_series_of_the_reduced_gradient(launch: Launch) -> None:
    """Rank 1 writes nothing, and the norm is that of a single process with all the data."""
    spool = launch("""
        whole = torch.cat([grad.flatten() for grad in reference(model)]).norm()
        parallel = torch.nn.parallel.DistributedDataParallel(model)
        optimizer = torch.optim.SGD(parallel.parameters(), lr=0.1)
        with mltrack.watch(parallel, optimizer, share=0):
            loss_of(parallel, data[rank]).backward()
            torch.nn.utils.clip_grad_norm_(parallel.parameters(), 0.001)
            optimizer.step()
        if rank == 0:
            mltrack.active_run().log({"expected": float(whole)}, step=1)
        del parallel, optimizer
    """)

    (expected,) = [r.values["expected"] for r in spool.of(Scalars) if "expected" in r.values]
    assert norms(spool) == [pytest.approx(expected, rel=1e-5)]
    names = {name for record in spool.of(Scalars) for name in record.values}
    assert "grad/norm/0.weight" in names


@pytest.mark.slow
def test_sharded_parameters_are_measured_whole(launch: Launch) -> None:
    """By a collective of all ranks, although only rank 0 records anything."""
    spool = launch("""
        if rank == 1:
            os.environ["MLTRACK_MODE"] = "disabled"
        from torch.distributed.fsdp import fully_shard

        grads = reference(model)
        sharded = fully_shard(model)
        optimizer = torch.optim.Adam(sharded.parameters(), lr=0.1)
        with mltrack.watch(sharded, optimizer, share=0) as watch:
            loss_of(sharded, data[rank]).backward()
            torch.nn.utils.clip_grad_norm_(sharded.parameters(), 0.001)
            optimizer.step()
        if rank == 0:
            run = mltrack.active_run()
            values = torch.cat([grad.flatten() for grad in grads])
            run.log({"expected": float(values.norm())}, step=1)
            run.log({"layer": float(grads[0].norm())}, step=1)
            run.log({"whole": mltrack.Histogram(grads[0].numpy())}, step=1)
        del sharded, optimizer, watch
    """)

    values = {name: v for r in spool.of(Scalars) for name, v in r.values.items()}
    assert values["grad/norm"] == pytest.approx(values["expected"], rel=1e-5)
    assert values["grad/norm/0.weight"] == pytest.approx(values["layer"], rel=1e-5)
    assert values["grad/clip_coefficient"] == pytest.approx(0.001 / values["expected"], rel=1e-3)
    counted = {name: h for r in spool.of(Histograms) for name, h in r.values.items()}
    assert counted["grad/histogram/0.weight"] == counted["whole"]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_a_data_loader_record_nothing(tmp_path: Path, method: str) -> None:
    """They begin no run and no stream, start no thread of ours, and end."""
    script = tmp_path / "train.py"
    script.write_text(
        textwrap.dedent("""
        import sys, threading, torch
        import mltrack_core._launch
        mltrack_core._launch.ensure_agent = lambda settings: False
        import mltrack

        class Threads(torch.utils.data.Dataset):
            def __len__(self):
                return 32

            def __getitem__(self, index):
                for thread in threading.enumerate():  # those of multiprocessing itself
                    assert thread.name.endswith(("MainThread", "FeederThread", "(_serve)"))
                return torch.full((4,), float(index))

        if __name__ == "__main__":
            mltrack.autolog()
            model = torch.nn.Linear(4, 1)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
            loader = torch.utils.data.DataLoader(
                Threads(), batch_size=4, num_workers=4, multiprocessing_context=sys.argv[1]
            )
            for x in loader:
                optimizer.zero_grad()
                model(x).square().mean().backward()
                optimizer.step()
        """)
    )

    done = subprocess.run(
        [sys.executable, "-P", str(script), method], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    spool = RecordedSpool(tmp_path / "mltrack")
    assert len(spool.of(RunStarted)) == 1
    assert max(record.step for record in spool.of(Scalars)) == 8
