"""The updates of one Trainer's optimizers: gradients, loss, and what mixed precision leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Final

from torch import Tensor

from mltrack_core import Guard
from mltrack_core import Tracker
from mltrack_core.health import Health
from mltrack_pytorch.measures.arrivals import Arrivals
from mltrack_pytorch.measures.pieces import pieces
from mltrack_pytorch.observer import Observer

# Each process has a part of the gradients only, and PyTorch does not know which.
_OPAQUE: Final = frozenset({"FSDPStrategy", "DeepSpeedStrategy"})


class Updates:
    """Tells the observer what Lightning's hooks tell.

    Args:
        run: What records.
        module: Whose parameters they are.
        guard: Books faults in what happens later than in a hook.
        health: Told of gradients and losses.
        optimizers: Those that will step.
    """

    def __init__(
        self,
        run: Tracker,
        module: Any,
        *,
        guard: Guard,
        health: Health,
        optimizers: Sequence[Any],
    ) -> None:
        self._run, self._guard, self._health = run, guard, health
        self._arrivals = Arrivals()
        self._observer = Observer(run, module, guard=guard, health=health, arrivals=self._arrivals)
        self._observer.expect(optimizers)
        self._open: dict[Any, _Open] = {}  # by optimizer
        self._loss: Tensor | None = None  # of the window's batches, added up …
        self._count = 0  # … over so many
        self._names_loss: bool | None = None  # the user logs one under our name

    def add_loss(self, outputs: object) -> None:
        """Take note of the loss that a batch has ended with, if it tells one."""
        loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
        if isinstance(loss, Tensor) and loss.numel() == 1:
            loss = loss.detach().reshape(())
            self._count += 1
            self._loss = loss if self._loss is None else self._loss + loss

    def before(
        self, trainer: Any, module: Any, optimizer: Any, step: int, axes: Mapping[str, float]
    ) -> None:
        """Measure gradients that are complete, reduced and, if need be, unscaled."""
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        scale = None if scaler is None else scaler._scale  # get_scale() would wait for the device
        # Some optimizers undo the scale within their step, and get the gradients as they are.
        is_scaled = getattr(optimizer, "_step_supports_amp_scaling", False)
        is_measured = self._observer.before_update(
            optimizer, step=step, scale=scale if is_scaled else None, **axes
        )
        limit = _norm_limit(trainer, module)
        if limit is not None:
            self._observer.clipped(limit, optimizer=optimizer)
        self._open[optimizer] = _Open(step, is_measured, None if scale is None else scale.clone())

    def after(self, trainer: Any, *, is_reported: bool, axes: Mapping[str, float]) -> None:
        """Measure what the updates of a batch have changed, and record them.

        Args:
            trainer: Whose batch it was.
            is_reported: Lightning logs at this step: then the loss is recorded in any case.
            axes: What else is known of the position.
        """
        updates, self._open = self._open, {}
        loss, count = self._loss, self._count
        if updates:
            self._loss, self._count = None, 0
        for optimizer, update in updates.items():
            void = None
            values: dict[str, Tensor] = {}
            if update.scale is not None:
                # A scale that has shrunk is how the scaler says that it left the update out.
                void = trainer.precision_plugin.scaler._scale < update.scale
                values["amp/scale"] = update.scale
            if update.is_measured:
                self._observer.after_update(optimizer, void=void, values=values)
            elif void is not None:
                self._arrivals.put([void], self._skip_of(update.step))
        step = max((update.step for update in updates.values()), default=None)
        if loss is None or step is None or self._is_named(trainer):
            return
        if is_reported or any(update.is_measured for update in updates.values()):
            # Lightning has divided each by the number of batches that it accumulates, which in the
            # last window of an epoch may be more than there are.
            if count != (accumulated := trainer.accumulate_grad_batches):
                loss = loss * (accumulated / count)
            self._arrivals.put([loss], self._record_loss_of(step, dict(axes)))

    def close(self) -> None:
        """Record what is still on its way."""
        self._observer.close()

    def _skip_of(self, step: int) -> Any:
        def record(values: list[list[float]]) -> None:
            with self._guard("updates"):
                if values[0][0]:
                    self._observer.skipped(step)

        return record

    def _record_loss_of(self, step: int, axes: dict[str, float]) -> Any:
        def record(values: list[list[float]]) -> None:
            with self._guard("updates"):
                loss = float(values[0][0])
                self._run.log({"train/loss": loss}, step=step, **axes)
                self._health.loss(loss, step)

        return record

    def _is_named(self, trainer: Any) -> bool:
        """Tell whether the user logs a metric under the name of our loss."""
        if self._names_loss is None:
            self._names_loss = "train/loss" in trainer.callback_metrics
        return self._names_loss


class _Open:
    """An update that has begun."""

    __slots__ = ("is_measured", "scale", "step")

    def __init__(self, step: int, is_measured: bool, scale: Tensor | None) -> None:
        self.step, self.is_measured, self.scale = step, is_measured, scale


def unobservable(trainer: Any) -> str:
    """Return why gradients cannot be observed here; "" where they can."""
    strategy = type(trainer.strategy).__name__
    return f"not with {strategy}" if strategy in _OPAQUE else ""


def is_spread(module: Any) -> bool:
    """Tell whether parameters are spread over the processes, so that all of them must measure."""
    return any(piece.spread is not None for piece in pieces(list(module.parameters())))


def _norm_limit(trainer: Any, module: Any) -> float | None:
    """Return the norm that Lightning is about to clip gradients to; None where it does not."""
    limit, algorithm = trainer.gradient_clip_val, trainer.gradient_clip_algorithm
    if not limit or algorithm not in (None, "norm") or not module.automatic_optimization:
        return None
    own = type(module).configure_gradient_clipping
    if not own.__module__.startswith(("lightning.pytorch.", "pytorch_lightning.")):
        return None  # it clips in its own way
    return float(limit)
