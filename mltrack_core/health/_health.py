"""The doctor of one training: listens to what its integration measures anyway."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal
from typing import get_args

from mltrack_core.health._gradients import Dead
from mltrack_core.health._gradients import Exploding
from mltrack_core.health._gradients import LargeUpdates
from mltrack_core.health._gradients import Vanishing
from mltrack_core.health._loss import Diverging
from mltrack_core.health._loss import Stalled
from mltrack_core.health._mark import Mark
from mltrack_core.health._mark import listed
from mltrack_core.health._waiting import Starved
from mltrack_core.tracker import Tracker

OnNonfinite = Literal["mark", "stop"]


class Health:
    """Marks on a run what looks wrong with its training; each kind of mark once.

    It is told numbers that are on the host already, costs a few microseconds for each, and never
    stops a training: with `on_nonfinite="stop"` it says in `should_stop` that one is to be stopped.

    Args:
        run: Gets the marks, as alerts of the kinds that docs/health.md lists.
        on_nonfinite: What to do about a loss or gradient that is NaN or infinite.
    """

    def __init__(self, run: Tracker, *, on_nonfinite: OnNonfinite = "mark") -> None:
        if on_nonfinite not in get_args(OnNonfinite):
            raise ValueError(f"on_nonfinite={on_nonfinite!r}: use mark or stop")
        self.should_stop = False  # something was not finite, and that was to end the training
        self._run, self._on_nonfinite = run, on_nonfinite
        self._marked: set[str] = set()
        self._last_loss: tuple[float, int] | None = None  # the last finite one, and its step
        self._diverging, self._stalled = Diverging(), Stalled()
        self._exploding, self._vanishing = Exploding(), Vanishing()
        self._updates, self._dead, self._starved = LargeUpdates(), Dead(), Starved()

    def loss(self, value: float, step: int) -> None:
        """Take note of a training loss."""
        if not math.isfinite(value):
            self._nonfinite(f"The loss is {value}", step)
            return
        self._last_loss = value, step
        self._mark(self._diverging.observe(value, step), step)
        self._mark(self._stalled.observe(value, step), step)

    def gradients(self, norm: float, step: int, layers: Mapping[str, float] | None = None) -> None:
        """Take note of gradient norms before clipping: of all together, and of each layer."""
        layers = layers or {}
        if not math.isfinite(norm):
            broken = [name for name, value in layers.items() if not math.isfinite(value)]
            where = f" in {listed(broken)}" if broken else ""
            self._nonfinite(f"The gradient is {norm}{where}", step)
            return
        self._mark(self._exploding.observe(norm, step, layers), step)
        self._mark(self._vanishing.observe(norm, step, layers), step)

    def updates(self, ratios: Mapping[str, float], step: int) -> None:
        """Take note of how large each layer's update is, as a share of its weights' norm."""
        self._mark(self._updates.observe(ratios, step), step)

    def zeros(self, shares: Mapping[str, float], step: int) -> None:
        """Take note of which share of each layer's gradient is exactly zero.

        Leave embeddings out: most of their rows have no gradient in a sound training.
        """
        self._mark(self._dead.observe(shares, step), step)

    def waiting(self, wait_s: float, step_s: float, step: int) -> None:
        """Take note of how long a step took, and how long of that it waited for data."""
        self._mark(self._starved.observe(wait_s, step_s, step), step)

    def _nonfinite(self, title: str, step: int) -> None:
        """Mark the first value that is no number."""
        self.should_stop = self._on_nonfinite == "stop"
        evidence = f"First seen at step {step}."
        if self._last_loss is not None:
            evidence += f" The last finite loss was {self._last_loss[0]:.6g} at step "
            evidence += f"{self._last_loss[1]}."
        evidence += " A lower learning rate, clipped gradients or a wider number format may help."
        mark = Mark(kind="health.nonfinite", level="error", title=title, evidence=evidence)
        self._mark(mark, step)

    def _mark(self, mark: Mark | None, step: int) -> None:
        if mark is not None and mark.kind not in self._marked:
            self._marked.add(mark.kind)
            self._run.alert(mark.title, mark.evidence, level=mark.level, step=step, kind=mark.kind)
