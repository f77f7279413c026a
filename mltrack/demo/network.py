"""A small neural network in NumPy, with nothing hidden: layers, gradients, two optimizers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import numpy
from numpy.typing import NDArray

Array = NDArray[numpy.float32]
Labels = NDArray[numpy.int64]


class Network:
    """A multilayer perceptron: ReLU between the layers, softmax and cross-entropy at the end.

    Args:
        sizes: Width of every layer, the input's and the output's included.
        random: Draws the initial weights.
    """

    def __init__(self, sizes: Sequence[int], random: numpy.random.Generator) -> None:
        self.parameters: list[Array] = []  # weights and biases of each layer, alternating
        for fan_in, fan_out in pairwise(sizes):
            scale = numpy.sqrt(2 / fan_in)  # keeps the variance of ReLU layers (He et al., 2015)
            weights = random.standard_normal((fan_in, fan_out)) * scale
            self.parameters += [weights.astype("float32"), numpy.zeros(fan_out, "float32")]

    def loss_and_accuracy(self, images: Array, labels: Labels) -> tuple[float, float]:
        """Return the mean cross-entropy, in nats, and the share of images classified rightly."""
        scores = self._forward(images)[-1]
        loss = -_log_softmax(scores)[numpy.arange(len(labels)), labels].mean()
        return float(loss), float((scores.argmax(axis=1) == labels).mean())

    def guesses(self, images: Array) -> Labels:
        """Return the label that each image gets."""
        found: Labels = self._forward(images)[-1].argmax(axis=1)
        return found

    def gradients(self, images: Array, labels: Labels) -> tuple[float, list[Array]]:
        """Return the loss of one batch and its gradient for every parameter, in their order."""
        activations = self._forward(images)
        log_probabilities = _log_softmax(activations[-1])
        rows = numpy.arange(len(labels))
        loss = -log_probabilities[rows, labels].mean()
        delta = numpy.exp(log_probabilities)
        delta[rows, labels] -= 1
        delta /= len(labels)
        gradients: list[Array] = []
        for layer in reversed(range(len(self.parameters) // 2)):
            below = activations[layer]
            gradients = [below.T @ delta, delta.sum(axis=0), *gradients]
            if layer:
                delta = (delta @ self.parameters[2 * layer].T) * (below > 0)
        return float(loss), gradients

    def add_weight_decay(self, gradients: list[Array], decay: float) -> None:
        """Add the gradient of *decay* / 2 times the sum of all squared parameters."""
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            gradient += decay * parameter

    def _forward(self, images: Array) -> list[Array]:
        """Return what goes into every layer, and the scores that come out of the last one."""
        activations = [images]
        layers = len(self.parameters) // 2
        for layer in range(layers):
            weights, biases = self.parameters[2 * layer : 2 * layer + 2]
            output = activations[-1] @ weights + biases
            activations.append(output if layer == layers - 1 else numpy.maximum(output, 0))
        return activations


class Optimizer(Protocol):
    """Changes parameters in place."""

    def update(self, parameters: list[Array], gradients: list[Array], rate: float) -> None:
        """Go one step of learning rate *rate* down the gradients."""


class Momentum:
    """Stochastic gradient descent with momentum 0.9."""

    def __init__(self, parameters: list[Array]) -> None:
        self._velocity = [numpy.zeros_like(parameter) for parameter in parameters]

    def update(self, parameters: list[Array], gradients: list[Array], rate: float) -> None:
        """Go one step."""
        for parameter, gradient, velocity in zip(
            parameters, gradients, self._velocity, strict=True
        ):
            velocity *= 0.9
            velocity -= rate * gradient
            parameter += velocity


class Adam:
    """Adam with its usual constants (Kingma and Ba, 2015)."""

    def __init__(self, parameters: list[Array]) -> None:
        self._mean = [numpy.zeros_like(parameter) for parameter in parameters]
        self._square = [numpy.zeros_like(parameter) for parameter in parameters]
        self._steps = 0

    def update(self, parameters: list[Array], gradients: list[Array], rate: float) -> None:
        """Go one step."""
        self._steps += 1
        rate *= numpy.sqrt(1 - 0.999**self._steps) / (1 - 0.9**self._steps)
        for parameter, gradient, mean, square in zip(
            parameters, gradients, self._mean, self._square, strict=True
        ):
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient * gradient - square)
            parameter -= rate * mean / (numpy.sqrt(square) + 1e-8)


def gradient_norm(gradients: list[Array]) -> float:
    """Return the L2 norm of all gradients, taken as one long vector."""
    return float(numpy.sqrt(sum(float(numpy.vdot(one, one)) for one in gradients)))


def _log_softmax(scores: Array) -> Array:
    shifted = scores - scores.max(axis=1, keepdims=True)
    result: Array = shifted - numpy.log(numpy.exp(shifted).sum(axis=1, keepdims=True))
    return result
