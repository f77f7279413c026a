"""One demo run: a training of a second, written down as if it had taken minutes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from mltrack_core import __version__
from mltrack_core.exponents import from_leading_bits
from mltrack_core.media.image import Image
from mltrack_core.records import Alert
from mltrack_core.records import Console
from mltrack_core.records import EndState
from mltrack_core.records import Histogram
from mltrack_core.records import Histograms
from mltrack_core.records import Media
from mltrack_core.records import Params
from mltrack_core.records import Record
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_server.demo.network import Array
from mltrack_server.demo.network import Network
from mltrack_server.demo.network import spirals

PROJECT: Final = "demo"
STEPS: Final = 300
STEP_NS: Final = 500_000_000  # from step to step, so that a run has taken a few minutes
_MEASURED_EVERY: Final = 10  # steps: validation and the layers' norms
_SHOWN_EVERY: Final = 30  # steps: histograms and the picture
_PRINTED_EVERY: Final = 20  # steps
_BATCH: Final = 64
_PIXELS: Final = 32  # of the picture's sides
_NOTES: Final = (
    "Made by the server, to look at: a small network learns to tell two spirals apart. The numbers "
    "are real, the times are not."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What tells one run from another."""

    name: str
    optimizer: str = "adam"
    learning_rate: float = 0.01
    width: int = 24
    layers: int = 2
    noise: float = 0.02
    weight_decay: float = 0.0
    seed: int = 0
    ends_at: int = STEPS  # before it has made all of its steps
    state: EndState = "finished"
    reason: str = ""


def records(plan: Plan, began_ns: int) -> list[Record]:
    """Return what the training of *plan* records, beginning at *began_ns*."""
    with np.errstate(all="ignore"):  # one of them diverges, which is the point of it
        return list(_records(plan, began_ns))


def _records(plan: Plan, began_ns: int) -> Iterator[Record]:
    random = np.random.default_rng(plan.seed)
    points, labels = spirals(1200, plan.noise, random)
    held_out = spirals(400, plan.noise, random)
    network = Network((2, *[plan.width] * plan.layers, 1), random)
    update = _Update(plan)
    yield from _introduction(plan, began_ns)
    has_diverged = False
    for step in range(plan.ends_at):
        now_ns = began_ns + step * STEP_NS
        batch = random.integers(0, len(points), _BATCH)
        loss, gradient = network.gradient(points[batch], labels[batch])
        values = {
            "train/loss": loss,
            "grad/norm": float(np.linalg.norm(gradient)),
            "opt/learning_rate": plan.learning_rate,
        }
        is_measured = step % _MEASURED_EVERY == 0
        if is_measured:
            values["val/loss"], values["val/accuracy"] = network.loss_and_accuracy(*held_out)
            before = network.flat.copy()
        update.apply(network.flat, gradient)
        if is_measured:
            values |= _norms(network, before, gradient)
        yield Scalars(now_ns, step, values)
        if not has_diverged and not np.isfinite(loss):
            has_diverged = True
            text = "Every number that depends on it is lost from here on."
            yield Alert(now_ns, "error", f"The loss is {loss}", text, step, "health.nonfinite")
        if step % _SHOWN_EVERY == 0:
            yield Histograms(now_ns, step, _histograms(network, gradient))
            yield _picture(network, now_ns, step)
        if step % _PRINTED_EVERY == 0:
            yield Console(now_ns, "stdout", f"step {step:4d}/{STEPS}  loss {loss:.4f}")
    ended_ns = began_ns + plan.ends_at * STEP_NS
    signal = 9 if plan.state == "killed" else None
    yield RunEnded(ended_ns, plan.state, plan.reason, signal=signal, explicit=True)


class _Update:
    """Changes weights by their gradients: plainly with momentum, or by Adam."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._mean = self._square = np.zeros(1, np.float32)
        self._steps = 0

    def apply(self, weights: Array, gradient: Array) -> None:
        """Make one step, in place."""
        self._steps += 1
        rate = self._plan.learning_rate
        gradient = gradient + self._plan.weight_decay * weights
        if self._plan.optimizer == "sgd":
            self._mean = self._mean * 0.9 + gradient
            weights -= rate * self._mean
            return
        self._mean = self._mean * 0.9 + 0.1 * gradient
        self._square = self._square * 0.999 + 0.001 * gradient**2
        scale = np.sqrt(self._square / (1 - 0.999**self._steps)) + 1e-8
        weights -= rate * self._mean / (1 - 0.9**self._steps) / scale


def _introduction(plan: Plan, began_ns: int) -> Iterator[Record]:
    yield RunStarted(
        began_ns, PROJECT, plan.name, "trainer", 1, 0, 1, "demo", "demo", 0, 0, "", 0,
        ["spirals.py", "--lr", str(plan.learning_rate)], "", "", __version__, plan.optimizer, [],
        _NOTES,
    )  # fmt: skip
    names = ("optimizer", "learning_rate", "width", "layers", "noise", "weight_decay", "seed")
    yield Params(began_ns, "", {name: getattr(plan, name) for name in names} | {"steps": STEPS})


def _norms(network: Network, before: Array, gradient: Array) -> dict[str, float]:
    """Return the norms of each layer, as the integrations name them."""
    found: dict[str, float] = {}
    gradients, changes = network.by_layer(gradient), network.by_layer(network.flat - before)
    for name, weights in network.by_layer(before).items():
        norm = float(np.linalg.norm(weights))
        found[f"grad/norm/{name}"] = float(np.linalg.norm(gradients[name]))
        found[f"param/norm/{name}"] = norm
        if norm:
            found[f"param/update_ratio/{name}"] = float(np.linalg.norm(changes[name])) / norm
    return found


def _histograms(network: Network, gradient: Array) -> dict[str, Histogram]:
    gradients = network.by_layer(gradient)
    return {f"grad/histogram/{name}": _histogram(one) for name, one in gradients.items()} | {
        f"param/histogram/{name}": _histogram(one) for name, one in network.layers.items()
    }


def _histogram(values: Array) -> Histogram:
    """Return how often each sign and exponent occurs."""
    numbers = values.ravel()
    bits = numbers.view(np.uint32)
    counts = np.bincount(bits >> 23, minlength=512)
    signs = (bits[np.isnan(numbers)] >> 31).tolist()
    nans = [signs.count(0), signs.count(1)]
    return from_leading_bits([*counts.tolist(), *nans])


def _picture(network: Network, now_ns: int, step: int) -> Media:
    """Return what the network makes of the whole square."""
    side = np.linspace(-1.1, 1.1, _PIXELS)
    places = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2).astype(np.float32)
    share = 1 / (1 + np.exp(-np.nan_to_num(network.scores(places)))).reshape(_PIXELS, _PIXELS)
    low, high = np.array([30, 110, 200]), np.array([235, 120, 40])
    pixels = (low + (high - low) * share[..., None]).astype(np.uint8)
    image = Image(pixels, caption=f"which spiral, after {step} steps")
    return Media(now_ns, step, "val/regions", [image.encode(str).item])
