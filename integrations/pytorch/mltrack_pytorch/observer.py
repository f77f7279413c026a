"""The observer: what can be seen of a model and its optimizers around each update."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary
from weakref import ref

import torch
from torch import Tensor
from torch import nn
from torch.optim import Optimizer

from mltrack_core import Guard
from mltrack_core import Tracker
from mltrack_core.budget import SHARE
from mltrack_core.budget import Budget
from mltrack_core.health import Health
from mltrack_pytorch.measures import names
from mltrack_pytorch.measures.arrivals import Arrivals
from mltrack_pytorch.measures.arrivals import Numbers
from mltrack_pytorch.measures.arrivals import is_capturing
from mltrack_pytorch.measures.histograms import counts
from mltrack_pytorch.measures.norms import l2_norms
from mltrack_pytorch.measures.pieces import pieces
from mltrack_pytorch.measures.report import Report
from mltrack_pytorch.measures.samples import sample
from mltrack_pytorch.measures.settings import kept
from mltrack_pytorch.measures.settings import settings
from mltrack_pytorch.measures.turns import Turns
from mltrack_pytorch.measures.update import Seen
from mltrack_pytorch.measures.update import Update

LAYERS_MAX: Final = 512  # that are shown one by one; a model of more is shown by module
_LIGHT: Final = 0.8  # of what may be spent, for norms; the rest is for histograms and the like
# Norms on the CPU read all gradients and do little else. What they drive out of its caches the
# optimizer has to read again, and is not timed: it is at most as much. So they count twice, unless
# everything stays in a core's own cache. Histograms compute for so long that it does not show.
_TOLL: Final = 2.0
_CACHE_BYTES: Final = 1 << 20
_DEAR_S: Final = 0.05  # what is measured first may take for it to be measured again at once
_TOGETHER_EVERY: Final = 500  # updates between histograms that several processes must make together


class Observer:
    """Records what can be seen of a model and its optimizers around each update.

    Call `before_update` when the gradients of an update are complete and reduced and nothing has
    clipped them, `clipped` when they are, `after_update` when the weights have changed. Values stay
    on their devices until they have been computed; nothing here waits for one.

    Together, everything takes at most a share of the training's time, by being done so rarely:
    gradient norms at every update of a large model and at every n-th of a small, fast one;
    histograms, update ratios, norms of weights and of the optimizer's state more rarely. Where
    parameters are spread over processes (FSDP), all of these must make the same calls, and
    measure at fixed updates.

    Args:
        run: What records.
        model: Whose parameters have names. Without it they are called as the optimizer knows them.
        guard: Books faults in what happens later than in a call.
        health: Told what is measured.
        histograms: Whether there are any.
        share: Of the time that training takes, that watching it may. 0 measures everything at every
            update, whatever it takes.
        arrivals: Shared with whoever else has values on their way to *run*, so that they keep their
            order.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        run: Tracker,
        model: nn.Module | None = None,
        *,
        guard: Guard,
        health: Health | None = None,
        histograms: bool = True,
        share: float = SHARE,
        arrivals: Arrivals | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._run, self._guard, self._health = run, guard, health
        self._clock = clock
        self._models = [] if model is None else [ref(model)]
        self._histograms, self._share = histograms, share
        self._arrivals = arrivals or Arrivals()
        self._known: WeakKeyDictionary[Optimizer, _Watched] = WeakKeyDictionary()
        self._are_several = False  # more than one optimizer is expected
        self._skipped = 0  # updates that mixed precision has left out

    def include(self, model: nn.Module) -> None:
        """Take the names of another model's parameters too; those of each get its class's name."""
        if not any(known() is model for known in self._models):
            self._models.append(ref(model))
            for optimizer, watched in self._known.items():
                watched.layers = self._layers(optimizer)

    def expect(self, optimizers: Sequence[Optimizer], *, are_several: bool = False) -> None:
        """Learn of the training's optimizers before they step; they are numbered in this order.

        Names of series stay what they are from the first record on. So where there are several it
        must be known by then; one that is met later has a number in its names, the first has none.

        Args:
            optimizers: As far as they are known.
            are_several: There will be others.
        """
        self._are_several = self._are_several or are_several or len(optimizers) > 1
        for optimizer in optimizers:
            self._watched(optimizer)

    def prefix(self, optimizer: Optimizer) -> str:
        """Return what the names of an optimizer's metrics begin with, e.g. "opt/1/", or ""."""
        return self._watched(optimizer).prefix

    def before_update(
        self,
        optimizer: Optimizer,
        *,
        step: int,
        scale: Tensor | float | None = None,
        **axes: float,
    ) -> bool:
        """Measure the gradients of an update, if it is one to be measured, and tell whether.

        Called again for the same update it measures anew: what was measured last counts.

        Args:
            optimizer: Whose parameters they are.
            step: The update's number, from 1.
            scale: What the gradients are multiplied by: that of mixed precision, not yet undone.
            axes: What else is known of the position: epoch, batch, samples, tokens.
        """
        if is_capturing():
            return False
        watched = self._watched(optimizer)
        if watched.update is not None and watched.update.step != step:
            self._send(watched)
        self._arrivals.collect()
        if watched.update is None:
            is_heavy = watched.heavy.is_due()  # both are asked at every update: they count them
            if not (watched.light.is_due() or is_heavy):
                return False
            watched.update = Update(watched.prefix, step, axes, is_heavy)
        update = watched.update
        began_s = self._clock()
        update.numbers |= settings(optimizer)
        update.scale = None if scale is None else kept(scale)
        parameters = _parameters(optimizer)
        with torch.no_grad():
            gradients = pieces([parameter.grad for parameter in parameters])
            update.norms["gradients"] = l2_norms(gradients)
            light_s = self._clock()
            update.light_s += light_s - began_s
            if update.is_heavy:
                if self._histograms:
                    update.counts["gradients"] = counts(gradients)
                if update.samples is None:
                    update.samples = sample(pieces(parameters))
                update.heavy_s += self._clock() - light_s
        return True

    def clipped(
        self,
        max_norm: float,
        norm: Tensor | float | None = None,
        *,
        optimizer: Optimizer | None = None,
    ) -> None:
        """Take note that the gradients measured are now clipped.

        Args:
            max_norm: The norm that they have at most.
            norm: The one that they had; None: the one measured.
            optimizer: Whose they are. None: of all whose update is under way.
        """
        for known, watched in self._known.items():
            if watched.update is not None and optimizer in (None, known):
                watched.update.clip = (max_norm, None if norm is None else kept(norm))

    def after_update(
        self,
        optimizer: Optimizer,
        *,
        step: int | None = None,
        void: Tensor | float | None = None,
        values: Mapping[str, Tensor | float] | None = None,
    ) -> None:
        """Measure what the update has changed, and record all of it.

        Args:
            optimizer: Whose update it is; nothing happens where it was not one to be measured.
            step: The update's number, where it was not known before.
            void: Not zero if the optimizer has left the update out, as mixed precision makes it.
            values: More to record with it, by metric name.
        """
        watched = self._watched(optimizer)
        update = watched.update
        if update is None:
            return
        began_s = self._clock()
        update.step = update.step if step is None else step
        update.void = None if void is None else kept(void)
        update.numbers |= {name: kept(value) for name, value in (values or {}).items()}
        if update.samples is not None:
            with torch.no_grad():
                weights = pieces(_parameters(optimizer))
                changes = update.samples.changes(weights)
                update.norms["weights"] = l2_norms(weights)
                update.norms["changes"] = l2_norms(changes)
                for name, state in _states(optimizer).items():
                    update.norms[f"state/{name}"] = l2_norms(pieces(state))
                if self._histograms:
                    update.counts["weights"] = counts(weights)
                    update.counts["changes"] = counts(changes)
            update.heavy_s += self._clock() - began_s
        self._send(watched)

    def discard(self, optimizer: Optimizer) -> None:
        """Forget what was measured of an update that is not made after all."""
        if (watched := self._known.get(optimizer)) is not None:
            watched.update = None

    def skipped(self, step: int) -> None:
        """Record that mixed precision has left an update out, after *step* that were made."""
        self._skipped += 1
        self._run.log({"amp/skipped": self._skipped}, step=step)

    def flush(self, *, wait: bool = False) -> None:
        """Record what has been computed since; with *wait*, what is still being computed too."""
        self._arrivals.collect(wait=wait)

    def close(self) -> None:
        """Record everything."""
        for watched in list(self._known.values()):
            self._send(watched)
        self.flush(wait=True)

    # ---- below ----

    def _watched(self, optimizer: Optimizer) -> _Watched:
        """Return what is known of an optimizer; anew where its parameters are others now."""
        known = self._known.get(optimizer)
        if known is None:
            if any(piece.spread is not None for piece in pieces(_parameters(optimizer))):
                every = _TOGETHER_EVERY if self._share else 1
                light, heavy = Turns(Budget(0)), Turns(Budget(0, every=every))
            else:
                dear_s = _DEAR_S if self._share else math.inf
                light = Turns(Budget(self._share, clock=self._clock), dear_s=dear_s)
                heavy = Turns(Budget(self._share, clock=self._clock), dear_s=dear_s)
            index = len(self._known)
            prefix = f"opt/{index}/" if index or self._are_several else ""
            size = sum(each.nbytes for each in _parameters(optimizer) if each.device.type == "cpu")
            toll = _TOLL if size > _CACHE_BYTES else 1.0
            known = _Watched(index, prefix, self._layers(optimizer), light, heavy, toll)
            self._known[optimizer] = known
            self._divide()
        elif len(known.layers) != sum(len(group["params"]) for group in optimizer.param_groups):
            known.layers = self._layers(optimizer)
        return known

    def _divide(self) -> None:
        """Give each optimizer its part of the time that watching all of them may take."""
        part = self._share / len(self._known)
        for watched in self._known.values():
            if watched.light.budget.share:  # else its processes measure together, at fixed updates
                watched.light.budget.share = part * _LIGHT
                watched.heavy.budget.share = part * (1 - _LIGHT)

    def _layers(self, optimizer: Optimizer) -> list[str]:
        """Return what each of an optimizer's parameters is shown as."""
        models = [model for model in (model() for model in self._models) if model is not None]
        called = {**names.of_optimizer(optimizer), **names.of_models(models)}
        found = [called[id(parameter)] for parameter in _parameters(optimizer)]
        return names.coarsened(found, LAYERS_MAX)

    def _dense(self) -> set[str]:
        """Return the layers known to be no embeddings, most of whose rows have no gradient."""
        models = [model for model in (model() for model in self._models) if model is not None]
        called = names.of_models(models)
        for model in models:
            for module in model.modules():
                if isinstance(module, nn.Embedding | nn.EmbeddingBag):
                    called.pop(id(module.weight), None)
        return set(called.values())

    def _send(self, watched: _Watched) -> None:
        """Record the update under way as soon as its values have been computed."""
        update, watched.update = watched.update, None
        if update is None:
            return
        began_s = self._clock()
        layers = watched.layers
        tensors, seen = update.parcel()

        def record(values: list[Numbers]) -> None:
            with self._guard("observer"):
                self._record(update, seen(values), layers)

        self._arrivals.put(tensors, record)
        self._account(watched, update, self._clock() - began_s)

    def _account(self, watched: _Watched, update: Update, sending_s: float) -> None:
        """Book what an update's measurements have taken; say where they come otherwise now."""
        light_s = update.light_s * watched.toll
        if update.is_heavy:
            watched.light.spent(light_s)
            watched.heavy.spent(update.heavy_s + sending_s)
        else:
            watched.light.spent(light_s + sending_s)
        news = {
            "pytorch.updates_between_norms": watched.light.news(),
            "pytorch.updates_between_histograms": watched.heavy.news(),
        }
        if said := {name: interval for name, interval in news.items() if interval is not None}:
            self._run.log_params(said, namespace="capture")

    def _record(self, update: Update, seen: Seen, layers: Sequence[str]) -> None:
        if seen.numbers.get("void"):
            self.skipped(update.step)
            return
        shares = update.samples.shares if update.samples is not None else {}
        report = Report(seen, layers, optimizer=update.prefix, shares=shares)
        if values := report.values():
            self._run.log(values, step=update.step, **update.axes)
        if self._health is not None:
            report.tell(self._health, update.step, self._dense() if seen.counts else ())


@dataclass(slots=True)
class _Watched:
    """What is known of one optimizer."""

    index: int  # among the training's optimizers
    prefix: str  # of its metrics: "opt/<index>/" where there are several, else ""
    layers: list[str]  # what each of its parameters is shown as
    light: Turns  # for gradient norms
    heavy: Turns  # for the rest
    toll: float  # what norms cost the training, for each second that they take
    update: Update | None = None  # the one under way


def _parameters(optimizer: Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _states(optimizer: Optimizer) -> dict[str, list[Tensor | None]]:
    """Return the optimizer's memory by name, e.g. "exp_avg": what it keeps of each parameter."""
    parameters = _parameters(optimizer)
    found: dict[str, list[Tensor | None]] = {}
    for index, parameter in enumerate(parameters):
        for name, value in optimizer.state.get(parameter, {}).items():
            if isinstance(value, Tensor) and value.numel() > 1:
                found.setdefault(str(name), [None] * len(parameters))[index] = value
    return found
