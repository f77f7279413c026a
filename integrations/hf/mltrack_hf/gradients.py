"""The gradients of one training, and what each update does with them."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from mltrack_core import Guard
from mltrack_core import Tracker
from mltrack_core.health import Health
from mltrack_hf import clipping
from mltrack_hf.facts import Training
from mltrack_hf.facts import innermost
from mltrack_hf.facts import unwrapped
from mltrack_hf.position import Position
from mltrack_pytorch.observer import Observer


class Gradients:
    """Watches a training's optimizer around each update, through an observer.

    Args:
        run: What records; where parameters are spread over processes, also one that does nothing,
            as all processes must measure together.
        model: Of the training.
        optimizer: As the Trainer has it: Accelerate's.
        guard: Books our own faults.
        health: Told what is measured.
        histograms: Whether there are any.
        share: Of the training's time that this may take; see `Observer`.
        where: Returns the step of the update under way, and its axes.
        clips: The Trainer has been told to clip.
    """

    def __init__(
        self,
        run: Tracker,
        model: Any,
        optimizer: Any,
        *,
        guard: Guard,
        health: Health | None,
        histograms: bool,
        share: float,
        where: Callable[[], tuple[int, dict[str, float]]],
        clips: bool,
    ) -> None:
        self._optimizer, self._outer = innermost(optimizer), optimizer
        self._guard, self._where, self._clips = guard, where, clips
        self._observer = Observer(
            run,
            unwrapped(model),
            guard=guard,
            health=health,
            histograms=histograms,
            share=share,
        )
        self._parameters = {
            id(parameter) for group in self._optimizer.param_groups for parameter in group["params"]
        }
        self._is_seen = False  # the gradients of this update have been
        self._measured_step = -1  # of the update whose gradients were measured last
        clipping.listen(self)

    # ---- as a listener ----

    def owns(self, parameter: object) -> bool:
        """Tell whether *parameter* is one of the optimizer's."""
        return id(parameter) in self._parameters

    def before_clipping(self) -> None:
        """Measure: nothing has changed the gradients yet."""
        if not self._is_seen and not self._guard.is_tripped("before_clipping"):
            with self._guard("before_clipping"):
                self._measure()

    def clipped(self, max_norm: float, norm: torch.Tensor) -> None:
        """Note the limit, where there is one: the Trainer clips to infinity to get a norm."""
        if math.isfinite(max_norm):
            with self._guard("clipped"):
                # Of parameters that are spread over processes the norm is spread too.
                whole = None if hasattr(type(norm), "to_local") else norm
                self._observer.clipped(max_norm, whole, optimizer=self._optimizer)

    # ---- as the callback is told ----

    def before_step(self) -> None:
        """Measure now where nobody has clipped; scaled gradients are nobody's business."""
        is_scaled = getattr(self._outer, "scaler", None) is not None
        if not self._is_seen and not self._clips and not is_scaled:
            self._measure()

    def after_step(self) -> None:
        """Measure what the update has changed, if there was one."""
        self._is_seen = False
        if getattr(self._outer, "step_was_skipped", False):
            step, _ = self._where()
            self._observer.discard(self._optimizer)
            self._observer.skipped(step)
        else:
            scale = getattr(getattr(self._outer, "scaler", None), "_scale", None)  # on its device
            values = {} if scale is None else {"amp/scale": scale}
            self._observer.after_update(self._optimizer, values=values)

    def measured(self, step: int) -> tuple[str, ...]:
        """Return which of the Trainer's metrics are recorded from here, for the update *step*."""
        if step != self._measured_step:
            return ()
        has_groups = len(self._optimizer.param_groups) > 1
        return ("grad/norm",) if has_groups else ("grad/norm", "opt/learning_rate")

    def close(self) -> None:
        """Record everything, and leave PyTorch as it was."""
        clipping.leave(self)
        self._observer.close()

    def _measure(self) -> None:
        self._is_seen = True
        step, axes = self._where()
        if self._observer.before_update(self._optimizer, step=step, **axes):
            self._measured_step = step


def watch(
    run: Tracker,
    training: Training,
    position: Position,
    *,
    guard: Guard,
    health: Health | None,
    histograms: bool,
    share: float,
) -> Gradients | None:
    """Return what watches the gradients of *training*; None where they cannot or need not be."""
    args, model, optimizer = training.args, training.model, training.optimizer
    if not _can_be_watched(model, optimizer) or not (run.id or _is_spread(optimizer)):
        return None
    return Gradients(
        run,
        model,
        optimizer,
        guard=guard,
        health=health,
        histograms=histograms,
        share=share,
        where=partial(position.ahead, training.state, args.gradient_accumulation_steps),
        clips=bool(args.max_grad_norm),
    )


def _can_be_watched(model: Any, optimizer: Any) -> bool:
    """Tell whether PyTorch's own optimizer holds the parameters and their gradients.

    DeepSpeed keeps both to itself, and FSDP's first version has pieces of them only.
    """
    if not isinstance(innermost(optimizer), torch.optim.Optimizer) or model is None:
        return False
    kinds = {type(module).__name__ for module in model.modules()}
    return not kinds & {"FullyShardedDataParallel", "DeepSpeedEngine"}


def _is_spread(optimizer: Any) -> bool:
    """Tell whether parameters are spread over processes, so that all must measure together."""
    groups = innermost(optimizer).param_groups
    return any(hasattr(type(p), "to_local") for group in groups for p in group["params"])
