"""One training of the demo, by Keras: all that mltrack asks of it is a callback.

    python -m mltrack.demo.keras_training '{"name": "adam", "optimizer": "adam", …}' FOLDER

Everything else here is a user's code.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import keras
import msgspec
import numpy

import mltrack
from mltrack.demo.digits import digits
from mltrack.demo.training import Plan
from mltrack.keras import MLTrackCallback


def train(plan: Plan, folder: Path) -> None:
    """Train a network on scikit-learn's handwritten digits and record it below *folder*."""
    keras.utils.set_random_seed(plan.seed)
    training, validation = digits(numpy.random.default_rng(plan.seed))
    model = _model(plan)
    run = mltrack.init(
        project="demo", name=plan.name, config=msgspec.to_builtins(plan), folder=folder
    )
    model.fit(
        *training,
        batch_size=plan.batch_size,
        epochs=plan.epochs,
        validation_data=validation,
        verbose=0,
        callbacks=[
            keras.callbacks.LearningRateScheduler(
                lambda epoch: plan.learning_rate * plan.growth**epoch
            ),
            Report(plan.epochs),
            MLTrackCallback(run=run),
        ],
    )


class Report(keras.callbacks.Callback):
    """Prints a line for each epoch, which is how `mltrack demo` knows how far it is."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self._epochs = epochs

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Print the epoch's line."""
        logs = logs or {}
        loss, accuracy = logs["val_loss"], logs["val_accuracy"]
        sys.stdout.write(
            f"epoch {epoch + 1}/{self._epochs} loss {loss:.4g} accuracy {accuracy:.3f}\n"
        )
        sys.stdout.flush()


def _model(plan: Plan) -> keras.Model:
    """Return the network of `mltrack.demo.network`, made by Keras."""
    decay = keras.regularizers.L2(plan.weight_decay / 2)
    layers = [
        keras.layers.Dense(width, activation="relu", kernel_regularizer=decay)
        for width in plan.hidden
    ]
    model = keras.Sequential(
        [keras.Input((64,)), *layers, keras.layers.Dense(10, kernel_regularizer=decay)]
    )
    optimizer = (
        keras.optimizers.Adam(plan.learning_rate)
        if plan.optimizer == "adam"
        else keras.optimizers.SGD(plan.learning_rate, momentum=0.9)
    )
    model.compile(
        optimizer,
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


if __name__ == "__main__":
    train(msgspec.json.decode(sys.argv[1], type=Plan), Path(sys.argv[2]))
