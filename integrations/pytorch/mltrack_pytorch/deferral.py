"""What `run.log` asks about tensors: those on an accelerator are recorded when they are there."""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Mapping
from typing import Final

from torch import Tensor

from mltrack_core import deferral
from mltrack_pytorch.measures.arrivals import Arrivals

# Of this process, whichever training: what is logged and what is observed keeps its order.
ARRIVALS: Final = Arrivals()


class TensorDeferral:
    """Takes the numbers that are tensors on an accelerator."""

    def takes(self, value: object) -> bool:
        """Tell whether *value* is one number on an accelerator."""
        return (
            isinstance(value, Tensor)
            and value.device.type not in ("cpu", "meta")
            and value.numel() == 1
            and not value.is_complex()
            and not hasattr(type(value), "to_local")
        )

    def put(
        self, values: Mapping[str, object], then: Callable[[Mapping[str, float]], None]
    ) -> None:
        """Call *then* when they have been computed."""
        tensors = {name: value for name, value in values.items() if isinstance(value, Tensor)}
        ARRIVALS.put(
            list(tensors.values()),
            lambda arrived: then({n: v[0] for n, v in zip(tensors, arrived, strict=True)}),
        )

    def settle(self) -> None:
        """Wait for all of them."""
        ARRIVALS.collect(wait=True)


_DEFERRAL: Final = TensorDeferral()


def install() -> None:
    """Let runs take tensors without waiting for their device."""
    if deferral.registered() is not _DEFERRAL:
        deferral.register(_DEFERRAL)
        os.register_at_fork(after_in_child=ARRIVALS.forget)
