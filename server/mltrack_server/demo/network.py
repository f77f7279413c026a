"""A small network that tells two spirals apart, its gradients, and the points of the spirals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]  # twice as fast as float64, and as in real trainings


def spirals(points: int, noise: float, random: np.random.Generator) -> tuple[Array, Array]:
    """Return points of two spirals in a square from -1 to 1, and which one each is of.

    Returns:
        Shapes (points, 2) and (points, 1); a label is 0 or 1.
    """
    label = random.integers(0, 2, (points, 1)).astype(np.float32)
    way = np.sqrt(random.random((points, 1)))  # evenly over the area
    angle = 3.5 * np.pi * way / 2 + label * np.pi
    place = way * np.hstack([np.cos(angle), np.sin(angle)])
    place += noise * random.standard_normal((points, 2))
    return place.astype(np.float32), label


class Network:
    """Layers of tanh, and one number between minus and plus infinity at the end.

    Args:
        widths: Of every layer, the input's and the output's included.
        random: Draws the weights.
    """

    def __init__(self, widths: Sequence[int], random: np.random.Generator) -> None:
        shapes: dict[str, tuple[int, ...]] = {}
        for number, (wide, width) in enumerate(pairwise(widths), 1):
            shapes |= {f"dense{number}.weight": (wide, width), f"dense{number}.bias": (width,)}
        self._shapes = shapes
        self.flat: Array = np.zeros(
            sum(map(math.prod, shapes.values())), np.float32
        )  # all of them, in a row
        self.layers = self.by_layer(self.flat)
        for name, layer in self.layers.items():
            if name.endswith("weight"):
                layer[:] = random.standard_normal(layer.shape) / len(layer) ** 0.5

    def by_layer(self, flat: Array) -> dict[str, Array]:
        """Return the parts of *flat* by the names of weights and biases; they share its memory."""
        found: dict[str, Array] = {}
        end = 0
        for name, shape in self._shapes.items():
            begin, end = end, end + math.prod(shape)
            found[name] = flat[begin:end].reshape(shape)
        return found

    def scores(self, points: Array) -> Array:
        """Return what the network makes of *points*: above zero is the second spiral."""
        return self._forward(points)[-1]

    def loss_and_accuracy(self, points: Array, labels: Array) -> tuple[float, float]:
        """Return the mean cross-entropy, in nats, and the share of points told rightly."""
        scores = self.scores(points)
        return _cross_entropy(scores, labels), float(((scores > 0) == (labels > 0)).mean())

    def gradient(self, points: Array, labels: Array) -> tuple[float, Array]:
        """Return the loss of a batch, and its gradient for everything in `flat`."""
        activations = self._forward(points)
        share = 1 / (1 + np.exp(-activations[-1]))
        delta: Array = ((share - labels) / len(labels)).astype(np.float32)
        found: dict[str, Array] = {}
        for number in range(len(activations) - 1, 0, -1):
            below = activations[number - 1]
            found[f"dense{number}.weight"] = below.T @ delta
            found[f"dense{number}.bias"] = delta.sum(axis=0)
            if number > 1:
                delta = (delta @ self.layers[f"dense{number}.weight"].T) * (1 - below**2)
        flat = np.concatenate([found[name].ravel() for name in self.layers])
        return _cross_entropy(activations[-1], labels), flat

    def _forward(self, points: Array) -> list[Array]:
        activations = [points]
        last = len(self.layers) // 2
        for number in range(1, last + 1):
            weight = self.layers[f"dense{number}.weight"]
            output = activations[-1] @ weight + self.layers[f"dense{number}.bias"]
            activations.append(output if number == last else np.tanh(output))
        return activations


def _cross_entropy(scores: Array, labels: Array) -> float:
    """Return the mean over all points, in a form that does not overflow."""
    each = np.maximum(scores, 0) - scores * labels + np.log1p(np.exp(-np.abs(scores)))
    return float(each.mean())
