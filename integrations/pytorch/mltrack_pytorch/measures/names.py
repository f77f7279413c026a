"""What parameters are called: as their model does, whatever it has been wrapped in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from torch import nn
from torch.optim import Optimizer

# What DistributedDataParallel, torch.compile, FSDP and activation checkpointing put in between.
_WRAPPERS: Final = frozenset(
    ("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
)


def clean(name: str) -> str:
    """Return a parameter's name without the parts that wrappers have added."""
    return ".".join(part for part in name.split(".") if part not in _WRAPPERS) or name


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the model inside DistributedDataParallel, torch.compile and their like."""
    while True:
        inner = next((child for name, child in model.named_children() if name in _WRAPPERS), None)
        if inner is None or len(list(model.children())) != 1:
            return model
        model = inner


def of_models(models: Sequence[nn.Module]) -> dict[int, str]:
    """Return the name of each parameter by its `id`; of several models under their class.

    A parameter that several modules share has the first one's name.
    """
    found: dict[int, str] = {}
    classes: dict[str, int] = {}
    for model in models:
        prefix = ""
        if len(models) > 1:
            kind = type(unwrapped(model)).__name__
            count = classes[kind] = classes.get(kind, 0) + 1
            prefix = f"{kind}." if count == 1 else f"{kind}_{count}."
        for name, parameter in model.named_parameters():
            found.setdefault(id(parameter), prefix + clean(name))
    return found


def of_optimizer(optimizer: Optimizer) -> dict[int, str]:
    """Return what an optimizer alone knows: the names it was built with, else their places."""
    found: dict[int, str] = {}
    for index, group in enumerate(optimizer.param_groups):
        known = group.get("param_names") or ()
        for place, parameter in enumerate(group["params"]):
            found[id(parameter)] = (
                clean(known[place]) if place < len(known) else f"group{index}.{place}"
            )
    return found


def of_groups(optimizer: Optimizer) -> list[str]:
    """Return the name of each parameter group: its own one where it has one, else its place."""
    return [str(group.get("name", index)) for index, group in enumerate(optimizer.param_groups)]


def coarsened(names: Sequence[str], count_max: int) -> list[str]:
    """Return for each of *names* the name of what it is shown with, so that they are few enough.

    A model of very many parameters is shown by module: as deep in the tree as *count_max* allows.
    """
    if len(set(names)) <= count_max:
        return list(names)
    paths = [name.split(".") for name in names]
    for depth in range(max(map(len, paths)) - 1, 0, -1):
        shown = [".".join(path[:-1][:depth]) or path[0] for path in paths]
        if len(set(shown)) <= count_max:
            return shown
    return ["all"] * len(names)
