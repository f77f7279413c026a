"""Loops without a line of mltrack in them."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader
from torch.utils.data import TensorDataset

import mltrack
import mltrack_core
from mltrack_core.records import Box
from mltrack_core.records import Checkpoint
from mltrack_core.records import Histograms
from mltrack_core.records import Media
from mltrack_core.records import Params
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.testing.spool import RecordedSpool

Make = Callable[[], Any]
Batches = list[tuple[Any, Any]]


@pytest.fixture(autouse=True)
def _autolog() -> Iterator[None]:
    """As under `mltrack run`."""
    mltrack.autolog()
    yield
    mltrack.autolog(disable=True)


@pytest.fixture
def spool() -> RecordedSpool:
    """What has been recorded."""
    return RecordedSpool(Path(os.environ["MLTRACK_DIR"]))


@pytest.fixture
def loader(batches: Batches) -> Any:
    """The batches as a data set of 128 points, 16 at a time."""
    xs, ys = (torch.cat(parts) for parts in zip(*batches, strict=True))
    return DataLoader(TensorDataset(xs, ys), batch_size=16)


def loss_of(model: Any, x: Any, y: Any) -> Any:
    """Return the loss of one batch."""
    return torch.nn.functional.mse_loss(model(x), y)


def train(model: Any, loader: Any, optimizer: Any, epochs: int = 1) -> list[float]:
    """Train as people do; return the losses."""
    losses = []
    for _ in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            loss = loss_of(model, x, y)
            loss.backward()
            optimizer.step()
            losses.append(float(loss))
        with torch.no_grad():
            for x, y in loader:
                loss_of(model, x, y)
    return losses


def test_a_loop_is_recorded_as_it_is(spool: RecordedSpool, make_model: Make, loader: Any) -> None:
    """Its loss, learning rate, gradients, data and settings; the validation is not counted."""
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=30)

    losses = train(model, loader, optimizer, epochs=2)
    mltrack_core.finish()

    assert spool.series()["train/backward_loss"] == [
        (step, pytest.approx(loss)) for step, loss in enumerate(losses, 1)
    ]
    assert spool.series()["opt/learning_rate"][0] == (1, 0.01)
    assert spool.series()["grad/norm/0.weight"]
    assert spool.series()["perf/wait_s"]
    assert spool.series()["perf/samples_per_s"]
    last = [record for record in spool.of(Scalars) if "train/backward_loss" in record.values][-1]
    assert last.axes == {"epoch": 2.0, "samples": 256.0}
    assert spool.params()["torch.optimizer"]["class"] == "Adam"
    assert spool.params()["torch.scheduler"] == {
        "class": "StepLR",
        "step_size": 30,
        "gamma": 0.1,
        "base_lrs": [0.01],
        "last_epoch": 0,
    }
    assert spool.params()["torch.data"]["batch_size"] == 16
    assert spool.params()["model"]["parameters"] == 58
    assert spool.params()["framework"]["version"] == str(torch.__version__)
    del scheduler


def test_losses_of_accumulated_batches_are_averaged(
    spool: RecordedSpool, make_model: Make, batches: Batches
) -> None:
    """Four calls of `backward`, one of `step`: one point, by whichever function they were made."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    losses = [loss_of(model, *batch) for batch in batches[:4]]
    for index, loss in enumerate(losses):
        torch.autograd.backward(loss) if index % 2 else loss.backward()
    optimizer.step()
    mltrack_core.finish()

    mean = sum(map(float, losses)) / 4
    assert spool.series()["train/backward_loss"] == [(1, pytest.approx(mean))]


def test_no_norm_is_that_of_clipped_gradients(
    spool: RecordedSpool, make_model: Make, loader: Any
) -> None:
    """Nobody knows the optimizer when its gradients are clipped first: that norm is left out."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    norms = {}
    for step, (x, y) in enumerate(loader, 1):
        optimizer.zero_grad()
        loss_of(model, x, y).backward()
        norms[step] = float(torch.nn.utils.clip_grad_norm_(model.parameters(), 1e-3))
        optimizer.step()
    mltrack_core.finish()

    measured = spool.series()["grad/norm"]
    assert measured
    for step, norm in measured:
        assert norm == pytest.approx(norms[step], rel=1e-5)


def test_a_scaled_loss_is_recorded_without_its_scale(
    spool: RecordedSpool, make_model: Make, batches: Batches
) -> None:
    """What was passed to `backward` is 65536 times that."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu")

    loss = loss_of(model, *batches[0])
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    mltrack_core.finish()

    assert spool.series()["train/backward_loss"] == [(1, pytest.approx(float(loss)))]


def test_a_run_of_the_users_is_joined(spool: RecordedSpool, make_model: Make, loader: Any) -> None:
    """And what they log without a step stands at the last update."""
    model = make_model()

    with mltrack_core.init(console="off") as run:
        train(model, loader, torch.optim.SGD(model.parameters(), lr=0.1))
        run.log({"val/loss": 0.5})

    assert spool.runs() == [run.id]
    assert spool.series()["val/loss"] == [(8, 0.5)]


def test_a_second_training_is_a_run_of_its_own(
    spool: RecordedSpool, make_model: Make, loader: Any
) -> None:
    """As in a search over learning rates; two optimizers at one time are one training."""
    for rate in (0.1, 0.2):
        model = make_model()
        train(model, loader, torch.optim.SGD(model.parameters(), lr=rate))
    first, second = make_model(), make_model()
    generator = torch.optim.SGD(first.parameters(), lr=0.3)
    critic = torch.optim.SGD(second.parameters(), lr=0.3)
    train(first, loader, generator)
    train(second, loader, critic)
    mltrack_core.finish()

    assert len(spool.runs()) == 3


def test_a_gan_has_a_series_for_each_optimizer_from_the_first_record_on(
    spool: RecordedSpool, make_model: Make, batches: Batches
) -> None:
    """Both are seen where the first one steps: no point of either is under another name."""
    generator, critic = make_model(), make_model()
    of_generator = torch.optim.SGD(generator.parameters(), lr=0.1)
    of_critic = torch.optim.SGD(critic.parameters(), lr=0.2)

    for batch in batches:
        for model, optimizer in ((critic, of_critic), (generator, of_generator)):
            optimizer.zero_grad()
            loss_of(model, *batch).backward()
            optimizer.step()
    mltrack_core.finish()

    assert spool.series()["opt/0/learning_rate"][0] == (1, 0.2)
    assert spool.series()["opt/1/learning_rate"][0] == (2, 0.1)
    assert [step for step, _ in spool.series()["opt/0/backward_loss"]] == list(range(1, 17, 2))
    names = {name for record in spool.of(Scalars) for name in record.values}
    assert not names & {"opt/learning_rate", "grad/norm", "train/backward_loss"}


def test_learning_rates_are_recorded_between_the_measured_updates(
    spool: RecordedSpool, make_model: Make, batches: Batches
) -> None:
    """In a loop so fast that gradients are measured rarely; each jump of a rate is there."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=32, gamma=0.5)

    for batch in batches * 16:
        optimizer.zero_grad()
        loss_of(model, *batch).backward()
        optimizer.step()
        schedule.step()
    mltrack_core.finish()

    rates, norms = spool.series()["opt/learning_rate"], spool.series()["grad/norm"]
    jumps = {step: rate for step, rate in rates if step % 32 == 1}
    assert jumps == {1: 0.1, 33: 0.05, 65: 0.025, 97: 0.0125}
    assert len(rates) > len(norms)
    assert "pytorch.updates_between_learning_rates" in spool.params()["capture"]


def test_a_trainer_with_an_integration_is_left_to_it(
    spool: RecordedSpool, make_model: Make, loader: Any
) -> None:
    """Whoever is among the callers of `step`."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    theirs: dict[str, Any] = {"__name__": "lightning.pytorch.loops.somewhere", "train": train}
    exec("def fit(*args): train(*args)", theirs)

    theirs["fit"](model, loader, optimizer)

    assert spool.runs() == []


def test_a_pause_is_kept(spool: RecordedSpool, make_model: Make, loader: Any) -> None:
    """Nothing of what happens in it is recorded."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    train(model, loader, optimizer)
    with mltrack.paused():
        train(model, loader, optimizer)
    mltrack_core.finish()

    assert [step for step, _ in spool.series()["train/backward_loss"]] == list(range(1, 9))


def test_checkpoints_are_recorded_where_they_are(
    spool: RecordedSpool, make_model: Make, loader: Any, tmp_path: Path
) -> None:
    """Files of torch.save, safetensors and torch.distributed.checkpoint; not what is no model."""
    import safetensors.torch
    import torch.distributed.checkpoint

    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    torch.save(model.state_dict(), tmp_path / "before.pt")
    train(model, loader, optimizer)

    torch.save({"model": model.state_dict()}, tmp_path / "last.pt")
    torch.save(torch.zeros(3), tmp_path / "data.pt")
    safetensors.torch.save_file(model.state_dict(), tmp_path / "model.safetensors")
    torch.distributed.checkpoint.save(model.state_dict(), checkpoint_id=tmp_path / "sharded")
    mltrack_core.finish()

    found = [(Path(c.path).name, c.writer, c.step) for c in spool.of(Checkpoint)]
    assert found == [
        ("last.pt", "torch.save", 8),
        ("model.safetensors", "safetensors", 8),
        ("sharded", "torch.distributed.checkpoint", 8),
    ]


def test_a_training_that_is_resumed_goes_on_in_its_run(
    spool: RecordedSpool, make_model: Make, loader: Any, tmp_path: Path
) -> None:
    """As the next attempt, at the checkpoint's step, which SGD itself does not know."""
    path = tmp_path / "last.pt"

    def begin() -> tuple[Any, Any]:
        model = make_model()
        return model, torch.optim.SGD(model.parameters(), lr=0.1)

    model, optimizer = begin()
    train(model, loader, optimizer)
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
    train(model, loader, optimizer)
    mltrack_core.finish()
    del model, optimizer

    model, optimizer = begin()
    checkpoint = torch.load(path)
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    train(model, loader, optimizer)
    mltrack_core.finish()

    (run,) = spool.runs()
    attempts = spool.streams(run)
    steps = [
        [r.step for r in records if isinstance(r, Scalars) and "train/backward_loss" in r.values]
        for records in attempts
    ]
    assert steps == [list(range(1, 17)), list(range(9, 17))]
    begun = [records[0] for records in attempts]
    assert [each.attempt for each in begun if isinstance(each, RunStarted)] == [1, 2]


def test_a_model_that_is_loaded_for_something_else_begins_a_run(
    spool: RecordedSpool, make_model: Make, loader: Any, tmp_path: Path
) -> None:
    """Its weights are those of a checkpoint, its optimizer begins: that is no resumption."""
    path = tmp_path / "last.pt"
    model = make_model()
    train(model, loader, optimizer := torch.optim.SGD(model.parameters(), lr=0.1))
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
    mltrack_core.finish()
    del model, optimizer

    model = make_model()
    model.load_state_dict(torch.load(path)["model"])
    train(model, loader, torch.optim.SGD(model.parameters(), lr=0.1))
    mltrack_core.finish()

    assert len(spool.runs()) == 2


def test_a_training_that_goes_on_in_a_run_of_the_users_says_from_where(
    spool: RecordedSpool, make_model: Make, loader: Any, tmp_path: Path
) -> None:
    """It is theirs to say which run it is."""
    path = tmp_path / "last.pt"
    model = make_model()
    train(model, loader, optimizer := torch.optim.SGD(model.parameters(), lr=0.1))
    torch.save(optimizer.state_dict(), path)
    (first,) = spool.runs()
    mltrack_core.finish()
    del model, optimizer

    with mltrack_core.init(console="off") as run:
        model = make_model()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        optimizer.load_state_dict(torch.load(path))
        train(model, loader, optimizer)

    assert run.id != first
    (found,) = [p for p in spool.of(Params, run.id) if p.namespace == "torch.resumed_from"]
    assert found.values == {"run": first, "step": 8}


def test_an_asynchronous_checkpoint_is_recorded_when_it_is_complete(
    spool: RecordedSpool, make_model: Make, loader: Any, tmp_path: Path
) -> None:
    """With the step when it was begun."""
    import torch.distributed.checkpoint

    model = make_model()
    train(model, loader, optimizer := torch.optim.SGD(model.parameters(), lr=0.1))
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path / 'meet'}", rank=0, world_size=1
    )
    try:
        future = torch.distributed.checkpoint.async_save(
            model.state_dict(), checkpoint_id=tmp_path / "sharded"
        )
        train(model, loader, optimizer)
        future.result()
    finally:
        torch.distributed.destroy_process_group()
    mltrack_core.finish()

    (checkpoint,) = spool.of(Checkpoint)
    assert checkpoint.step == 8
    assert ".metadata" in {file.path for file in checkpoint.files}


def test_what_is_written_for_tensorboard_is_recorded_too(
    spool: RecordedSpool, make_model: Make, loader: Any, tmp_path: Path
) -> None:
    """At the last update; the writer's own step, whatever it counts, is an axis."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(tmp_path / "board"))
    model = make_model()
    train(model, loader, torch.optim.SGD(model.parameters(), lr=0.1))
    writer.add_scalar("Loss/train", torch.tensor(0.5), 1)
    writer.add_scalars("acc", {"train": 0.25, "val": 0.125}, 1)
    writer.add_histogram("weights", torch.tensor([1.0, -2.0]), 1)
    writer.close()
    mltrack_core.finish()

    assert spool.series()["Loss/train"] == [(8, 0.5)]
    assert spool.series()["acc/val"] == [(8, 0.125)]
    (record,) = [r for r in spool.of(Scalars) if "Loss/train" in r.values]
    assert record.axes["writer_step"] == 1.0
    (histograms,) = [r for r in spool.of(Histograms) if "weights" in r.values]
    assert histograms.values["weights"].positive == [1]  # type: ignore[union-attr]
    board = EventAccumulator(str(tmp_path / "board")).Reload()
    assert [(e.step, e.value) for e in board.Scalars("Loss/train")] == [(1, 0.5)]


def test_pictures_texts_and_sounds_for_tensorboard_are_recorded_too(
    spool: RecordedSpool, tmp_path: Path
) -> None:
    """Whatever the order of their axes; a batch is a list; TensorBoard has them all."""
    pil = pytest.importorskip("PIL.Image")  # TensorBoard's own need
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(tmp_path / "board"))
    photo = torch.linspace(0, 1, 3 * 4 * 5).reshape(3, 4, 5)
    writer.add_image("chw", photo, 7)
    writer.add_image("hw", (photo[0] * 255).to(torch.uint8).numpy(), 7, dataformats="HW")
    writer.add_images("nhwc", photo.permute(1, 2, 0)[None].expand(2, 4, 5, 3), 7, None, "NHWC")
    writer.add_image_with_boxes("boxes", photo, torch.tensor([[0, 1, 2, 3]]), 7, labels=["cat"])
    writer.add_text("answer", "yes", 7)
    writer.close()
    mltrack_core.finish()

    found = {media.name: media for media in spool.of(Media)}
    sizes = {
        name: [(item.width, item.height) for item in media.items] for name, media in found.items()
    }
    assert sizes == {
        "chw": [(5, 4)],
        "hw": [(5, 4)],
        "nhwc": [(5, 4), (5, 4)],
        "boxes": [(5, 4)],
        "answer": [(0, 0)],
    }
    assert {media.step for media in found.values()} == {7}
    assert found["boxes"].items[0].boxes == [Box(0.0, 1.0, 2.0, 3.0, "cat")]
    assert found["answer"].items[0].file.data == b"yes"
    ours = pil.open(io.BytesIO(found["chw"].items[0].file.data)).convert("RGB")
    board = EventAccumulator(str(tmp_path / "board")).Reload()
    (event,) = board.Images("chw")
    theirs = pil.open(io.BytesIO(event.encoded_image_string)).convert("RGB")
    difference = max(abs(a - b) for a, b in zip(ours.tobytes(), theirs.tobytes(), strict=True))
    assert difference <= 1, "it cuts off what we round"


def test_turning_it_off_restores_everything() -> None:
    """To the object."""
    import torch.distributed.checkpoint as dcp
    from torch.distributed.checkpoint import state_dict as states
    from torch.optim import optimizer as optimizers
    from torch.utils.tensorboard import writer as board

    loader = torch.utils.data.dataloader._BaseDataLoaderIter

    def places() -> list[object]:
        return [
            torch.autograd.backward,
            torch.save,
            torch.serialization.save,
            torch.load,
            torch.optim.Optimizer.load_state_dict,
            torch.amp.GradScaler.scale,
            torch.amp.GradScaler.step,
            torch.nn.utils.clip_grad._clip_grads_with_norm_,
            torch.optim.lr_scheduler.LRScheduler.__init__,
            loader.__next__,
            board.SummaryWriter.add_scalar,
            dcp.save,
            dcp.state_dict_saver.async_save,
            dcp.load,
            dcp.state_dict_loader.load,
            states._load_optim_state_dict,
            list(optimizers._global_optimizer_pre_hooks.values())[-1:],
        ]

    on = places()
    mltrack.autolog(disable=True)
    off = places()
    mltrack.autolog()
    again = places()
    mltrack.autolog(disable=True)

    assert not [i for i, (first, second) in enumerate(zip(on, off, strict=True)) if first is second]
    assert on[-1]
    assert all(second is not first for first, second in zip(off, again, strict=True))
    assert off == places()
    assert off[-1] == []
