"""Folders of torch.distributed.checkpoint, and trainings that go on from them."""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint import state_dict as states

import mltrack
import mltrack_core
from mltrack_core import Guard
from mltrack_core.records import Checkpoint
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.testing.spool import RecordedSpool
from mltrack_pytorch.zero_code import distributed

Make = Callable[[], Any]
Batches = list[tuple[Any, Any]]
Way = Callable[[Any, Any, Path, bool], None]

pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch says that there are no other ranks


@pytest.fixture
def spool() -> RecordedSpool:
    """What has been recorded."""
    return RecordedSpool(Path(os.environ["MLTRACK_DIR"]))


@pytest.fixture
def _autolog() -> Iterator[None]:
    """As under `mltrack run`."""
    mltrack.autolog()
    yield
    mltrack.autolog(disable=True)


def train(model: Any, optimizer: Any, batches: Batches) -> None:
    """Make an update with each batch."""
    for x, y in batches:
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()


def by_their_own_states(model: Any, optimizer: Any, folder: Path, is_saved: bool) -> None:
    """Mappings that are filled in place, and then handed over one by one."""
    held = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
    if is_saved:
        dcp.save(held, checkpoint_id=folder)
        return
    dcp.load(held, checkpoint_id=folder)
    model.load_state_dict(held["model"])
    optimizer.load_state_dict(held["optimizer"])


def by_state_dict(model: Any, optimizer: Any, folder: Path, is_saved: bool) -> None:
    """As PyTorch's tutorials for sharded parameters do it."""
    of_model, of_optimizer = states.get_state_dict(model, optimizer)
    held = {"model": of_model, "optimizer": of_optimizer}
    if is_saved:
        dcp.save(held, storage_writer=dcp.FileSystemWriter(folder))
        return
    dcp.load(held, storage_reader=dcp.FileSystemReader(folder))
    states.set_state_dict(
        model, optimizer, model_state_dict=held["model"], optim_state_dict=held["optimizer"]
    )


class Application:
    """What PyTorch calls stateful: it takes its states while they are being loaded."""

    def __init__(self, model: Any, optimizer: Any) -> None:
        self._model, self._optimizer = model, optimizer

    def state_dict(self) -> dict[str, Any]:
        of_model, of_optimizer = states.get_state_dict(self._model, self._optimizer)
        return {"model": of_model, "optimizer": of_optimizer}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        states.set_state_dict(
            self._model,
            self._optimizer,
            model_state_dict=state_dict["model"],
            optim_state_dict=state_dict["optimizer"],
        )


def by_an_application(model: Any, optimizer: Any, folder: Path, is_saved: bool) -> None:
    """As its recipe does it."""
    move = dcp.save if is_saved else dcp.load
    move({"app": Application(model, optimizer)}, checkpoint_id=str(folder))


@pytest.mark.usefixtures("_autolog")
@pytest.mark.parametrize("way", [by_their_own_states, by_state_dict, by_an_application])
@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.AdamW])
def test_a_training_that_is_resumed_from_a_folder_goes_on_in_its_run(
    spool: RecordedSpool, make_model: Make, batches: Batches, tmp_path: Path, way: Way, kind: Any
) -> None:
    """As the next attempt, from the checkpoint's step, also of an optimizer that keeps none."""
    folder, count = tmp_path / "step-8", len(batches)

    def begin() -> tuple[Any, Any]:
        model = make_model()
        return model, kind(model.parameters(), lr=0.1)

    model, optimizer = begin()
    train(model, optimizer, batches)
    way(model, optimizer, folder, True)
    train(model, optimizer, batches)
    mltrack_core.finish()
    del model, optimizer

    model, optimizer = begin()
    if way is by_their_own_states:
        states._init_optim_state(optimizer)  # such scripts need a state to be filled
    way(model, optimizer, folder, False)
    train(model, optimizer, batches)
    mltrack_core.finish()

    (run,) = spool.runs()
    attempts = spool.streams(run)
    steps = [
        [r.step for r in records if isinstance(r, Scalars) and "train/backward_loss" in r.values]
        for records in attempts
    ]
    assert steps == [list(range(1, 2 * count + 1)), list(range(count + 1, 2 * count + 1))]
    begun = [records[0] for records in attempts]
    assert [each.attempt for each in begun if isinstance(each, RunStarted)] == [1, 2]
    saved = [r for records in attempts for r in records if isinstance(r, Checkpoint)]
    assert [(Path(each.path), each.step) for each in saved] == [(folder, count)]


@pytest.mark.usefixtures("_autolog")
def test_a_folder_that_was_written_again_is_another_checkpoint(
    spool: RecordedSpool, make_model: Make, batches: Batches, tmp_path: Path
) -> None:
    """By somebody whom nobody has watched: what goes on from it is a run of its own."""
    folder = tmp_path / "last"
    model = make_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    train(model, optimizer, batches)
    by_state_dict(model, optimizer, folder, True)
    mltrack_core.finish()
    with mltrack.paused():
        by_state_dict(model, optimizer, folder, True)
    del model, optimizer

    model = make_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    by_state_dict(model, optimizer, folder, False)
    train(model, optimizer, batches)
    mltrack_core.finish()

    assert len(spool.runs()) == 2


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.AdamW])
def test_a_step_that_only_prepares_a_state_is_no_update(
    make_model: Make, batches: Batches, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyTorch makes one, with rates of 0, to find out what an optimizer keeps. Adam counts it."""
    monkeypatch.setenv("MLTRACK_STRICT", "1")
    run, model = RecordingTracker(), make_model()
    optimizer = kind(model.parameters(), lr=0.1)

    with mltrack.watch(model, optimizer, run=run, share=0) as watched:
        states.get_optimizer_state_dict(model, optimizer)
        before = watched.updates, list(run.logged)
        train(model, optimizer, batches)

    assert before == (0, [])
    assert [step for step, _ in run.points("grad/norm")] == list(range(1, len(batches) + 1))
    assert watched.updates == len(batches)


@pytest.mark.usefixtures("_autolog")
def test_a_step_that_only_prepares_a_state_begins_no_run(
    spool: RecordedSpool, make_model: Make
) -> None:
    """As in a script that evaluates what it loads."""
    model = make_model()
    optimizer = torch.optim.AdamW(model.parameters())

    states.get_optimizer_state_dict(model, optimizer)

    assert spool.runs() == []


def test_a_storage_that_cannot_say_where_it_is_is_the_programs_own() -> None:
    """What its `path` raises does not reach the program, which gets what PyTorch returns."""

    class Storage:
        @property
        def path(self) -> Path:
            raise ConnectionError("no such bucket")

    saves = distributed.Saves(Guard(strict=False))
    loads = distributed.Loads(Guard(strict=False))
    future: Future[str] = Future()

    assert saves.around_save(lambda *args, **kwargs: 1)({}, storage_writer=Storage()) == 1
    assert saves.around_async_save(lambda *args, **kwargs: future)(
        {}, storage_writer=Storage()
    ) is (future)
    assert loads.around_load(lambda *args, **kwargs: 2)({}, storage_reader=Storage()) == 2
