"""What is recorded of each update: gradients before clipping, loss, mixed precision, pace."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.plugins.precision import MixedPrecision

from mltrack.lightning import MLTrackLogger
from mltrack_core import ownership
from mltrack_core.records import ByExponent
from mltrack_core.testing.recording import RecordingTracker

Make = Callable[..., Any]


class Reference(Callback):  # type: ignore[misc]  # untyped
    """Measures by the plainest means what the gradients are before Lightning clips them."""

    def __init__(self) -> None:
        self.norms: list[float] = []
        self.owners: list[str] = []

    def on_before_optimizer_step(self, trainer: Any, module: Any, optimizer: Any) -> None:
        squares = [
            float(p.grad.double().pow(2).sum()) for p in module.parameters() if p.grad is not None
        ]
        self.norms.append(math.sqrt(sum(squares)))
        self.owners.append(ownership.owner(optimizer))


def measured(run: RecordingTracker, name: str) -> dict[int, float]:
    """Return the points of a metric by step."""
    return {step or 0: float(str(value)) for step, value in run.points(name)}


def test_gradient_norms_are_those_before_clipping(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """And the factor that they are clipped by stands beside them."""
    reference = Reference()
    trainer = make_trainer(MLTrackLogger(run), callbacks=[reference], gradient_clip_val=0.01)

    trainer.fit(make_module(), batches(4))

    norms = measured(run, "grad/norm")
    coefficients = measured(run, "grad/clip_coefficient")
    assert min(norms) == 1
    for step, norm in norms.items():
        assert norm == pytest.approx(reference.norms[step - 1], rel=1e-6)
        assert coefficients[step] == pytest.approx(0.01 / norm, rel=1e-3)


def test_layers_rates_and_histograms_are_recorded(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """Under the names that all integrations use."""
    make_trainer(MLTrackLogger(run)).fit(make_module(rate=0.25), batches(4))

    assert measured(run, "opt/learning_rate")[1] == 0.25
    assert measured(run, "opt/momentum")[1] == 0.9
    for name in ("grad/norm/body.weight", "param/norm/head.bias", "param/update_ratio"):
        assert measured(run, name)[1] > 0
    (step, histogram), *_ = run.points("grad/histogram/body.weight")
    assert step == 1
    assert isinstance(histogram, ByExponent)
    assert sum(histogram.negative) + sum(histogram.positive) + histogram.zeros == 8 * 16


class OwnClipping(pl.LightningModule):  # type: ignore[misc]  # untyped
    """Clips in a way of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(8, 3)

    def training_step(self, batch: Any, index: int) -> Any:
        return torch.nn.functional.cross_entropy(self.layer(batch[0]), batch[1])

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def configure_gradient_clipping(self, optimizer: Any, **options: Any) -> None:
        self.clip_gradients(optimizer, gradient_clip_val=1e-3, gradient_clip_algorithm="value")


def test_nothing_is_said_of_clipping_that_is_not_known(
    run: RecordingTracker, make_trainer: Make, batches: Make
) -> None:
    """A module that overrides how it is clipped may do anything."""
    make_trainer(MLTrackLogger(run), max_epochs=1).fit(OwnClipping(), batches(2))

    assert measured(run, "grad/norm")
    assert run.points("grad/clip_coefficient") == []


def test_the_loss_of_an_update_is_the_mean_over_its_batches(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """Of three accumulated batches, and of the two that the epoch ends with."""
    module = make_module()
    trainer = make_trainer(MLTrackLogger(run), accumulate_grad_batches=3, max_epochs=1)

    trainer.fit(module, batches(8))

    losses = [module.losses[0:3], module.losses[3:6], module.losses[6:8]]
    assert measured(run, "train/loss") == {
        step: pytest.approx(sum(window) / len(window))
        for step, window in enumerate(losses, start=1)
    }


def test_a_loss_that_the_user_logs_under_our_name_is_theirs(
    run: RecordingTracker, make_trainer: Make, batches: Make
) -> None:
    """One point a step, and of their value."""

    class Named(OwnClipping):
        def training_step(self, batch: Any, index: int) -> Any:
            self.log("train/loss", 42.0)
            return super().training_step(batch, index)

    make_trainer(MLTrackLogger(run), max_epochs=1).fit(Named(), batches(2))

    assert run.points("train/loss") == [(1, 42.0), (2, 42.0)]


class Adversaries(OwnClipping):
    """Steps both of its optimizers in each batch, as a GAN does."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.other = torch.nn.Linear(8, 3)

    def training_step(self, batch: Any, index: int) -> None:
        for layer, optimizer in zip((self.layer, self.other), self.optimizers(), strict=True):
            loss = torch.nn.functional.cross_entropy(layer(batch[0]), batch[1])
            optimizer.zero_grad()
            self.manual_backward(loss)
            optimizer.step()

    def configure_optimizers(self) -> Any:
        return [torch.optim.SGD(layer.parameters(), lr=0.1) for layer in (self.layer, self.other)]


def test_each_optimizer_has_series_of_its_own(
    run: RecordingTracker, make_trainer: Make, batches: Make
) -> None:
    """At the same steps: one a batch."""
    make_trainer(MLTrackLogger(run), max_epochs=1).fit(Adversaries(), batches(4))

    assert min(measured(run, "opt/0/grad/norm")) == min(measured(run, "opt/1/grad/norm")) == 1
    assert max(measured(run, "opt/1/grad/norm")) <= 4
    assert not run.points("opt/learning_rate")  # not even before the second one has stepped


@pytest.mark.parametrize("fused", [False, True])
def test_mixed_precision_shows_unscaled_gradients(
    run: RecordingTracker, make_trainer: Make, batches: Make, fused: bool
) -> None:
    """A fused optimizer undoes the scale within its step; Lightning leaves the gradients to it."""

    class Half(OwnClipping):
        configure_gradient_clipping = pl.LightningModule.configure_gradient_clipping

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.1, fused=fused)

    reference = Reference()
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    trainer = make_trainer(
        MLTrackLogger(run),
        callbacks=[reference],
        plugins=[MixedPrecision("16-mixed", "cpu", scaler)],
        max_epochs=1,
    )

    trainer.fit(Half(), batches(2))

    expected = reference.norms[0] / (1024 if fused else 1)
    assert measured(run, "grad/norm")[1] == pytest.approx(expected, rel=1e-3)
    assert measured(run, "amp/scale")[1] == 1024


def test_bfloat16_shows_the_gradients_that_there_are(
    run: RecordingTracker, make_trainer: Make, batches: Make
) -> None:
    """Autocast to bfloat16 needs no scale: none is recorded, and nothing is left out."""

    class Half(OwnClipping):
        configure_gradient_clipping = pl.LightningModule.configure_gradient_clipping

    reference = Reference()
    trainer = make_trainer(
        MLTrackLogger(run), callbacks=[reference], precision="bf16-mixed", max_epochs=1
    )

    trainer.fit(Half(), batches(2))

    assert measured(run, "grad/norm")[1] == pytest.approx(reference.norms[0], rel=1e-5)
    assert not run.points("amp/scale")
    assert not run.points("amp/skipped")
    assert run.params["lightning.trainer"]["precision"] == "bf16-mixed"


def test_weights_of_bfloat16_are_measured_too(
    run: RecordingTracker, make_trainer: Make, batches: Make
) -> None:
    """Added up in float32: in bfloat16 a norm would have two digits."""

    class Half(OwnClipping):
        configure_gradient_clipping = pl.LightningModule.configure_gradient_clipping

    reference = Reference()
    trainer = make_trainer(
        MLTrackLogger(run), callbacks=[reference], precision="bf16-true", max_epochs=1
    )

    trainer.fit(Half(), batches(2))

    assert measured(run, "grad/norm")[1] == pytest.approx(reference.norms[0], rel=1e-5)
    assert run.points("param/histogram/layer.weight")


def test_updates_that_mixed_precision_leaves_out_are_counted(
    run: RecordingTracker, make_trainer: Make, batches: Make
) -> None:
    """A scale that makes the gradients overflow is halved until they do not: each time one less."""

    class Half(OwnClipping):
        configure_gradient_clipping = pl.LightningModule.configure_gradient_clipping

    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**20)
    trainer = make_trainer(
        MLTrackLogger(run), plugins=[MixedPrecision("16-mixed", "cpu", scaler)], max_epochs=2
    )

    trainer.fit(Half(), batches(8))

    halved = 20 - round(math.log2(scaler.get_scale()))
    assert halved > 0
    assert max(measured(run, "amp/skipped").values()) == halved
    assert all(math.isfinite(norm) for norm in measured(run, "grad/norm").values())


def test_the_optimizers_are_claimed_while_they_train(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """So that no tap of PyTorch's records them as well; afterwards they are the user's again."""
    reference = Reference()
    trainer = make_trainer(MLTrackLogger(run), callbacks=[reference], max_epochs=1)

    trainer.fit(make_module(), batches(2))

    assert reference.owners == ["lightning", "lightning"]
    assert ownership.owner(trainer.optimizers[0]) == ""


def test_the_pace_is_recorded_without_the_validation(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """Seconds of a step, those of it that it waited, and samples."""
    make_trainer(MLTrackLogger(run), log_every_n_steps=2).fit(make_module(), batches(4), batches(2))

    steps, waits = measured(run, "perf/step_s"), measured(run, "perf/wait_s")
    assert list(steps) == list(waits) == [2, 4, 6, 8]
    assert all(0 < waits[step] < steps[step] for step in steps)
    rates = measured(run, "perf/samples_per_s")
    assert all(rates[step] == pytest.approx(4 / steps[step]) for step in steps)
    assert list(measured(run, "perf/validation_s")) == [4, 8]


class TurnsBad(OwnClipping):
    """Its loss is NaN from the second batch on."""

    def training_step(self, batch: Any, index: int) -> Any:
        loss = super().training_step(batch, index)
        return loss if index == 0 else loss * math.nan


@pytest.mark.parametrize(("choice", "updates"), [("mark", 4), ("stop", 2)])
def test_what_is_not_finite_is_marked_and_stops_where_asked_to(
    run: RecordingTracker, make_trainer: Make, batches: Make, choice: Any, updates: int
) -> None:
    """Lightning's own way: `should_stop`."""
    trainer = make_trainer(MLTrackLogger(run, on_nonfinite=choice), max_epochs=1, min_epochs=0)

    trainer.fit(TurnsBad(), batches(4))

    assert ("health.nonfinite", 2) in run.marks
    assert trainer.global_step == updates
