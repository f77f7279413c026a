"""Trainings in several processes, which know nothing of mltrack: each is one run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.testing.spool import RecordedSpool

pytestmark = pytest.mark.slow

Launch = Callable[..., subprocess.CompletedProcess[str]]
Write = Callable[..., Path]
Needs = Callable[..., None]


DISTRIBUTED = """
import gc, os, sys
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

def train(rank, size):
    dist.init_process_group("gloo", rank=rank, world_size=size)
    torch.manual_seed(rank)
    model = DistributedDataParallel(nn.Linear(4, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(4):
        optimizer.zero_grad()
        model(torch.randn(8, 4)).mean().backward()
        optimizer.step()
    # What refers to the group keeps its threads; one at work when Python ends aborts the process.
    del model, optimizer
    gc.collect()
    dist.destroy_process_group()
"""


@pytest.mark.parametrize("way", ["torchrun", "spawn", "fork"])
def test_ranks_are_one_run(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool, way: str
) -> None:
    """Rank 0 writes it, however the ranks were started; the others write nothing."""
    needs("torch")
    begin = (
        "train(int(os.environ['RANK']), 2)"
        if way == "torchrun"
        else f"""
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="0", USE_LIBUV="1")
    import socket
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        os.environ["MASTER_PORT"] = str(free.getsockname()[1])
    torch.multiprocessing.start_processes(train, (2,), nprocs=2, start_method="{way}")
"""
    )
    write(f"{DISTRIBUTED}\nif __name__ == '__main__':\n    {begin}\n")

    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    ended = launch("run", *(torchrun if way == "torchrun" else ()), "train.py")

    assert ended.returncode == 0, ended.stderr
    (run,) = spool.runs()
    (stream,) = spool.streams(run)
    assert isinstance(stream[0], RunStarted)
    assert stream[0].rank == 0
    assert [step for step, _ in spool.series()["train/backward_loss"]] == [1, 2, 3, 4]


def test_sharded_ranks_go_on_from_a_folder(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool
) -> None:
    """FSDP2 and torch.distributed.checkpoint: started again, the program is the next attempt."""
    needs("torch")
    write("""
        import gc, os, sys
        import torch
        import torch.distributed as dist
        import torch.distributed.checkpoint as dcp
        from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
        from torch.distributed.fsdp import fully_shard
        dist.init_process_group("gloo")
        torch.manual_seed(0)
        model = torch.nn.Linear(4, 2)
        fully_shard(model, mesh=dist.init_device_mesh("cpu", (2,)))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        if os.path.exists("saved"):
            of_model, of_optimizer = get_state_dict(model, optimizer)
            dcp.load({"model": of_model, "optimizer": of_optimizer}, checkpoint_id="saved")
            set_state_dict(
                model, optimizer, model_state_dict=of_model, optim_state_dict=of_optimizer
            )
        for _ in range(3):
            optimizer.zero_grad()
            model(torch.randn(8, 4)).square().mean().backward()
            optimizer.step()
        of_model, of_optimizer = get_state_dict(model, optimizer)
        dcp.save({"model": of_model, "optimizer": of_optimizer}, checkpoint_id="saved")
        # What refers to the group keeps its threads, as above.
        del model, optimizer, of_model, of_optimizer
        gc.collect()
        dist.destroy_process_group()
    """)
    command = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "train.py")

    for _ in range(2):
        ended = launch("run", *command)
        assert ended.returncode == 0, ended.stderr

    (run,) = spool.runs()
    attempts = spool.streams(run)
    steps = [
        [r.step for r in records if isinstance(r, Scalars) and "train/backward_loss" in r.values]
        for records in attempts
    ]
    assert steps == [[1, 2, 3], [4, 5, 6]]
    begun = [records[0] for records in attempts]
    assert [each.attempt for each in begun if isinstance(each, RunStarted)] == [1, 2]


def test_accelerate_launch(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool
) -> None:
    """A loop over Accelerate, started by its own launcher."""
    needs("torch", "accelerate")
    write("""
        import torch
        from accelerate import Accelerator
        accelerator = Accelerator(cpu=True)
        model = torch.nn.Linear(4, 1)
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
        model, optimizer = accelerator.prepare(model, optimizer)
        for _ in range(4):
            optimizer.zero_grad()
            accelerator.backward(model(torch.randn(8, 4)).mean())
            optimizer.step()
    """)

    ended = launch(
        "run", sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "1",
        "train.py",
    )  # fmt: skip

    assert ended.returncode == 0, ended.stderr
    assert [step for step, _ in spool.series()["train/backward_loss"]] == [1, 2, 3, 4]
