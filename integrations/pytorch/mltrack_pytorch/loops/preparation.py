"""Steps that are no updates: PyTorch makes one for an optimizer to have a state to be loaded into.

`get_optimizer_state_dict` and `set_optimizer_state_dict` of torch.distributed.checkpoint step with
gradients and rates of 0 where an optimizer has never stepped. Adam counts that step, we do not.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Final
from weakref import WeakSet

from torch.optim import Optimizer

_MODULE: Final = "torch.distributed.checkpoint.state_dict"
_FUNCTION: Final = "_init_optim_state"
_DEPTH_MAX: Final = 16  # frames between it and a hook: those of hooks, profilers and schedulers

PREPARED: Final[WeakSet[Optimizer]] = WeakSet()  # that have made such a step


def is_under_way(frame: FrameType | None) -> bool:
    """Tell whether such a step is what calls; where nobody has imported that module, at no cost."""
    if _MODULE not in sys.modules:
        return False
    for _ in range(_DEPTH_MAX):
        if frame is None:
            return False
        if frame.f_code.co_name == _FUNCTION and frame.f_globals.get("__name__") == _MODULE:
            return True
        frame = frame.f_back
    return False
