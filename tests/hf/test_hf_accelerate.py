"""A loop of the user's own over Accelerate."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import accelerate
import pytest
import torch

import mltrack_core
from mltrack.hf import MLTrackTracker
from mltrack_core.media.image import Image
from mltrack_core.media.table import Table
from mltrack_core.records import Note
from mltrack_core.records import Params
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.testing.recording import FailingTracker
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.testing.spool import RecordedSpool

LOOP = """
import mltrack_core._launch
mltrack_core._launch.ensure_agent = lambda settings: False
import sys, accelerate, torch, mltrack.hf

accelerator = accelerate.Accelerator(cpu=True, log_with="mltrack")
assert accelerator.num_processes == 2
accelerator.init_trackers("two", config={"lr": 0.1})
torch.manual_seed(0)
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
model, optimizer = accelerator.prepare(model, optimizer)
for step in range(1, 4):
    loss = model(torch.ones(2, 4)).square().mean()
    accelerator.backward(loss)
    optimizer.step()
    optimizer.zero_grad()
    accelerator.log({"train/loss": loss.item()}, step=step)
accelerator.end_training()
print("trained")
"""


@pytest.fixture
def make_accelerator() -> Iterator[Callable[..., Any]]:
    """Returns a new Accelerator on the CPU; forgets what Accelerate shares afterwards."""

    def make(log_with: object) -> Any:
        return accelerate.Accelerator(cpu=True, log_with=log_with)

    yield make
    accelerate.state.AcceleratorState._reset_state(reset_partial_state=True)


def train(accelerator: Any) -> bytes:
    """Train two models with an optimizer each, as a GAN would; return their weights."""
    torch.manual_seed(0)
    models = [torch.nn.Linear(4, 4), torch.nn.Linear(4, 1)]
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.1) for model in models]
    first, second, *optimizers = accelerator.prepare(*models, *optimizers)
    accelerator.init_trackers("gan", config={"lr": 0.1, "net": {"width": 4}})
    for step in range(1, 4):
        for optimizer in optimizers:
            loss = second(first(torch.ones(2, 4))).square().mean()
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
        accelerator.log({"loss": loss.item(), "phase": "warm"}, step=step)
    accelerator.end_training()
    return b"".join(p.detach().numpy().tobytes() for m in models for p in m.parameters())


def test_a_tracker_by_name_records_the_loop(
    make_accelerator: Callable[..., Any], tmp_path: Path
) -> None:
    """Project, configuration, metrics under the names that the loop gave them; and the end."""
    train(make_accelerator("mltrack"))

    spool = RecordedSpool(tmp_path / "mltrack")
    assert [started.project for started in spool.of(RunStarted)] == ["gan"]
    assert {"lr": 0.1, "net.width": 4} in [p.values for p in spool.of(Params) if not p.namespace]
    assert [scalars.step for scalars in spool.of(Scalars)] == [1, 2, 3]
    assert {name for scalars in spool.of(Scalars) for name in scalars.values} == {"loss"}
    assert [note.text for note in spool.of(Note)] == ["phase: warm"] * 3
    assert [ended.state for ended in spool.of(RunEnded)] == ["finished"]


def test_a_run_of_the_users_is_joined_and_left_open(make_accelerator: Callable[..., Any]) -> None:
    """What the user began, the user ends."""
    run = mltrack_core.init(project="mine")

    train(make_accelerator("mltrack"))

    assert mltrack_core.active_run() is run


def test_a_tracker_that_was_made_is_used(
    make_accelerator: Callable[..., Any], run: RecordingTracker
) -> None:
    """With the run it was given; `get_tracker` gives both."""
    accelerator = make_accelerator(MLTrackTracker(run=run))

    train(accelerator)

    assert [step for step, _ in run.points("loss")] == [1, 2, 3]
    assert accelerator.get_tracker("mltrack", unwrap=True) is run
    assert run.ended is None


def test_a_failing_tracker_never_ends_the_loop(
    make_accelerator: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it change what is trained."""
    monkeypatch.setenv("MLTRACK_STRICT", "0")
    run = FailingTracker()

    plain = train(make_accelerator(None))
    tracked = train(make_accelerator(MLTrackTracker(run=run)))

    assert run.calls > 0
    assert tracked == plain


@pytest.mark.slow
def test_of_two_processes_the_main_one_records(tmp_path: Path) -> None:
    """Launched by torchrun, talking over gloo."""
    script = tmp_path / "loop.py"
    script.write_text(LOOP)
    launch = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"]

    done = subprocess.run(
        [sys.executable, "-m", *launch, str(script)], capture_output=True, text=True, check=False
    )

    assert done.stdout.count("trained") == 2, done.stderr  # their lines may mingle
    spool = RecordedSpool(tmp_path / "mltrack")
    assert [scalars.step for scalars in spool.of(Scalars)] == [1, 2, 3]
    assert [ended.state for ended in spool.of(RunEnded)] == ["finished"]


def test_images_and_tables_are_logged_as_to_other_trackers(
    make_accelerator: Callable[..., Any],
) -> None:
    """By the names that Accelerate's own trackers have for it."""
    run = RecordingTracker()
    accelerator = make_accelerator(MLTrackTracker(run=run))
    accelerator.init_trackers("two")
    tracker = accelerator.get_tracker("mltrack")

    tracker.log_images({"samples": [torch.zeros(3, 4, 4), torch.ones(4, 4)]}, step=3)
    tracker.log_table("errors", columns=["n"], data=[[1]], step=3)

    images, table = run.logged
    samples: Any = images.values["samples"]
    assert [type(each) for each in samples] == [Image, Image]
    assert (type(table.values["errors"]), table.step) == (Table, 3)
