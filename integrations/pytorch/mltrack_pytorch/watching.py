"""`watch`: one line in a training loop of one's own."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from collections.abc import Sequence
from types import TracebackType
from typing import Self
from weakref import ref

from torch import nn
from torch.optim import Optimizer

import mltrack_core
from mltrack_core import Guard
from mltrack_core import Tracker
from mltrack_core import ownership
from mltrack_core.budget import SHARE
from mltrack_core.health import OnNonfinite
from mltrack_pytorch import deferral
from mltrack_pytorch.finding import is_stepping
from mltrack_pytorch.loops.hooks import HOOKS
from mltrack_pytorch.loops.hooks import OWNER
from mltrack_pytorch.loops.loop import Loop
from mltrack_pytorch.loops.loop import Options

logger = logging.getLogger("mltrack")


class Watch:
    """A training that is being watched, until `close` or the end of the process."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    @property
    def updates(self) -> int:
        """How many updates have been made: the step of what is logged next without one."""
        return self._loop.updates

    @property
    def should_stop(self) -> bool:
        """Whether a loss or gradient was not finite, and `on_nonfinite` was "stop"."""
        return self._loop.should_stop

    def close(self) -> None:
        """Record what has been measured, waiting for devices, and watch no longer."""
        _close(self._loop)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


_loops: list[Loop] = []  # that are being watched


def watch(
    model: nn.Module,
    optimizer: Optimizer | Sequence[Optimizer] | None = None,
    *,
    run: Tracker | None = None,
    histograms: bool = True,
    share: float = SHARE,
    on_nonfinite: OnNonfinite = "mark",
) -> Watch:
    """Record gradients, weights and optimizer of a training loop, from now on.

        run = mltrack.init(project="mnist")
        mltrack.watch(model, optimizer)
        for x, y in loader:
            loss = criterion(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            run.log({"train/loss": loss})  # at the step of the update just made

    Nothing is attached to model or optimizer, no device is waited for, and no error of ours reaches
    the training: what cannot be watched is said once. Call it again for another model of the same
    training. In a distributed training, call it in every process.

    Args:
        model: Whose parameters have names; wrapped or compiled or not.
        optimizer: One or several. None: whatever steps with the model's parameters.
        run: What to record to. None: the active run at the first update, or a new one.
        histograms: Whether to count gradients, weights and updates into histograms.
        share: Of the training's time that watching may take: what takes longer is done more
            rarely. 0 measures everything at every update, whatever it takes.
        on_nonfinite: What happens when a gradient is NaN or infinite: "mark" marks the run, "stop"
            also lets `should_stop` of what is returned be true.
    """
    guard = Guard()
    options = Options(histograms=histograms, share=share, on_nonfinite=on_nonfinite)
    loop = Loop(run, options)
    with guard("watch"):
        _check(model, options)
        found = _optimizers(optimizer)
        loop = _loop_for(run, options)
        loop.include(model)
        for known in found:
            HOOKS.adopt(known, loop)
        if not found:
            HOOKS.seekers.insert(0, _Seeker(model, loop))
        HOOKS.install()
        deferral.install()
    return Watch(loop)


class _Seeker:
    """Finds the optimizers that step with a model's parameters."""

    def __init__(self, model: nn.Module, loop: Loop) -> None:
        self._model, self.loop = ref(model), loop

    def __call__(self, optimizer: Optimizer) -> Loop | None:
        model = self._model()
        if model is None:
            return None
        own = {id(parameter) for parameter in model.parameters()}
        stepped = (id(p) for group in optimizer.param_groups for p in group["params"])
        return None if own.isdisjoint(stepped) else self.loop


def _close(loop: Loop) -> None:
    _loops[:] = [known for known in _loops if known is not loop]
    HOOKS.seekers[:] = [seek for seek in HOOKS.seekers if getattr(seek, "loop", None) is not loop]
    HOOKS.abandon(loop)
    with loop.guard("close"):
        loop.close()


def _loop_for(run: Tracker | None, options: Options) -> Loop:
    """Return the loop that is watched for *run* already, or a new one."""
    wanted = run if run is not None else mltrack_core.active_run()
    for loop in [loop for loop in _loops if loop.has_ended]:
        _close(loop)
    for loop in _loops:
        if loop.belongs_to(wanted):
            if loop.options != options:
                raise ValueError(f"this training is watched with {loop.options} already")
            return loop
    made = Loop(run, options)
    _loops.append(made)
    return made


def _check(model: nn.Module, options: Options) -> None:
    if not isinstance(model, nn.Module):
        raise TypeError(f"watch takes a torch.nn.Module, not {type(model).__name__}")
    if next(model.parameters(), None) is None:
        raise ValueError(f"{type(model).__name__} has no parameters: there is nothing to watch")
    if not 0 <= options.share <= 1:
        raise ValueError(f"share={options.share!r}: a share is 0 to 1")
    if options.on_nonfinite not in ("mark", "stop"):
        raise ValueError(f"on_nonfinite={options.on_nonfinite!r}: use mark or stop")


def _optimizers(given: Optimizer | Iterable[Optimizer] | None) -> list[Optimizer]:
    """Return the optimizers that were given, and those inside of wrappers such as Accelerate's."""
    if given is None:
        return []
    found: list[Optimizer] = []
    for optimizer in [given] if not isinstance(given, list | tuple) else given:
        inner = getattr(optimizer, "optimizer", None)
        known = [each for each in (optimizer, inner) if isinstance(each, Optimizer)]
        if known and known[0] is optimizer and is_stepping(optimizer):
            known = [optimizer]  # what steps inside of it is no update of its own
        if not known:
            raise TypeError(f"watch takes torch optimizers, not {type(optimizer).__name__}")
        found += known
    for optimizer in found:
        if (owner := ownership.owner(optimizer)) not in ("", OWNER):
            raise ValueError(f"this optimizer is recorded by mltrack.{owner} already")
    return found
