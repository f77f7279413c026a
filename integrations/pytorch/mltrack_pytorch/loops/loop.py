"""One training loop: counts its updates, and tells the observer what happens around each."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import Final
from weakref import WeakKeyDictionary
from weakref import ref

from torch import Tensor
from torch import nn
from torch.optim import Optimizer

import mltrack_core
from mltrack_core import Guard
from mltrack_core import NullTracker
from mltrack_core import Tracker
from mltrack_core import autolog
from mltrack_core import updates
from mltrack_core.budget import SHARE
from mltrack_core.health import Health
from mltrack_core.health import OnNonfinite
from mltrack_core.origins import Origin
from mltrack_pytorch import facts
from mltrack_pytorch import finding
from mltrack_pytorch.deferral import ARRIVALS
from mltrack_pytorch.loops.intake import Intake
from mltrack_pytorch.loops.pace import Pace
from mltrack_pytorch.loops.rates import Rates
from mltrack_pytorch.loops.state import State
from mltrack_pytorch.loops.state import parameters_of
from mltrack_pytorch.loops.state import updates_made
from mltrack_pytorch.measures.pieces import pieces
from mltrack_pytorch.measures.settings import settings
from mltrack_pytorch.observer import Observer
from mltrack_pytorch.rank import rank

_CHEAP: Final = 0.2  # of what may be spent, for learning rates and pace; the observer has the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a training is watched; see `watch`."""

    histograms: bool = True
    share: float = SHARE
    on_nonfinite: OnNonfinite = "mark"


class Loop:
    """A training loop that calls `step` of one or more optimizers.

    Its run is joined at the first update: until then nobody knows whether this process trains, and
    which of several it is. Other ranks than 0 record nothing; they only take part in measuring what
    is spread over all of them.

    Args:
        run: What to record to. None: the active run, or a new one.
        options: How to watch it.
        intake: What is known of its batches and losses, where it is watched without being asked.
        schedulers: Those of learning rates, by optimizer.
        are_several: More than one optimizer will step.
        origin: Of the checkpoint that the training goes on from.
    """

    def __init__(
        self,
        run: Tracker | None,
        options: Options,
        *,
        intake: Intake | None = None,
        schedulers: Mapping[Optimizer, list[ref[Any]]] | None = None,
        are_several: bool = False,
        origin: Origin | None = None,
    ) -> None:
        self.updates = 0  # made, by all optimizers together
        self._intake = intake
        self.pace = Pace() if intake is None else intake.pace
        self.guard = Guard()
        self.options = options
        self.run: Tracker | None = None  # before the first update
        self._given, self._schedulers = run, schedulers or {}
        self._are_several, self._origin = are_several, origin
        self._models: list[ref[nn.Module]] = []
        self._states: WeakKeyDictionary[Optimizer, State] = WeakKeyDictionary()
        self._observer: Observer | None = None
        self._health: Health | None = None
        self._rates = Rates(options.share * _CHEAP)
        self._early: set[int] = set()  # ids of parameters clipped before their optimizer was known
        self._is_spread = False  # parameters are spread over processes

    @property
    def has_optimizers(self) -> bool:
        """Whether one of them is alive."""
        return len(self._states) > 0

    def is_on(self) -> bool:
        """Tell whether it is to be recorded now: what nobody has asked for can be paused."""
        return self._intake is None or autolog.is_active("pytorch")

    @property
    def has_ended(self) -> bool:
        """Whether the run has."""
        return bool(getattr(self.run, "has_ended", False))

    @property
    def should_stop(self) -> bool:
        """Whether something was not finite, and that was to end the training."""
        return self._health is not None and self._health.should_stop

    def belongs_to(self, run: Tracker | None) -> bool:
        """Tell whether the loop records, or will record, to *run*; None is a new one."""
        own = self._given if self._given is not None else self.run
        return own is None or own is run

    def include(self, model: nn.Module) -> None:
        """Call parameters as *model* does."""
        if not any(known is model for known in self.models()):
            self._models.append(ref(model))
            if self._observer is not None:
                self._observer.include(model)

    def adopt(self, optimizer: Optimizer) -> None:
        """Expect updates of *optimizer*."""
        if optimizer not in self._states:
            self._states[optimizer] = State(len(self._states))
            if self._observer is not None:
                self._observer.expect([optimizer])

    def models(self) -> list[nn.Module]:
        """Return the models that are known."""
        return [model for model in (known() for known in self._models) if model is not None]

    def missed(self, parameters: set[int]) -> None:
        """Take note of parameters, by id, that were clipped before anything could be measured."""
        self._early |= parameters

    # ---- an update, in the order in which it happens ----

    def clipping(self, parameters: Sequence[Tensor], max_norm: float, norm: Tensor) -> None:
        """Measure gradients that are about to be clipped."""
        ids = {id(parameter) for parameter in parameters if parameter.grad is not None}
        self._early |= ids  # perhaps of an optimizer that nobody has met yet
        for optimizer in list(self._states):
            own = ids & self._states[optimizer].parameters(optimizer)
            self._early -= own
            if not own:
                continue
            state = self._state(optimizer)
            if self._observer is None:
                continue
            if state.is_stepping and not state.is_evaluating:
                self._abandon(optimizer, state)
            # A second call for other parameters finds the first ones clipped already. A second
            # call for the same ones is for gradients that have grown since.
            if not state.clipped or own & state.clipped:
                self._measure(optimizer, state)
                state.clipped = set()
            state.clipped |= own
            whole = sum(parameter.grad is not None for parameter in parameters_of(optimizer))
            if len(own) == whole:
                plain = None if hasattr(type(norm), "to_local") else norm
                self._observer.clipped(max_norm, plain, optimizer=optimizer)

    def begin(self, optimizer: Optimizer, *, has_closure: bool) -> None:
        """Measure the gradients of an update, unless that was done when they were clipped."""
        state = self._state(optimizer)
        if state.is_stepping:
            self._abandon(optimizer, state)
        if self._early and not self._early.isdisjoint(own := state.parameters(optimizer)):
            self._early -= own  # too late to measure what they were: this update stays unknown
        elif not state.clipped and not has_closure:
            self._measure(optimizer, state)
        state.is_stepping = True
        state.void = getattr(optimizer, "found_inf", None)

    def evaluate(self, optimizer: Optimizer, closure: Callable[[], Any]) -> Any:
        """Return what a closure returns, and measure the gradients that it leaves."""
        state = self._states.get(optimizer)
        if state is None:
            return closure()
        state.is_evaluating, state.clipped = True, set()
        try:
            result = closure()
        finally:
            state.is_evaluating = False
        with self.guard("optimizer.step(closure)"):
            if not state.clipped:
                self._measure(optimizer, state)
        return result

    def complete(self, optimizer: Optimizer) -> None:
        """Record an update that has been made."""
        state = self._states[optimizer]
        self.updates += 1
        self.pace.update()
        if self._observer is not None and self._health is not None:
            values: dict[str, Tensor | float] = {}
            if state.is_measured:
                values |= self._look_at_pace(self._health)
                if state.scale is not None:
                    values["amp/scale"] = state.scale
            self._log_loss(self.updates, optimizer)
            self._observer.after_update(
                optimizer, step=self.updates, void=state.void, values=values
            )
            self._log_rates(optimizer, state)
        state.reset()

    # ---- mixed precision ----

    def scaled_step(self, optimizer: Optimizer, scale: Tensor | None, *, is_scaled: bool) -> int:
        """Take note that a GradScaler steps; return the updates made until then.

        Args:
            optimizer: Whose step it may call.
            scale: The gradients' scale now.
            is_scaled: Nobody has unscaled them yet: if they were measured, it was too early.
        """
        state = self._state(optimizer)
        if is_scaled and state.clipped and self._observer is not None:
            self._observer.discard(optimizer)
            state.clipped = set()
        state.scale = None if scale is None else scale.detach().clone()
        return self.updates

    def scaled_step_done(self, optimizer: Optimizer, before: int) -> None:
        """Take note that it has; if there was no update, it was left out."""
        if self.updates == before and self._observer is not None:
            state = self._state(optimizer)
            self._abandon(optimizer, state)
            self._log_loss(self.updates + 1, optimizer)
            self._observer.skipped(self.updates)

    # ---- its end ----

    def close(self) -> None:
        """Record everything, and forget the optimizers."""
        if self._observer is not None:
            self._observer.close()
        if self.run is not None:
            updates.unfollow(self.run.id, self._count)
        self._states.clear()

    # ---- below ----

    def _state(self, optimizer: Optimizer) -> State:
        self._join(optimizer)
        self.adopt(optimizer)
        state = self._states[optimizer]
        if not state.is_known:
            state.is_known = True
            if self._origin is None:  # else it is known how many all of them have made
                self.updates += updates_made(optimizer)
            if self.run is not None:
                with self.guard("facts"):
                    self._record_facts(self.run, optimizer, state.index)
        return state

    def _record_facts(self, run: Tracker, optimizer: Optimizer, index: int) -> None:
        facts.record(run, optimizer, index, self.models())
        schedulers = [known() for known in self._schedulers.get(optimizer, ())]
        for scheduler in schedulers:
            if scheduler is not None:
                run.log_params(facts.of_scheduler(scheduler), namespace="torch.scheduler")
        if self._intake is not None and self._intake.facts:
            run.log_params(self._intake.facts, namespace="torch.data")

    def _join(self, optimizer: Optimizer) -> None:
        """Find the run, at the first update and where another one has begun since."""
        if self.run is not None and not self._is_over():
            return
        before = self.run
        is_spread = any(piece.spread is not None for piece in pieces(parameters_of(optimizer)))
        if rank() > 0 or (before is not None and mltrack_core.active_run() is None):
            self.run = NullTracker()
        else:
            self.run = self._joined(before)
        if before is not None:
            self.updates, self._observer, self._origin = 0, None, None
            self._states.clear()
        if not self.run.id and not is_spread:
            return  # nothing is recorded here, and nobody waits for what is measured here
        self._is_spread = is_spread
        self._health = Health(self.run, on_nonfinite=self.options.on_nonfinite)
        self._observer = Observer(
            self.run,
            guard=self.guard,
            health=self._health,
            histograms=self.options.histograms,
            share=self.options.share * (1 - _CHEAP),
            arrivals=ARRIVALS,
        )
        for model in self.models():
            self._observer.include(model)
        stepping = [known for known in self._states if finding.is_stepping(known)]
        self._observer.expect(stepping, are_several=self._are_several)
        updates.follow(self.run.id, self._count)

    def _joined(self, before: Tracker | None) -> Tracker:
        """Join a run: that of the checkpoint which the training goes on from, if it can be."""
        origin = self._origin if before is None else None
        options = {"id": origin.run} if origin is not None and origin.goes_on else {}
        run, _ = mltrack_core.join_run(self._given, before, options, is_training=True)
        if origin is not None:
            self.updates = origin.step
            if run.id != origin.run:
                known = {"run": origin.run, "step": origin.step}
                run.log_params(known, namespace="torch.resumed_from")
        return run

    def _is_over(self) -> bool:
        """Tell whether the run has ended, or another one has begun."""
        if self._given is not None or self._is_spread or self.run is None or not self.run.id:
            return False  # processes that measure together must go on doing so
        return mltrack_core.active_run() is not self.run

    def _count(self) -> int:
        return self.updates

    def _measure(self, optimizer: Optimizer, state: State) -> None:
        if self._observer is not None:
            state.is_measured = self._observer.before_update(
                optimizer,
                step=self.updates + 1,
                scale=getattr(optimizer, "grad_scale", None),
                **self.pace.axes(),
            )

    def _abandon(self, optimizer: Optimizer, state: State) -> None:
        """Forget a step that an exception has left, or that was left out."""
        if self._observer is not None:
            self._observer.discard(optimizer)
        state.reset()

    def _log_rates(self, optimizer: Optimizer, state: State) -> None:
        """Record what costs next to nothing, at more updates than the observer measures."""
        assert self.run is not None
        assert self._observer is not None
        assert self._health is not None
        if not self.run.id or not self._rates.is_due(optimizer, is_recorded=state.is_measured):
            return
        if state.void is not None:
            return  # nobody knows yet whether this is an update
        began_s = time.perf_counter()
        own = self._observer.prefix(optimizer) or "opt/"
        rates = {
            f"{own}{name.removeprefix('opt/')}": value
            for name, value in settings(optimizer).items()
            if not isinstance(value, Tensor)
        }
        pace = self._look_at_pace(self._health)
        self.run.log({**rates, **pace}, step=self.updates, **self.pace.axes())
        if (interval := self._rates.spent(time.perf_counter() - began_s)) is not None:
            said = {"pytorch.updates_between_learning_rates": interval}
            self.run.log_params(said, namespace="capture")

    def _look_at_pace(self, health: Health) -> dict[str, float]:
        """Return the pace since the last look, and let *health* know of waiting."""
        pace = self.pace.look()
        if "perf/wait_s" in pace:
            health.waiting(pace["perf/wait_s"], pace["perf/step_s"], self.updates)
        return pace

    def _log_loss(self, step: int, optimizer: Optimizer) -> None:
        """Record the mean of what has been passed to `backward` since the last update."""
        loss = None if self._intake is None else self._intake.losses.take()
        if loss is None:
            return
        assert self._observer is not None
        name = f"{self._observer.prefix(optimizer) or 'train/'}backward_loss"
        axes = self.pace.axes()

        def record(values: list[list[float]]) -> None:
            assert self.run is not None
            with self.guard("backward"):
                self.run.log({name: values[0][0]}, step=step, **axes)
                if self._health is not None:
                    self._health.loss(values[0][0], step)

        ARRIVALS.put([loss], record)
