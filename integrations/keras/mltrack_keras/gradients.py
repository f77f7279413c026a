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
from mltrack_core import Tracker
from mltrack_core.exponents import from_leading_bits
from mltrack_core.health import Health
from mltrack_keras import quantities
from mltrack_keras.intervals import Intervals
from mltrack_keras.layers import by_layer
from mltrack_keras.measuring import Measuring
from mltrack_keras.measuring import measuring
from mltrack_keras.position import Position
from mltrack_keras.programs import Programs
from mltrack_keras.programs import accumulated
from mltrack_keras.wanted import Wanted

_CLIP: Final = "_clip_gradients"
_APPLY: Final = "_backend_apply_gradients"
_RARELY: Final = 10  # measurements of norms to one of what costs more
_LIGHT: Final = 0.25  # of the share: norms

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
        wanted: What it was made for: another callback that wants the same can have it.
    """

    def __init__(
        self,
        norms: Measuring,
        histograms: Measuring | None,
        changes: Measuring | None,
        *,
        is_compiled: bool,
        wanted: object,
    ) -> None:
        self.is_compiled, self.wanted = is_compiled, wanted
        self.holder: object = None  # who takes what is measured: the latest that has asked
        self._norms, self._histograms, self._changes = norms, histograms, changes
        self._all = [each for each in (norms, histograms, changes) if each is not None]
        self._functions: weakref.WeakSet[Callable[..., object]] = weakref.WeakSet()
        self._programs: Programs | None = None  # on JAX
        self._model, self._accumulated = "", 1

    def intervals(self, share: float, updates: float) -> Intervals:
        """Return what widens its intervals, so that it takes a share of the time at most.

        Args:
            share: 0 for however long it takes.
            updates: In one batch.
        """
        heavy = [each for each in self._all if each is not self._norms]
        groups = {"keras.updates_between_norms": (share * _LIGHT, [self._norms])}
        if heavy:
            groups["keras.updates_between_histograms"] = (share * (1 - _LIGHT), heavy)
        return Intervals(groups, updates)

    def begin(self, iterations: int) -> None:
        """Prepare for a fit whose optimizer has made so many updates; before its first batch."""
        for each in self._all:
            each.begin(iterations)

    def begin_epoch(self, iterations: int) -> None:
        """Take note of how many updates the optimizer has made."""
        if self._programs is not None:
            self._programs.begin(iterations * self._accumulated)

    def install(self, model: keras.Model, guard: Guard, *, probes: bool) -> None:
        """Hear of the gradients from now on. Before the first batch of a fit, on its model.

        Args:
            model: Of the fit.
            guard: Books our own faults.
            probes: Find out first what a measurement takes, where it is not seen when it is made.
        """
        optimizer = _innermost(model.optimizer)
        self._model, self._accumulated = model.name, accumulated(optimizer)
        own = vars(optimizer)
        if _CLIP in own or _APPLY in own:
            return  # somebody else's, or ours from a fit that was left
        own[_APPLY], own[_CLIP] = self._wrappers(optimizer, guard)
        paths = tuple(_path(variable) for variable in model.trainable_variables)
        for each in self._all:
            each.prepare(paths)
        with guard("gradients"):
            for each in self._all if probes else ():
                each.probe(model.trainable_variables)
        if not self.is_compiled or isinstance(model.train_function, Programs):
            return
        is_keras = getattr(model.train_function, "__module__", "").startswith("keras.")
        if keras.config.backend() == "jax":
            if is_keras:
                self._stand_in(model)
        elif model.train_function not in self._functions:
            if is_keras:
                # It may have been compiled without us. Of a new one this costs nothing.
                model.make_train_function(force=True)
            self._functions.add(model.train_function)

    def _stand_in(self, model: keras.Model) -> None:
        """Have each step made by the program for what is due in it."""
        if self._programs is None or self._programs.plain is not model.train_function:
            self._programs = Programs(model, self._all)
        model.train_function = self._programs

    def remove(self, model: keras.Model) -> None:
        """Leave *model* and its optimizer as they were."""
        if self._programs is not None and model.train_function is self._programs:
            model.train_function = self._programs.plain
        own = vars(_innermost(model.optimizer))
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
        run: Is told how often they are measured.
        position: Where the training stands.
        health: Hears of every norm.
    """

    def __init__(self, run: Tracker, position: Position, health: Health) -> None:
        self._run, self._position, self._health = run, position, health
        self._tap: GradientTap | None = None
        self._intervals: Intervals | None = None
        self._model: keras.Model | None = None
        self._key = object()  # not this object: a tap outlives it, and would keep its optimizer

    def tap(self, model: keras.Model, how: Wanted, updates: float, guard: Guard) -> None:
        """Measure them from now on, where that may be done; see `tap_for`.

        Args:
            model: Of the fit.
            how: What is wanted.
            updates: In one batch.
            guard: Books our own faults.
        """
        self._model = model
        self._tap = tap_for(model, how)
        if self._tap is not None:
            self._tap.install(model, guard, probes=how.share > 0)
            self._tap.holder = self._key
            intervals = self._tap.intervals(how.share, updates)
            self._intervals = intervals if how.share else None
            self._run.log_params(intervals.chosen(), namespace="capture")

    def begin_epoch(self, iterations: int) -> None:
        """Leave out the time between epochs where batches are timed.

        Args:
            iterations: Updates that the optimizer has made.
        """
        if self._intervals is not None:
            self._intervals.begin_epoch()
        if self._tap is not None:
            self._tap.begin_epoch(iterations)

    def batch_begins(self) -> None:
        """Widen intervals if it is time to, and say so. On the thread that trains."""
        if self._intervals is None or self._tap is None or self._tap.holder is not self._key:
            return
        if self._intervals.batch_begins():
            self._run.log_params(self._intervals.chosen(), namespace="capture")

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
        if self._tap is not None and self._tap.holder is self._key and self._model is not None:
            self._tap.remove(self._model)
        self._model = None


def tap_for(model: keras.Model, how: Wanted) -> GradientTap | None:
    """Return what measures the gradients of *model*; None where it could be wrong or may not be.

    Args:
        model: Built and compiled.
        how: What is wanted.
    """
    optimizer = model.optimizer
    compiles = is_compiled(model)
    if how.gradients is False or (how.gradients is None and compiles):
        return None
    if optimizer is None or not hasattr(_innermost(optimizer), _CLIP):
        return None
    if not model.trainable_variables:
        return None
    tap = _taps.get(_innermost(optimizer))
    wanted = (how.every, how.histograms, compiles)
    if tap is None or tap.wanted != wanted:
        measured = functools.partial(measuring, model, is_compiled=compiles)
        norms = measured(quantities.NORMS, how.every)
        if norms is None:
            return None
        rarely, histograms, changes = _RARELY * how.every, None, None
        backend = keras.config.backend()
        # XLA refuses TensorFlow's bincount, with an error that ends the training.
        if how.histograms and not (backend == "tensorflow" and compiles and model.jit_compile):
            histograms = measured(quantities.histograms(model.name), rarely)
            if not (backend == "torch" and compiles):  # copies would break the graph
                changes = measured(quantities.changes(model.name), rarely)
        tap = GradientTap(norms, histograms, changes, is_compiled=compiles, wanted=wanted)
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
