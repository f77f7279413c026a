"""Loops that nobody has said a word about: `mltrack run` and `mltrack.autolog()`."""

from __future__ import annotations

import gc
import sys
from types import FrameType
from typing import Any
from typing import Final
from weakref import WeakKeyDictionary
from weakref import WeakSet
from weakref import ref

from torch.optim import Optimizer

from mltrack_core import autolog
from mltrack_pytorch.finding import has_others
from mltrack_pytorch.finding import models_of
from mltrack_pytorch.loops.intake import Intake
from mltrack_pytorch.loops.loop import Loop
from mltrack_pytorch.loops.loop import Options
from mltrack_pytorch.zero_code.resuming import Resuming

PART: Final = "pytorch"
# Trainers that step with optimizers of PyTorch: their own integrations record them, and what they
# leave out (a search for a learning rate) is left out on purpose.
_TRAINERS: Final = ("lightning.pytorch", "pytorch_lightning", "transformers.trainer", "keras")


class Automatic:
    """Finds the loop of an optimizer that nobody records.

    One loop has all optimizers that live at the same time, as those of a GAN. When all of them are
    gone, the next one begins a training of its own.
    """

    def __init__(self) -> None:
        self.loop: Loop | None = None
        self.intake = Intake()
        self.resuming = Resuming()
        self.schedulers: WeakKeyDictionary[Optimizer, list[ref[Any]]] = WeakKeyDictionary()
        self._theirs: WeakSet[Optimizer] = WeakSet()  # that a trainer steps with

    def __call__(self, optimizer: Optimizer) -> Loop | None:
        """Return the loop of *optimizer*; None where it is a trainer's, or nothing is recorded."""
        if not autolog.is_active(PART):
            return None
        if optimizer in self._theirs or is_trainers(sys._getframe()):
            self._theirs.add(optimizer)
            self.intake.forget()
            return None
        if self.loop is not None and self.loop.has_optimizers:
            gc.collect()  # those of a training before this one may be garbage already
        if self.loop is None or self.loop.has_ended or not self.loop.has_optimizers:
            self.close()
            self.intake.renew()
            self.loop = Loop(
                None,
                Options(),
                intake=self.intake,
                schedulers=self.schedulers,
                are_several=has_others(optimizer, sys._getframe()),
                origin=self.resuming.origin_of(optimizer),
            )
        for model in models_of(optimizer, sys._getframe()):
            self.loop.include(model)
        return self.loop

    def close(self) -> None:
        """Record everything of the loop, and begin anew."""
        if self.loop is not None:
            with self.loop.guard("close"):
                self.loop.close()
        self.loop = None


def is_trainers(frame: FrameType | None) -> bool:
    """Tell whether a trainer with an integration of its own is among the callers."""
    while frame is not None:
        name = frame.f_globals.get("__name__")
        if isinstance(name, str) and name.startswith(_TRAINERS):
            return True
        frame = frame.f_back
    return False


AUTOMATIC: Final = Automatic()  # of this process
