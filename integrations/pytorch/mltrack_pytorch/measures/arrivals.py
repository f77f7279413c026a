"""Values on their way from a device to the host: taken now, read once they are there."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

Numbers = list[float]  # or ints, where the tensor held such

WAITING_MAX: Final = 64  # deliveries; a host that is further ahead of its device may as well wait


def is_capturing() -> bool:
    """Tell whether a CUDA graph is being captured: then no event may be asked, nothing copied."""
    return bool(torch.cuda.is_initialized() and torch.cuda.is_current_stream_capturing())


class Arrivals:
    """Reads tensors without waiting for the device that computes them. Thread-safe.

    On CUDA the values are copied to pinned memory in the stream's own order, and read when the
    copy's event has passed. On the CPU they are there at once. On other accelerators they are read
    some deliveries later, when they have long been computed. Deliveries keep their order.
    """

    def __init__(self) -> None:
        self._waiting: deque[_Delivery] = deque()
        self._lock = threading.RLock()  # what a delivery is for may put another one

    def put(self, tensors: Sequence[Tensor], then: Callable[[list[Numbers]], None]) -> None:
        """Call *then* with the values of each of *tensors*, now or in a later call of `collect`.

        The values are those of now: what happens to the tensors afterwards does not matter.
        """
        with self._lock:
            self._waiting.append(_Delivery(tensors, then))
            self.collect()

    def collect(self, *, wait: bool = False) -> None:
        """Deliver what has arrived; with *wait*, everything."""
        if not self._waiting or is_capturing():
            return
        with self._lock:
            while self._waiting and (
                wait or len(self._waiting) > WAITING_MAX or self._waiting[0].is_here()
            ):
                delivery = self._waiting.popleft()
                delivery.then(delivery.values())

    def forget(self) -> None:
        """Drop what has not arrived: in a forked child it is the parent's."""
        self._lock = threading.RLock()
        self._waiting.clear()


class _Delivery:
    """Tensors of one call, on their way."""

    def __init__(self, tensors: Sequence[Tensor], then: Callable[[list[Numbers]], None]) -> None:
        self.then = then
        self._sizes = [tensor.numel() for tensor in tensors]
        self._parts: list[_Part] = []
        where: dict[tuple[torch.device, torch.dtype], list[int]] = {}
        for index, tensor in enumerate(tensors):
            where.setdefault((tensor.device, tensor.dtype), []).append(index)
        for (device, _), indices in where.items():
            flat = [tensors[index].detach().reshape(-1) for index in indices]
            self._parts.append(_Part(indices, flat, device))

    def is_here(self) -> bool:
        return all(part.is_here() for part in self._parts)

    def values(self) -> list[Numbers]:
        found: list[Numbers] = [[] for _ in self._sizes]
        for part in self._parts:
            numbers, begin = part.numbers(), 0
            for index in part.indices:
                end = begin + self._sizes[index]
                found[index] = numbers[begin:end]
                begin = end
        return found


class _Part:
    """What of a delivery is on one device, of one type."""

    def __init__(self, indices: list[int], flat: list[Tensor], device: torch.device) -> None:
        self.indices = indices
        self._numbers: Numbers | None = None
        self._event: torch.cuda.Event | None = None
        self._held = flat[0] if len(flat) == 1 else torch.cat(flat)
        if device.type == "cpu":
            self._numbers = self._held.tolist()
        elif device.type == "cuda":
            source = self._held
            with torch.cuda.device(device):
                self._held = torch.empty(source.shape, dtype=source.dtype, pin_memory=True)
                self._held.copy_(source, non_blocking=True)
                self._event = torch.cuda.Event()
                self._event.record()
        elif len(flat) == 1:
            self._held = self._held.clone()  # its owner may write into it before it is read

    def is_here(self) -> bool:
        return self._numbers is not None or (self._event is not None and self._event.query())

    def numbers(self) -> Numbers:
        if self._numbers is None:
            if self._event is not None:
                self._event.synchronize()
            self._numbers = self._held.tolist()
        return self._numbers
