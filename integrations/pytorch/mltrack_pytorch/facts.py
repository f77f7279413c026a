"""What is recorded once: the model, the optimizer as it was made, and how PyTorch is set."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import torch
from torch import nn
from torch.optim import Optimizer

from mltrack_core import Tracker
from mltrack_pytorch.measures import names

_DEPTH_MAX: Final = 3  # of the tree of modules that is shown
_LINES_MAX: Final = 200


def record(run: Tracker, optimizer: Optimizer, index: int, models: Sequence[nn.Module]) -> None:
    """Record what is known when an optimizer's first update begins."""
    several = f"{index}." if index else ""
    run.log_params(
        {f"{several}{name}": value for name, value in of_optimizer(optimizer).items()},
        namespace="torch.optimizer",
    )
    if index == 0:
        run.log_params(framework(), namespace="framework")
        if models:
            run.log_params(of_models(models), namespace="model")


def framework() -> dict[str, object]:
    """Return which PyTorch this is, and what of its settings decides speed and exact results."""
    backends = torch.backends
    return {
        "name": "pytorch",
        "version": str(torch.__version__),
        "cuda": torch.version.cuda or "",
        "cudnn.benchmark": backends.cudnn.benchmark,
        "cudnn.deterministic": backends.cudnn.deterministic,
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "default_dtype": str(torch.get_default_dtype()).removeprefix("torch."),
        "threads": torch.get_num_threads(),
    }


def of_optimizer(optimizer: Optimizer) -> dict[str, object]:
    """Return the class of an optimizer, its settings, and where groups differ from them."""
    found: dict[str, object] = {"class": type(optimizer).__name__, **optimizer.defaults}
    groups = zip(names.of_groups(optimizer), optimizer.param_groups, strict=True)
    for name, group in groups:
        for setting, value in group.items():
            if setting in ("params", "param_names", "name"):
                continue
            if setting not in optimizer.defaults or not _equal(value, optimizer.defaults[setting]):
                found[f"group.{name}.{setting}"] = value
    return found


def of_scheduler(scheduler: object) -> dict[str, object]:
    """Return the class of a learning rate's scheduler, and what it is set to."""
    settings = {
        name: value
        for name, value in vars(scheduler).items()
        if not name.startswith("_") and isinstance(value, bool | int | float | str | list)
    }
    return {"class": type(scheduler).__name__, **settings}


def of_models(models: Sequence[nn.Module]) -> dict[str, object]:
    """Return what models are: class, size, tree of modules. Nothing of them is run."""
    parameters = {id(p): p for model in models for p in model.parameters()}.values()
    kinds: dict[str, int] = {}
    for parameter in parameters:
        kind = str(parameter.dtype).removeprefix("torch.")
        kinds[kind] = kinds.get(kind, 0) + parameter.numel() * parameter.element_size()
    shapes = [
        (names.clean(name), tuple(parameter.shape), str(parameter.dtype))
        for model in models
        for name, parameter in model.named_parameters()
    ]
    return {
        "class": ", ".join(type(names.unwrapped(model)).__name__ for model in models),
        "parameters": sum(parameter.numel() for parameter in parameters),
        "trainable": sum(p.numel() for p in parameters if p.requires_grad),
        "tensors": len(parameters),
        "buffers": sum(buffer.numel() for model in models for buffer in model.buffers()),
        "bytes": kinds,
        "shapes_sha256": hashlib.sha256(repr(shapes).encode()).hexdigest(),
        "summary": "\n".join(line for model in models for line in _tree(names.unwrapped(model))),
    }


def _tree(model: nn.Module) -> list[str]:
    """Return a line for each module, as deep as is readable."""
    lines = []
    for path, module in model.named_modules():
        depth = path.count(".") + 1 if path else 0
        if depth <= _DEPTH_MAX:
            size = sum(parameter.numel() for parameter in module.parameters())
            name = path.rpartition(".")[2]
            label = f"{name}: {type(module).__name__}" if name else type(module).__name__
            lines.append(f"{'  ' * depth}{label} ({size:,})" if size else f"{'  ' * depth}{label}")
    if len(lines) > _LINES_MAX:
        lines[_LINES_MAX:] = [f"… {len(lines) - _LINES_MAX} more"]
    return lines


def _equal(first: object, second: object) -> bool:
    """Tell whether two settings are the same; tensors are not compared, which could wait."""
    if isinstance(first, torch.Tensor) or isinstance(second, torch.Tensor):
        return first is second
    return bool(first == second)
