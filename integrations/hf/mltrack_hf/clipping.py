"""The moment before gradients are clipped, while a training goes on.

The Trainer has no hook there: when it calls `on_pre_optimizer_step`, gradients are clipped already,
and what they were cannot be had back. But it clips by PyTorch's `clip_grad_norm_`, at every update
even where nothing is to be clipped, so this function is replaced by one that tells us first. Only
while one of our callbacks is in a training; whatever else calls it then gets what it always got.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import GeneratorType
from typing import Any
from typing import Final
from typing import Protocol
from weakref import WeakSet

import torch


class Listener(Protocol):
    """Who wants to know."""

    def owns(self, parameter: object) -> bool:
        """Tell whether *parameter* is one that is watched."""

    def before_clipping(self) -> None:
        """Gradients are complete, reduced and unscaled. Raises nothing."""

    def clipped(self, max_norm: float, norm: torch.Tensor) -> None:
        """They are clipped now, and had *norm* before. Raises nothing."""


_listeners: Final[WeakSet[Any]] = WeakSet()


def listen(listener: Listener) -> None:
    """Tell *listener* of clipping from now on, until `leave` or until nobody holds it any more."""
    if not getattr(torch.nn.utils.clip_grad_norm_, "is_mltrack_hf", False):
        torch.nn.utils.clip_grad_norm_ = _telling(torch.nn.utils.clip_grad_norm_)
    _listeners.add(listener)


def leave(listener: Listener) -> None:
    """Tell *listener* no more; after the last one, PyTorch's function is back in its place."""
    _listeners.discard(listener)
    present = torch.nn.utils.clip_grad_norm_
    if not _listeners and getattr(present, "is_mltrack_hf", False):
        torch.nn.utils.clip_grad_norm_ = present.__wrapped__


def _telling(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def clip_grad_norm_(*args: Any, **kwargs: Any) -> Any:
        parameters = args[0] if args else kwargs.get("parameters")
        if isinstance(parameters, GeneratorType):
            # An older Accelerate hands on the generator that it was given. Looking consumes it.
            parameters = list(parameters)
            again = (parameter for parameter in parameters)
            args, kwargs = (
                ((again, *args[1:]), kwargs) if args else (args, {**kwargs, "parameters": again})
            )
        listed = parameters if isinstance(parameters, list) else ()
        trained = next((p for p in listed if p.requires_grad), None)  # adapters come after others
        found = next((one for one in _listeners if one.owns(trained)), None)
        if found is None:
            return original(*args, **kwargs)
        found.before_clipping()
        norm = original(*args, **kwargs)
        max_norm = args[1] if len(args) > 1 else kwargs.get("max_norm")
        if isinstance(max_norm, int | float) and isinstance(norm, torch.Tensor):
            found.clipped(float(max_norm), norm)
        return norm

    clip_grad_norm_.is_mltrack_hf = True  # type: ignore[attr-defined]  # it is ours to mark
    return clip_grad_norm_
