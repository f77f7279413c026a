"""Where a trainer stands: the axes of its charts, continuous through several trainers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Position:
    """Updates and fits of one logger's run.

    Lightning counts windows of accumulated batches from 0, however many optimizers step in each;
    the step here is their number, from 1.
    """

    updates: int = 0  # made so far
    fits: int = 0  # begun so far
    offset: int = 0  # updates made before the present trainer counted from 0

    def begin_trainer(self) -> None:
        """Place a trainer that is new: what it does comes after what was done so far."""
        self.offset = self.updates

    def resume(self, step: int, offset: int) -> bool:
        """Place a trainer that was restored; tell whether that is back from where we were."""
        is_back = step < self.updates
        self.updates, self.offset = step, offset
        return is_back

    def complete(self, trainer: Any) -> int:
        """Take note that the trainer's present window has stepped; return the step that this is."""
        self.updates = max(self.updates, self.present(trainer))
        return self.updates

    def present(self, trainer: Any) -> int:
        """Return the step of the update under way."""
        return self.offset + windows(trainer) + 1


def windows(trainer: Any) -> int:
    """Return Lightning's step: the windows that are done with, from 0, validation included."""
    return int(trainer.fit_loop.epoch_loop._batches_that_stepped)


def axes(trainer: Any) -> dict[str, float]:
    """Return what else is known of where *trainer* stands: epoch and batch, complete ones."""
    loop = trainer.fit_loop
    if not loop.epoch_loop.batch_progress.total.ready:
        return {}  # it has never trained
    epochs, batches = loop.epoch_progress.current, loop.epoch_loop.batch_progress
    epoch = float(epochs.processed)
    if epochs.started > epochs.processed and 0 < trainer.num_training_batches < math.inf:
        epoch += min(batches.current.ready / trainer.num_training_batches, 1.0)
    return {"epoch": epoch, "batch": batches.total.ready}
