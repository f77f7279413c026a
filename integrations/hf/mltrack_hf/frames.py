"""The call of the Trainer that a hook is part of.

The Trainer tells its callbacks neither who else listens nor which checkpoint it has loaded. Both
are read, never written, from the frames that lead to our hook; where the Trainer is built
differently one day, they are just not known. This is done once for a training, never in a step:
looking at a frame keeps what it holds alive for as long as the frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType
from typing import Final

from transformers import TrainerCallback
from transformers.trainer_callback import CallbackHandler

_FRAMES_MAX: Final = 20  # between our hook and train(): subclasses wrap it
_LOOP: Final = "_inner_training_loop"


def callbacks(frame: FrameType) -> tuple[TrainerCallback, ...]:
    """Return all callbacks of the Trainer that is calling *frame*, in its order."""
    for caller in _callers(frame):
        if isinstance(handler := caller.f_locals.get("self"), CallbackHandler):
            return tuple(handler.callbacks)
    return ()


def resumed_from(frame: FrameType) -> object:
    """Return what the training loop that is calling *frame* was given as its checkpoint."""
    for caller in _callers(frame):
        if caller.f_code.co_name == _LOOP:
            return caller.f_locals.get("resume_from_checkpoint")
    return None


def _callers(frame: FrameType) -> Iterator[FrameType]:
    caller: FrameType | None = frame
    for _ in range(_FRAMES_MAX):
        if caller is None:
            return
        yield caller
        caller = caller.f_back
