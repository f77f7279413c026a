"""The trainings of the demo: some go well, some do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mltrack.demo.training import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One training, and what the demo does to it."""

    plan: Plan
    by_keras: bool = False  # through the callback, where Keras can train here; else by NumPy
    kill_at_epoch: int | None = None  # SIGKILL, as the kernel does it when memory runs out


SCENES: Final = (
    Scene(plan=Plan(name="adam", epochs=40), by_keras=True),
    # A learning rate range test: it rises until training breaks. Once it is so high
    # that the weight decay enlarges the weights (rate * decay > 2 * (1 + momentum)), they overflow,
    # and the loss is NaN.
    Scene(
        plan=Plan(
            name="lr-range-test",
            optimizer="sgd",
            learning_rate=1e-3,
            growth=1.8,
            weight_decay=1e-2,
            epochs=30,
        ),
        by_keras=True,
    ),
    Scene(plan=Plan(name="killed-half-way", epochs=40), by_keras=True, kill_at_epoch=20),
    Scene(plan=Plan(name="sgd", optimizer="sgd", learning_rate=0.01, epochs=40), by_keras=True),
    Scene(plan=Plan(name="adam-slow", learning_rate=1e-4)),
    # A curriculum that crops the images and forgets that the first layer wants 64 pixels.
    Scene(plan=Plan(name="cropped", crop_from_epoch=30)),
    Scene(plan=Plan(name="sgd-decaying", optimizer="sgd", learning_rate=0.1, growth=0.97)),
    Scene(plan=Plan(name="adam-wide", hidden=(256,), batch_size=64)),
)
