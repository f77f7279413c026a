"""Programs as people write them, recorded without a word of mltrack in them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mltrack_core.records import Checkpoint
from mltrack_core.records import Params
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.testing.spool import RecordedSpool

pytestmark = pytest.mark.slow

Launch = Callable[..., subprocess.CompletedProcess[str]]
Write = Callable[..., Path]
Needs = Callable[..., None]


def series(spool: RecordedSpool, run: str | None = None) -> dict[str, list[tuple[int, float]]]:
    """Return step and value of every point of a run, by metric."""
    found: dict[str, list[tuple[int, float]]] = {}
    for record in spool.of(Scalars, run):
        for name, value in record.values.items():
            found.setdefault(name, []).append((record.step, value))
    return found


def namespaces(spool: RecordedSpool) -> dict[str, dict[str, Any]]:
    """Return all parameters of the only run, by namespace."""
    found: dict[str, dict[str, Any]] = {}
    for params in spool.of(Params):
        found.setdefault(params.namespace, {}).update(params.values)
    return found


LOOP = """
import argparse

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_
from torch.utils.data import DataLoader, TensorDataset


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=2)
    args = parser.parse_args()
    torch.manual_seed(0)
    data = TensorDataset(torch.randn(32, 4), torch.randint(2, (32,)))
    loader = DataLoader(data, batch_size=8, shuffle=True)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(args.epochs):
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), targets)
            loss.backward()
            norm = clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            print(f"{epoch} {loss.item()!r} {norm.item()!r}")


if __name__ == "__main__":
    main()
"""


def test_a_bare_loop(needs: Needs, launch: Launch, write: Write, spool: RecordedSpool) -> None:
    """Loss, gradient norm and rate of each update, the parsed arguments, and nothing is changed."""
    needs("torch")
    write(LOOP)

    bare = launch(sys.executable, "train.py", "--lr", "0.05")
    recorded = launch("run", "train.py", "--lr", "0.05")

    assert (recorded.stdout, recorded.returncode) == (bare.stdout, 0)
    printed = [line.split() for line in bare.stdout.splitlines()]
    found = series(spool)
    assert found["train/backward_loss"] == [
        (step, float(loss)) for step, (_, loss, _) in enumerate(printed, 1)
    ]
    # Norms keep to a budget, which in updates of microseconds is not every one.
    for step, norm in found["grad/norm"]:
        assert norm == pytest.approx(float(printed[step - 1][2]))
    assert {value for _, value in found["opt/learning_rate"]} == {0.05}
    assert namespaces(spool)["arguments"] == {"lr": 0.05, "epochs": 2}
    (ended,) = spool.of(RunEnded)
    assert ended.state == "finished"


def test_two_optimizers(needs: Needs, launch: Launch, write: Write, spool: RecordedSpool) -> None:
    """As of a GAN: each has series of its own, and updates are counted together."""
    needs("torch")
    write("""
        import torch
        from torch import nn
        torch.manual_seed(0)
        generator, critic = nn.Linear(2, 4), nn.Linear(4, 1)
        of_generator = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
        of_critic = torch.optim.Adam(critic.parameters(), lr=1e-4)
        criterion = nn.BCEWithLogitsLoss()
        for _ in range(4):
            critic.zero_grad()
            fake = generator(torch.randn(8, 2))
            criterion(critic(torch.randn(8, 4)), torch.ones(8, 1)).backward()
            criterion(critic(fake.detach()), torch.zeros(8, 1)).backward()
            of_critic.step()
            generator.zero_grad()
            criterion(critic(fake), torch.ones(8, 1)).backward()
            of_generator.step()
    """)

    ended = launch("run", "train.py")

    assert ended.returncode == 0, ended.stderr
    found = series(spool)
    assert {value for _, value in found["opt/0/learning_rate"]} == {1e-4}
    assert {value for _, value in found["opt/1/learning_rate"]} == {2e-4}
    losses = [points for name, points in found.items() if name.endswith("backward_loss")]
    assert sorted(step for points in losses for step, _ in points) == list(range(1, 9))


def test_a_run_of_the_users_own_wins(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool
) -> None:
    """What the program begins itself has everything, and its name."""
    needs("torch")
    begin = "import mltrack\n    mltrack.init(name='mine')\n    "
    write(LOOP.replace("torch.manual_seed", f"{begin}torch.manual_seed"))

    launch("run", "--name", "other", "train.py")

    (started,) = spool.of(RunStarted)
    assert started.name == "mine"
    assert len(series(spool)["train/backward_loss"]) == 8


def test_a_program_that_fails_says_why(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool
) -> None:
    """In its traceback, which has nothing of ours, and in the run."""
    needs("torch")
    write(LOOP.replace("            print", "            1 / 0\n            print"))

    program = launch("run", "train.py")

    announced, _, rest = program.stderr.partition("\n")
    assert announced.startswith("mltrack: recording")
    assert rest.startswith("Traceback")
    assert rest.count("File ") == 2
    assert (program.stdout, program.returncode) == ("", 1)
    (ended,) = spool.of(RunEnded)
    assert (ended.state, ended.reason) == ("failed", "ZeroDivisionError: division by zero")


def test_a_disk_that_is_none_costs_no_training(
    needs: Needs, launch: Launch, write: Write, tmp_path: Path
) -> None:
    """The program prints what it would print, and ends as it would; it is said what is wrong."""
    needs("torch")
    write(LOOP)
    (tmp_path / "file").touch()

    bare = launch(sys.executable, "train.py")
    nowhere = {"MLTRACK_DIR": str(tmp_path / "file" / "mltrack"), "MLTRACK_STRICT": "0"}
    recorded = launch("run", "train.py", **nowhere)

    assert (recorded.stdout, recorded.returncode) == (bare.stdout, 0)
    assert "Not a directory" in recorded.stderr
    assert "Traceback" not in recorded.stderr


def test_a_program_that_does_not_train_has_no_run(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool
) -> None:
    """An evaluation, an export: importing PyTorch is no training."""
    needs("torch")
    write(LOOP.replace("optimizer.step()", "pass"))

    ended = launch("run", "train.py")

    assert ended.returncode == 0
    assert ended.stderr == ""
    assert spool.runs() == []


def test_workers_of_a_data_loader_have_no_run(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool
) -> None:
    """By all three ways to start them: one run, and one stream of it.

    Eighty are forked, each while the run is being written: a lock that one inherited held
    would hang it.
    """
    needs("torch")
    write(
        LOOP.replace("def main():\n", "def main(way, epochs):\n")
        .replace("shuffle=True", "num_workers=2, multiprocessing_context=way")
        .replace("range(args.epochs)", "range(epochs)")
        .replace("    main()", "    for way in WAYS:\n        main(*way)")
        .replace("\n\ndef", "\nWAYS = ('fork', 40), ('spawn', 1), ('forkserver', 1)\n\ndef")
    )

    ended = launch("run", "train.py")

    assert ended.returncode == 0, ended.stderr
    assert sum(len(spool.streams(run)) for run in spool.runs()) == len(spool.runs())
    assert {stream[0].role for run in spool.runs() for stream in spool.streams(run)} == {"trainer"}  # type: ignore[union-attr]


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
    assert [step for step, _ in series(spool)["train/backward_loss"]] == [1, 2, 3, 4]


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
    assert [step for step, _ in series(spool)["train/backward_loss"]] == [1, 2, 3, 4]


def test_a_compiled_model(needs: Needs, launch: Launch, write: Write, spool: RecordedSpool) -> None:
    """The compiler's own processes begin no run."""
    needs("torch")
    write("""
        import torch
        model = torch.compile(torch.nn.Linear(4, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            model(torch.ones(8, 4)).mean().backward()
            optimizer.step()
    """)

    ended = launch("run", "train.py")

    assert ended.returncode == 0, ended.stderr
    assert [step for step, _ in series(spool)["train/backward_loss"]] == [1, 2, 3]


def test_autolog_late_in_a_program_that_trains_twice(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool
) -> None:
    """As in a notebook: what was imported before is tapped too, and each training is a run."""
    needs("torch")
    write("""
        import torch
        from torch.nn.utils import clip_grad_norm_
        from torch.optim import SGD
        import mltrack
        def train(width):
            model = torch.nn.Linear(width, 1)
            optimizer = SGD(model.parameters(), lr=0.1)
            for _ in range(3):
                optimizer.zero_grad()
                model(torch.ones(8, width)).mean().backward()
                clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
        mltrack.autolog()
        train(4)
        train(8)
        mltrack.autolog(disable=True)
        train(16)
    """)

    ended = launch(sys.executable, "train.py")

    assert ended.returncode == 0, ended.stderr
    first, second = spool.runs()
    for run in (first, second):
        found = series(spool, run)
        assert [step for step, _ in found["train/backward_loss"]] == [1, 2, 3]
        assert found["grad/clip_coefficient"]


def test_updates_that_are_made_by_hand(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool
) -> None:
    """Without an optimizer, as PyTorch's word-level language model: clipping tells of them."""
    needs("torch")
    write("""
        import torch
        from torch import nn
        torch.manual_seed(0)
        model = nn.Linear(4, 1)
        for _ in range(3):
            model.zero_grad()
            for part in range(2):
                loss = model(torch.randn(8, 4)).square().mean()
                loss.backward()
                print(repr(loss.item()))
            print(repr(nn.utils.clip_grad_norm_(model.parameters(), 0.25).item()))
            for parameter in model.parameters():
                parameter.data.add_(parameter.grad, alpha=-0.1)
        with open("model.pt", "wb") as file:
            torch.save(model, file)
    """)

    bare = launch(sys.executable, "train.py")
    recorded = launch("run", "train.py")

    assert (recorded.stdout, recorded.returncode) == (bare.stdout, 0), recorded.stderr
    printed = [float(line) for line in bare.stdout.splitlines()]
    losses = [sum(printed[at : at + 2]) / 2 for at in (0, 3, 6)]
    found = series(spool)
    assert dict(found["train/backward_loss"]) == pytest.approx(dict(enumerate(losses, 1)))
    for step, norm in found["grad/norm"]:
        assert norm == pytest.approx(printed[3 * step - 1])
    assert found["grad/clip_coefficient"]
    assert found["param/update_ratio"]
    (saved,) = spool.of(Checkpoint)
    assert (saved.step, Path(saved.path).name) == (3, "model.pt")
    assert [entry.bytes for entry in saved.files] == [Path(saved.path).stat().st_size]
    assert namespaces(spool)["model"]["parameters"] == 5


BY_HAND = """
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
for step in range(6):
    {zero}
    for part in range({parts}):
        loss = model(torch.randn(8, 4)).square().mean() / {parts}
        loss.backward()
        print(repr(loss.item()))
    squares = [p.grad.double().square().sum() for p in model.parameters()]
    print(repr(torch.stack(squares).sum().sqrt().item()))
    {update}
"""
NO_GRAD = """with torch.no_grad():
        for p in model.parameters():
            p -= 0.1 * p.grad"""
DATA = """for p in model.parameters():
        p.data -= 0.1 * p.grad.data"""
REPLACED = """for p in model.parameters():
        p.data = p.data - 0.1 * p.grad"""


@pytest.mark.parametrize("update", [NO_GRAD, DATA, REPLACED], ids=["no_grad", "data", "replaced"])
@pytest.mark.parametrize("parts", [1, 3])
def test_updates_by_hand_that_clip_nothing(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool, update: str, parts: int
) -> None:
    """As in PyTorch's own tutorials: that weights go down their gradients tells of them.

    The first is recognized when it is over, so its gradients are not known.
    """
    needs("torch")
    zero = (
        "model.zero_grad()"
        if parts == 1
        else "[p.grad.data.zero_() for p in model.parameters() if step]"
    )
    write(BY_HAND.format(zero=zero, parts=parts, update=update))

    bare = launch(sys.executable, "train.py")
    recorded = launch("run", "train.py")

    assert (recorded.stdout, recorded.returncode) == (bare.stdout, 0), recorded.stderr
    printed = [float(line) for line in bare.stdout.splitlines()]
    size = parts + 1
    losses = [sum(printed[at : at + parts]) / parts for at in range(0, 6 * size, size)]
    found = series(spool)
    assert dict(found["train/backward_loss"]) == pytest.approx(dict(enumerate(losses, 1)))
    norms = dict(found["grad/norm"])
    assert 2 in norms
    assert norms == pytest.approx({step: printed[step * size - 1] for step in norms})
    assert found["param/update_ratio"]
    assert "grad/norm/0.weight" in found
    assert namespaces(spool)["model"]["parameters"] == 49


def test_tensors_that_a_program_trains_without_a_model(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool
) -> None:
    """As the polynomial in the first of PyTorch's examples."""
    needs("torch")
    write("""
        import torch
        torch.manual_seed(0)
        x = torch.linspace(-3, 3, 200)
        a, b = (torch.randn((), requires_grad=True) for _ in range(2))
        for _ in range(5):
            loss = (a + b * x - x.sin()).square().sum()
            loss.backward()
            print(repr(loss.item()))
            with torch.no_grad():
                a -= 1e-3 * a.grad
                b -= 1e-3 * b.grad
                a.grad = None
                b.grad = None
    """)

    recorded = launch("run", "train.py")

    printed = [float(line) for line in recorded.stdout.splitlines()]
    found = series(spool)
    assert found["train/backward_loss"] == list(enumerate(printed, 1))
    assert len(found["grad/norm"]) > 1


def test_gradients_that_nobody_goes_down_are_no_training(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool
) -> None:
    """Maps of saliency, gradients at many checkpoints, and an attack that climbs the loss."""
    needs("torch")
    write("""
        import torch
        from torch import nn
        torch.manual_seed(0)
        model = nn.Linear(64, 8)
        for _ in range(20):
            image = torch.randn(2, 64, requires_grad=True)
            model(image).square().mean().backward()
        for _ in range(20):
            model.zero_grad()
            nn.init.normal_(model.weight)
            model(torch.randn(2, 64)).square().mean().backward()
        model.requires_grad_(False)
        change = torch.zeros(2, 64, requires_grad=True)
        for _ in range(20):
            model(torch.ones(2, 64) + change).square().mean().backward()
            change.data += 0.1 * change.grad.sign()
            change.grad.zero_()
    """)

    ended = launch("run", "train.py")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert spool.runs() == []
