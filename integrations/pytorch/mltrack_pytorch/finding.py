"""Which models an optimizer trains, and which others train with it, where nobody has said so."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from collections.abc import Iterator
from types import FrameType
from typing import TypeVar
from typing import cast

from torch import nn
from torch.optim import Optimizer

_MODELS_MAX = 8

T = TypeVar("T")


def models_of(optimizer: Optimizer, frame: FrameType | None) -> list[nn.Module]:
    """Return the models that hold an optimizer's parameters, as large ones as there are.

    They are looked for where the step was called from: in variables, and in the attributes of
    objects there, such as `self.model`. Where that does not find them all, every object of the
    process is looked through, which may take a tenth of a second, once.
    """
    missing = {id(p) for group in optimizer.param_groups for p in group["params"]}
    found: list[nn.Module] = []
    for values in (_seen(frame), _in_memory()):
        holders = [(model, _ids(model)) for model in _of_type(nn.Module, values)]
        while missing and len(found) < _MODELS_MAX:
            model, own = max(
                holders, key=lambda holder: len(holder[1] & missing), default=(None, set())
            )
            if model is None or not own & missing:
                break
            found.append(model)
            missing -= own
        if not missing:
            break
    return found


def is_stepping(optimizer: Optimizer) -> bool:
    """Tell whether hooks are called around its steps; around those of a wrapper they may not be."""
    return hasattr(type(optimizer).step, "hooked")


def has_others(optimizer: Optimizer, frame: FrameType | None) -> bool:
    """Tell whether there are optimizers of other parameters where the step was called from."""
    own = {id(p) for group in optimizer.param_groups for p in group["params"]}
    return any(
        is_stepping(other)
        and own.isdisjoint(id(p) for group in other.param_groups for p in group["params"])
        for other in _of_type(Optimizer, _seen(frame))
    )


def _ids(model: nn.Module) -> set[int]:
    return {id(parameter) for parameter in model.parameters()}


def _seen(frame: FrameType | None) -> Iterator[object]:
    """Yield what the callers' variables hold, and the attributes of that."""
    while frame is not None:
        values = list(frame.f_locals.values())
        yield from values
        for value in values:
            if not isinstance(value, type) and hasattr(type(value), "__dict__"):
                yield from list(getattr(value, "__dict__", {}).values())
        frame = frame.f_back


def _of_type(kind: type[T], values: Iterable[object]) -> Iterator[T]:
    """Yield those of a class; told by type, as proxies may do anything when asked."""
    return (cast("T", value) for value in values if issubclass(type(value), kind))


def _in_memory() -> Iterator[object]:
    yield from gc.get_objects()
