"""Programs as people write them, recorded without a word of mltrack in them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.testing.spool import RecordedSpool

pytestmark = pytest.mark.slow

Launch = Callable[..., subprocess.CompletedProcess[str]]
Write = Callable[..., Path]
Needs = Callable[..., None]


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
    found = spool.series()
    assert found["train/backward_loss"] == [
        (step, float(loss)) for step, (_, loss, _) in enumerate(printed, 1)
    ]
    # Norms keep to a budget, which in updates of microseconds is not every one.
    for step, norm in found["grad/norm"]:
        assert norm == pytest.approx(float(printed[step - 1][2]))
    assert {value for _, value in found["opt/learning_rate"]} == {0.05}
    assert spool.params()["arguments"] == {"lr": 0.05, "epochs": 2}
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
    found = spool.series()
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
    assert len(spool.series()["train/backward_loss"]) == 8


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
    assert [step for step, _ in spool.series()["train/backward_loss"]] == [1, 2, 3]


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
        found = spool.series(run)
        assert [step for step, _ in found["train/backward_loss"]] == [1, 2, 3]
        assert found["grad/clip_coefficient"]
