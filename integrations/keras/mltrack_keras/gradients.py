"""Gradients, heard of where every optimizer of Keras clips them: complete, unscaled, not clipped.

Keras has no hook there. For the time of a fit two methods of the optimizer object are wrapped, in
its `__dict__` and nowhere else, and then it is as it was. What a step compiles has the measuring
compiled into it: see `measuring`.
"""

from __future__ import annotations

import functools
import math
import weakref
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import Final

import keras

from mltrack_core import Guard
from mltrack_core.exponents import from_leading_bits
from mltrack_core.health import Health
from mltrack_keras import quantities
from mltrack_keras.layers import by_layer
from mltrack_keras.measuring import Measuring
from mltrack_keras.measuring import measuring
from mltrack_keras.position import Position

_CLIP: Final = "_clip_gradients"
_APPLY: Final = "_backend_apply_gradients"
_RARELY: Final = 10  # measurements of norms to one of what costs more

# Optimizer → its tap. What has been compiled with a tap keeps measuring into it, so the next
# callback takes it over instead of having the step compiled again.
_taps: Final[weakref.WeakKeyDictionary[object, GradientTap]] = weakref.WeakKeyDictionary()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was measured of one update."""

    update: int  # of this optimizer, from 1
    metrics: dict[str, object]  # under their names in a run
    total: float | None = None  # norm of all gradients as one long vector, before clipping
    layers: dict[str, float] = field(default_factory=dict)  # and of each layer's


class GradientTap:
    """Measures the gradients of one optimizer, and what comes of them, every so many updates.

    Args:
        norms: How their norms are measured.
        histograms: How they are counted; None: they are not.
        changes: How it is measured what an update does to the weights; None: it is not.
        is_compiled: The step that all this becomes a part of is compiled.
    """

    def __init__(
        self,
        norms: Measuring,
        histograms: Measuring | None,
        changes: Measuring | None,
        *,
        is_compiled: bool,
    ) -> None:
        self.is_compiled = is_compiled
        self.has_histograms = histograms is not None
        self.holder: object = None  # who takes what is measured: the latest that has asked
        self._norms, self._histograms, self._changes = norms, histograms, changes
        self._all = [each for each in (norms, histograms, changes) if each is not None]
        self._functions: weakref.WeakSet[Callable[..., object]] = weakref.WeakSet()
        self._model = ""

    @property
    def every(self) -> int:
        """Updates between two measurements of norms."""
        return self._norms.every

    def begin(self, iterations: int) -> None:
        """Prepare for a fit whose optimizer has made so many updates; before its first batch."""
        for each in self._all:
            each.begin(iterations)

    def install(self, model: keras.Model, guard: Guard) -> None:
        """Hear of the gradients from now on. Before the first batch of a fit, on its model."""
        optimizer = _innermost(model.optimizer)
        self._model = model.name
        own = vars(optimizer)
        if _CLIP in own or _APPLY in own:
            return  # somebody else's, or ours from a fit that was left
        own[_APPLY], own[_CLIP] = self._wrappers(optimizer, guard)
        paths = tuple(_path(variable) for variable in model.trainable_variables)
        for each in self._all:
            each.prepare(paths)
        if self.is_compiled and model.train_function not in self._functions:
            if getattr(model.train_function, "__module__", "").startswith("keras."):
                # It may have been compiled without us. Of a new one this costs nothing.
                model.make_train_function(force=True)
            self._functions.add(model.train_function)

    def remove(self, optimizer: object) -> None:
        """Leave *optimizer* as it was."""
        own = vars(_innermost(optimizer))
        own.pop(_CLIP, None)
        own.pop(_APPLY, None)

    def take(self, update_max: float = math.inf) -> list[Found]:
        """Return what has been measured since, up to an update, in order; waits for a device.

        Thread-safe.
        """
        found = [
            told(*measured)
            for measuring, told in (
                (self._norms, self._tell_norms),
                (self._histograms, self._tell_histograms),
                (self._changes, self._tell_changes),
            )
            if measuring is not None
            for measured in measuring.take(update_max)
        ]
        return sorted(found, key=lambda each: each.update)

    def wait(self) -> None:
        """Wait until everything that was begun has been measured."""
        for each in self._all:
            each.wait()

    def _wrappers(
        self, optimizer: Any, guard: Guard
    ) -> tuple[Callable[..., object], Callable[..., object]]:
        """Return what stands in for the two methods of *optimizer*: applying, clipping."""
        clip, apply = getattr(optimizer, _CLIP), getattr(optimizer, _APPLY)
        norms, histograms, changes = self._norms, self._histograms, self._changes
        paths: tuple[str, ...] = ()
        has_clipped = False  # else the gradients are only added up: it is no update yet

        def applying(grads: Sequence[Any], trainable_variables: Sequence[Any]) -> object:
            nonlocal paths, has_clipped
            variables = list(trainable_variables)
            paths, has_clipped, before = tuple(map(_path, variables)), False, None
            with guard("updates"):
                before = changes.copies(optimizer, variables) if changes else None
            result = apply(grads, trainable_variables)
            with guard("updates"):
                if changes and has_clipped:
                    after = [variable.value for variable in variables]
                    changes.measure(optimizer, paths, None if before is None else before + after)
            return result

        def clipping(grads: Sequence[Any]) -> object:
            nonlocal has_clipped
            has_clipped = True
            clipped = clip(grads)
            with guard("gradients"):
                both = grads if clipped is grads else (*grads, *clipped)
                norms.measure(optimizer, paths, list(both))
            with guard("gradients"):
                if histograms:
                    histograms.measure(optimizer, paths, list(grads))
            return clipped

        return applying, clipping

    def _tell_norms(self, update: int, paths: Sequence[str], arrays: Sequence[Any]) -> Found:
        values = arrays[0].tolist()
        layers = self._layers(paths, values)
        total = _norm(values[: len(paths)])
        metrics: dict[str, object] = {"grad/norm": total}
        metrics |= {f"grad/norm/{layer}": norm for layer, norm in layers.items()}
        if len(values) > len(paths):
            metrics["grad/clip_coefficient"] = _norm(values[len(paths) :]) / total if total else 1.0
        return Found(update=update, metrics=metrics, total=total, layers=layers)

    def _tell_histograms(self, update: int, paths: Sequence[str], arrays: Sequence[Any]) -> Found:
        return Found(update=update, metrics=self._counted("grad", paths, arrays[0]))

    def _tell_changes(self, update: int, paths: Sequence[str], arrays: Sequence[Any]) -> Found:
        metrics = self._counted("update", paths, arrays[0])
        values = arrays[1].tolist()
        moved, norms = values[: len(paths)], values[len(paths) :]
        of_layers = self._layers(paths, norms)
        ratios = {
            f"/{layer}": (distance, of_layers[layer])
            for layer, distance in self._layers(paths, moved).items()
        }
        ratios[""] = (_norm(moved), _norm(norms))
        metrics |= {
            f"param/update_ratio{name}": distance / norm
            for name, (distance, norm) in ratios.items()
            if norm
        }
        return Found(update=update, metrics=metrics)

    def _counted(self, what: str, paths: Sequence[str], counts: Any) -> dict[str, object]:
        layers = by_layer(paths, self._model)
        return {
            f"{what}/histogram/{layer}": from_leading_bits(row)
            for layer, row in zip(layers, counts.tolist(), strict=True)
        }

    def _layers(self, paths: Sequence[str], norms: Sequence[float]) -> dict[str, float]:
        """Return the norm of each layer from those of its variables."""
        groups = by_layer(paths, self._model)
        return {layer: _norm([norms[i] for i in group]) for layer, group in groups.items()}


class Gradients:
    """The gradients of one fit.

    Args:
        position: Where the training stands.
        health: Hears of every norm.
    """

    def __init__(self, position: Position, health: Health) -> None:
        self._position, self._health = position, health
        self._tap: GradientTap | None = None
        self._optimizer: object = None
        self._key = object()  # not this object: a tap outlives it, and would keep its optimizer

    def tap(
        self,
        model: keras.Model,
        every: int,
        wanted: bool | None,
        has_histograms: bool,
        guard: Guard,
    ) -> None:
        """Measure them from now on, where that may be done; see `tap_for`."""
        self._optimizer = model.optimizer
        self._tap = tap_for(model, every=every, wanted=wanted, has_histograms=has_histograms)
        if self._tap is not None:
            self._tap.install(model, guard)
            self._tap.holder = self._key

    def begin(self, iterations: int) -> None:
        """Prepare for the first batch; the optimizer has made so many updates."""
        if self._tap is not None:
            self._tap.begin(iterations)

    def wait(self) -> None:
        """Wait until everything that was begun has been measured."""
        if self._tap is not None:
            self._tap.wait()

    def record(self, log: Callable[..., None], step: int, epoch: float | None) -> None:
        """Give *log* what has been measured up to *step*, each at its own."""
        if self._tap is None or self._tap.holder is not self._key:
            return
        for found in self._tap.take(self._position.iterations(step)):
            at = self._position.at(found.update)
            log(found.metrics, at, epoch if at == step else None)
            if found.total is not None:
                self._health.gradients(found.total, at, found.layers)

    def remove(self) -> None:
        """Leave the optimizer as it was."""
        if self._tap is not None and self._tap.holder is self._key:
            self._tap.remove(self._optimizer)


def tap_for(
    model: keras.Model, *, every: int, wanted: bool | None, has_histograms: bool
) -> GradientTap | None:
    """Return what measures the gradients of *model*; None where it could be wrong or may not be.

    Args:
        model: Built and compiled.
        every: Updates between two measurements of norms.
        wanted: None for where it is certain to leave the weights alone to the last bit: a compiled
            step is compiled to other instructions when somebody else uses its gradients.
        has_histograms: Count gradients and updates too, ten times as rarely.
    """
    optimizer = model.optimizer
    compiles = is_compiled(model)
    if wanted is False or (wanted is None and compiles):
        return None
    if optimizer is None or not hasattr(_innermost(optimizer), _CLIP):
        return None
    tap = _taps.get(_innermost(optimizer))
    wants = (every, compiles, has_histograms)
    if tap is None or (tap.every, tap.is_compiled, tap.has_histograms) != wants:
        how = functools.partial(measuring, model, is_compiled=compiles)
        norms = how(quantities.NORMS, every)
        if norms is None:
            return None
        rarely, histograms, changes = _RARELY * every, None, None
        backend = keras.config.backend()
        # XLA refuses TensorFlow's bincount, with an error that ends the training.
        if has_histograms and not (backend == "tensorflow" and compiles and model.jit_compile):
            histograms = how(quantities.histograms(model.name), rarely)
            if not (backend == "torch" and compiles):  # copies would break the graph
                changes = how(quantities.changes(model.name), rarely)
        tap = GradientTap(norms, histograms, changes, is_compiled=compiles)
        _taps[_innermost(optimizer)] = tap
    return tap


def is_compiled(model: keras.Model) -> bool:
    """Tell whether *model* trains by a step that is compiled as a whole."""
    if model.run_eagerly:
        return False
    return keras.config.backend() == "tensorflow" or bool(model.jit_compile)


def _innermost(optimizer: object) -> Any:
    """Return the optimizer that applies gradients: scaling the loss is done around it."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def _path(variable: object) -> str:
    return str(getattr(variable, "path", None) or getattr(variable, "name", ""))


def _norm(norms: Sequence[float]) -> float:
    """Return the norm of several vectors as one long vector, from theirs."""
    return math.sqrt(math.fsum(norm * norm for norm in norms))
