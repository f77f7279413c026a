"""Where an optimizer stands in the update that it makes."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

from torch import Tensor
from torch.optim import Optimizer

from mltrack_pytorch.loops.preparation import PREPARED


@dataclass(slots=True)
class State:
    """Where one optimizer stands in its update."""

    index: int  # in the order in which they were met
    is_known: bool = False  # its settings have been recorded
    is_measured: bool = False  # this update's gradients have been measured
    is_stepping: bool = False  # its `step` has begun, and not ended
    is_evaluating: bool = False  # and is in its closure
    clipped: set[int] = field(default_factory=set)  # ids of the parameters clipped since measured
    void: Tensor | None = None  # not zero if mixed precision leaves the update out
    scale: Tensor | None = None  # that of mixed precision
    _ids: frozenset[int] = frozenset()

    def reset(self) -> None:
        """Let another update begin."""
        self.is_measured = self.is_stepping = self.is_evaluating = False
        self.clipped = set()
        self.void = self.scale = None

    def parameters(self, optimizer: Optimizer) -> frozenset[int]:
        """Return the ids of the optimizer's parameters."""
        if len(self._ids) != sum(len(group["params"]) for group in optimizer.param_groups):
            self._ids = frozenset(map(id, parameters_of(optimizer)))
        return self._ids


def parameters_of(optimizer: Optimizer) -> list[Tensor]:
    """Return all parameters, in the optimizer's order."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def updates_made(optimizer: Optimizer) -> int:
    """Return how many updates an optimizer says to have made already: one that was resumed."""
    for state in optimizer.state.values():
        made = state.get("step") if isinstance(state, dict) else None
        if isinstance(made, Tensor | int | float):
            count = int(made)  # of a tensor on an accelerator this waits, once in the training
            return 0 if count == 1 and optimizer in PREPARED else count
    return 0
