"""What an optimizer is set to, update by update: learning rates and momentum."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor
from torch.optim import Optimizer

from mltrack_pytorch.measures import names


def settings(optimizer: Optimizer) -> dict[str, Tensor | float]:
    """Return learning rate and momentum of each group, by metric name.

    A rate that is a tensor stays one, on its device.
    """
    found: dict[str, Tensor | float] = {}
    groups = names.of_groups(optimizer)
    for name, group in zip(groups, optimizer.param_groups, strict=True):
        of_group = f"/{name}" if len(groups) > 1 else ""
        rate, momentum = group.get("lr"), _momentum(group)
        if rate is not None:
            found[f"opt/learning_rate{of_group}"] = kept(rate)
        if momentum is not None:
            found[f"opt/momentum{of_group}"] = kept(momentum)
    return found


def kept(value: Tensor | float) -> Tensor | float:
    """Return *value*; of a tensor a copy, for its owner may write into it."""
    return value.detach().clone() if isinstance(value, Tensor) else float(value)


def _momentum(group: Mapping[str, object]) -> Tensor | float | None:
    """Return the share of the former direction that an update keeps; None where there is none."""
    momentum = group.get("momentum")
    betas = group.get("betas")
    if momentum is None and isinstance(betas, tuple | list) and betas:
        momentum = betas[0]
    return momentum if isinstance(momentum, Tensor | int | float) else None
