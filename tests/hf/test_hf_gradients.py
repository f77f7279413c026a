"""Gradients, weights and what each update does with them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import accelerate
import pytest
import torch
import transformers
from accelerate.optimizer import AcceleratedOptimizer

from mltrack.hf import MLTrackCallback
from mltrack_core import Guard
from mltrack_core import ownership
from mltrack_core.records import ByExponent
from mltrack_core.testing.recording import RecordingTracker
from mltrack_hf.gradients import Gradients

Make = Callable[..., Any]


class Reference(transformers.Trainer):  # type: ignore[misc]  # untyped
    """A Trainer that notes the norm of all gradients, and of one layer's, before it clips."""

    layer = "classifier.weight"

    def _clip_grad_norm(self, model: Any) -> Any:
        self.norms = getattr(self, "norms", [])
        self.layer_norms = getattr(self, "layer_norms", [])
        gradients = {name: p.grad for name, p in model.named_parameters()}
        self.norms.append(math.hypot(*(g.norm().item() for g in gradients.values())))
        self.layer_norms.append(gradients[self.layer].norm().item())
        return super()._clip_grad_norm(model)


@pytest.mark.parametrize("accumulation", [1, 4])
def test_the_gradient_of_every_update_is_recorded_as_it_was_before_clipping(
    make_trainer: Make, run: RecordingTracker, accumulation: int
) -> None:
    """Whole and by layer, at the step of the update, however often the Trainer reports."""
    trainer = make_trainer(
        MLTrackCallback(run, share=0),
        kind=Reference,
        max_grad_norm=0.1,
        logging_steps=2,
        num_train_epochs=2,
        gradient_accumulation_steps=accumulation,  # the epoch's last update has less than the rest
    )

    trainer.train()

    norms = dict(run.points("grad/norm"))
    assert list(norms) == list(range(1, trainer.state.global_step + 1))
    assert list(norms.values()) == pytest.approx(trainer.norms, rel=1e-4)
    layers = run.values("grad/norm/classifier.weight")
    assert layers == pytest.approx(trainer.layer_norms, rel=1e-4)
    told = {e["step"]: e["grad_norm"] for e in trainer.state.log_history if "grad_norm" in e}
    assert {step: norms[step] for step in told} == pytest.approx(told, rel=1e-4)
    for (_, coefficient), norm in zip(
        run.points("grad/clip_coefficient"), trainer.norms, strict=True
    ):
        assert coefficient == pytest.approx(0.1 / norm, rel=1e-3)


def test_a_training_that_does_not_clip_has_gradients_too(
    make_trainer: Make, run: RecordingTracker
) -> None:
    """But no coefficient."""
    make_trainer(MLTrackCallback(run, share=0), max_grad_norm=0).train()

    assert [step for step, _ in run.points("grad/norm")] == [1, 2, 3, 4, 5, 6]
    assert run.points("grad/clip_coefficient") == []


def test_where_an_update_lies_is_the_same_for_gradients_and_loss(
    make_trainer: Make, run: RecordingTracker
) -> None:
    """Gradients are measured before the Trainer counts the update: its place is known ahead."""
    trainer = make_trainer(
        MLTrackCallback(run, share=0),
        per_device_train_batch_size=5,
        gradient_accumulation_steps=4,
        num_train_epochs=2,
    )

    trainer.train()

    losses = {call.step: call.axes for call in run.logged if "train/loss" in call.values}
    gradients = {call.step: call.axes for call in run.logged if "grad/norm" in call.values}
    assert gradients == losses


def test_rates_weights_state_and_histograms_are_recorded(
    make_trainer: Make, run: RecordingTracker
) -> None:
    """All under the names that every integration uses."""
    make_trainer(MLTrackCallback(run, share=0)).train()

    names = {name for call in run.logged for name in call.values}
    assert {
        "opt/learning_rate/0",  # of what decays, and …
        "opt/learning_rate/1",  # … what does not: the Trainer makes two groups
        "param/norm",
        "param/update_ratio/classifier.weight",
        "opt/state/exp_avg",
        "param/histogram/classifier.weight",
        "update/histogram/classifier.weight",
    } <= names
    (_, histogram), *_ = run.points("grad/histogram/classifier.weight")
    assert isinstance(histogram, ByExponent)
    assert sum(histogram.negative) + sum(histogram.positive) + histogram.zeros == 48


def test_histograms_can_be_left_out(make_trainer: Make, run: RecordingTracker) -> None:
    """Norms stay."""
    make_trainer(MLTrackCallback(run, share=0, histograms=False)).train()

    names = {name for call in run.logged for name in call.values}
    assert not [name for name in names if "/histogram/" in name]
    assert "param/norm" in names


class Diverging(transformers.Trainer):  # type: ignore[misc]  # untyped
    """A Trainer whose loss is NaN from the third update on."""

    def compute_loss(self, *args: Any, **kwargs: Any) -> Any:
        loss = super().compute_loss(*args, **kwargs)
        return loss * math.nan if self.state.global_step >= 2 else loss


@pytest.mark.parametrize("share", [0.0, 1e-6])
def test_a_loss_that_the_trainer_hides_is_marked_where_it_began(
    make_trainer: Make, run: RecordingTracker, share: float
) -> None:
    """By default the Trainer tells a loss of NaN as a number; the gradient shows it.

    Whether it is measured here, or only told by the Trainer because measuring is too dear.
    """
    trainer = make_trainer(MLTrackCallback(run, share=share), kind=Diverging)

    trainer.train()

    told = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert all(map(math.isfinite, told))
    assert ("health.nonfinite", 3) in run.marks
    assert trainer.state.global_step == 6


def test_a_broken_training_stops_where_that_is_asked_for(
    make_trainer: Make, run: RecordingTracker
) -> None:
    """The Trainer's own way: it evaluates, saves and ends as ever."""
    callback = MLTrackCallback(run, share=0, on_nonfinite="stop")
    trainer = make_trainer(callback, kind=Diverging)

    trainer.train()

    assert trainer.state.global_step == 3
    assert run.params["hf.trainer"]["stopped_by"] == "should_training_stop"


def test_an_unknown_answer_to_a_broken_training_is_refused() -> None:
    """At once, where the user sees it."""
    with pytest.raises(ValueError, match="mark or stop"):
        MLTrackCallback(on_nonfinite="explode")  # type: ignore[arg-type]


def test_a_generator_of_parameters_is_measured_and_clipped(
    make_trainer: Make, run: RecordingTracker
) -> None:
    """As an older Accelerate hands them on: looking at them must not use them up."""

    class Handing(transformers.Trainer):  # type: ignore[misc]  # untyped
        def _clip_grad_norm(self, model: Any) -> Any:
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.1)
            left = math.hypot(*(p.grad.norm().item() for p in model.parameters()))
            assert left == pytest.approx(0.1, rel=1e-3)
            return norm

    trainer = make_trainer(MLTrackCallback(run, share=0), kind=Handing)

    trainer.train()

    told = [entry["grad_norm"] for entry in trainer.state.log_history if "grad_norm" in entry]
    assert run.values("grad/norm") == pytest.approx(told, rel=1e-4)


def test_an_update_that_mixed_precision_leaves_out_is_counted(run: RecordingTracker) -> None:
    """Its gradients are none; those of the others are as they were before scaling."""
    accelerate.Accelerator(cpu=True)
    model, scaler = torch.nn.Linear(2, 1, bias=False), torch.amp.GradScaler("cpu", init_scale=8.0)
    optimizer = AcceleratedOptimizer(torch.optim.SGD(model.parameters(), lr=0.1), scaler=scaler)
    factors: list[float] = []
    gradients = Gradients(
        run,
        model,
        optimizer,
        guard=Guard(),
        health=None,
        histograms=False,
        share=0,
        where=lambda: (len(factors), {}),
        clips=True,
    )

    for factor in (1.0, math.inf, 1.0):
        factors.append(factor)
        scaler.scale(model(torch.tensor([3.0, 4.0])).sum() * factor).backward()
        scaler.unscale_(optimizer.optimizer)
        torch.nn.utils.clip_grad_norm_(list(model.parameters()), 1.0)
        gradients.before_step()
        optimizer.step()
        gradients.after_step()
        optimizer.zero_grad()
    gradients.close()

    assert run.points("grad/norm") == [(1, 5.0), (3, 5.0)]
    assert run.points("amp/skipped") == [(2, 1)]
    assert run.points("amp/scale") == [(1, 8.0), (3, 4.0)]


def test_pytorch_is_left_as_it_was(make_trainer: Make, run: RecordingTracker) -> None:
    """The function that clips is another one during a training only, and the optimizer is ours."""
    original = torch.nn.utils.clip_grad_norm_
    seen: list[object] = []

    class Look(transformers.TrainerCallback):  # type: ignore[misc]  # untyped
        def on_step_end(self, *args: Any, optimizer: Any, **kwargs: Any) -> None:
            seen.append(torch.nn.utils.clip_grad_norm_ is original)
            seen.append(ownership.owner(optimizer.optimizer))

    trainer = make_trainer(MLTrackCallback(run), Look(), max_steps=1)
    trainer.train()

    assert seen == [False, "hf"]
    assert torch.nn.utils.clip_grad_norm_ is original
    assert ownership.owner(trainer.optimizer.optimizer) == ""


def test_who_else_clips_meanwhile_is_not_listened_to(
    make_trainer: Make, run: RecordingTracker
) -> None:
    """Another model's gradients are none of this training's."""

    class Other(transformers.TrainerCallback):  # type: ignore[misc]  # untyped
        def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
            weight = torch.nn.Parameter(torch.ones(2))
            weight.grad = torch.full((2,), 1000.0)
            torch.nn.utils.clip_grad_norm_([weight], 1.0)
            assert weight.grad.norm().item() == pytest.approx(1.0)

    make_trainer(MLTrackCallback(run, share=0), Other()).train()

    norms = run.values("grad/norm")
    assert len(norms) == 6
    assert all(isinstance(norm, float) and norm < 100 for norm in norms)
