"""One training of the demo: what a script of your own could look like.

    python -m mltrack.demo.training '{"name": "adam", "optimizer": "adam", …}'

Everything here is a user's code; mltrack is the lines with `run` in them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import numpy
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

import mltrack
from mltrack.demo.digits import digits
from mltrack.demo.network import Adam
from mltrack.demo.network import Array
from mltrack.demo.network import Labels
from mltrack.demo.network import Momentum
from mltrack.demo.network import Network
from mltrack.demo.network import Optimizer
from mltrack.demo.network import gradient_norm

OPTIMIZERS: Final[dict[str, Callable[[list[Array]], Optimizer]]] = {
    "adam": Adam,
    "sgd": Momentum,
}

SHOWN_EVERY: Final = 10  # epochs
SHOWN_IMAGES: Final = 24


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What distinguishes one training from another."""

    name: str
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    growth: float = 1.0  # of the learning rate, after every epoch
    weight_decay: float = 1e-4
    hidden: tuple[int, ...] = (128, 64)
    batch_size: int = 32
    epochs: int = 100
    crop_from_epoch: int | None = None  # images lose their border then: a curriculum, and a bug
    seed: int = 0


def train(plan: Plan, folder: Path) -> None:
    """Train a network on scikit-learn's handwritten digits and record it below *folder*."""
    run = mltrack.init(
        project="demo", name=plan.name, config=msgspec.to_builtins(plan), folder=folder
    )
    random = numpy.random.default_rng(plan.seed)
    (images, labels), validation = digits(random)
    network = Network((64, *plan.hidden, 10), random)
    optimizer: Optimizer = OPTIMIZERS[plan.optimizer](network.parameters)
    step = 0
    for epoch in range(plan.epochs):
        rate = plan.learning_rate * plan.growth**epoch
        if plan.crop_from_epoch is not None and epoch >= plan.crop_from_epoch:
            images = images.reshape(-1, 8, 8)[:, :7, :7].reshape(-1, 49)
        for batch in _batches(len(images), plan.batch_size, random):
            loss, gradients = network.gradients(images[batch], labels[batch])
            network.add_weight_decay(gradients, plan.weight_decay)
            optimizer.update(network.parameters, gradients, rate)
            step += 1
            run.log(
                {
                    "train/batch_loss": loss,
                    "grad/norm": gradient_norm(gradients),
                    "opt/learning_rate": rate,
                },
                step=step,
            )
        train_loss, train_accuracy = network.loss_and_accuracy(images, labels)
        val_loss, val_accuracy = network.loss_and_accuracy(*validation)
        run.log(
            {
                "train/loss": train_loss,
                "train/accuracy": train_accuracy,
                "val/loss": val_loss,
                "val/accuracy": val_accuracy,
            },
            step=step,
            epoch=epoch + 1,
        )
        if epoch % SHOWN_EVERY == 0:
            run.log({"val/samples": _samples(network, *validation)}, step=step, epoch=epoch + 1)
        sys.stdout.write(
            f"epoch {epoch + 1}/{plan.epochs} loss {val_loss:.4g} accuracy {val_accuracy:.3f}\n"
        )
        sys.stdout.flush()


def _samples(network: Network, images: Array, labels: Labels) -> list[mltrack.Image]:
    """Return some digits, each with what it is and what the network takes it for."""
    some = slice(0, SHOWN_IMAGES)
    return [
        mltrack.Image(image.reshape(8, 8), caption=f"{label} → {guess}")
        for image, label, guess in zip(
            images[some], labels[some], network.guesses(images[some]), strict=True
        )
    ]


def _batches(count: int, size: int, random: numpy.random.Generator) -> Iterator[Labels]:
    """Yield the indices of each whole batch of one epoch, in a new order."""
    order = random.permutation(count)
    for start in range(0, count - size + 1, size):
        yield order[start : start + size]


if __name__ == "__main__":
    # A diverging training overflows, which is the point of it; NumPy need not mention it each time.
    numpy.seterr(all="ignore")
    # One thread each: the matrices are small, and two trainings share the cores.
    with threadpool_limits(1):
        train(msgspec.json.decode(sys.argv[1], type=Plan), Path(sys.argv[2]))
