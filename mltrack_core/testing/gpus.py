"""GPUs for machines that have none."""

from __future__ import annotations

from mltrack_core.agent.gpus import GpuUnreadable


class FakeGpus:
    """Stands in for `mltrack_core.agent.gpus.Nvml`.

    Args:
        readings: One dict for each GPU, of quantity to value. A quantity that is not there is one
            that this GPU does not tell; an empty dict is a GPU that has fallen off its bus.
        memory: One dict for each GPU, of process id to bytes.
        slow: One set for each GPU, of what keeps its clocks down; None is a GPU that does not tell.

    """

    def __init__(
        self,
        readings: list[dict[str, float]],
        memory: list[dict[int, int]] | None = None,
        slow: list[set[str] | None] | None = None,
    ) -> None:
        self.readings = readings
        self.memory = memory or [{} for _ in readings]
        self.slow = slow or [None for _ in readings]

    def count(self) -> int:
        """Return how many GPUs there are."""
        return len(self.readings)

    def driver(self) -> str:
        """Return the driver's version."""
        return "1.0"

    def name(self, index: int) -> str:
        """Return what the GPU calls itself."""
        if not self.readings[index]:
            raise GpuUnreadable("lost")
        return f"Fake {index}"

    def reading(self, index: int, quantity: str) -> float:
        """Return one quantity of one GPU."""
        try:
            return self.readings[index][quantity]
        except KeyError:
            raise GpuUnreadable("not supported") from None

    def slowdowns(self, index: int) -> frozenset[str]:
        """Return what keeps the GPU's clocks down."""
        slow = self.slow[index]
        if slow is None:
            raise GpuUnreadable("not supported")
        return frozenset(slow)

    def process_memory(self, index: int) -> dict[int, int]:
        """Return bytes of GPU memory by process id."""
        if not self.readings[index]:
            raise GpuUnreadable("lost")
        return self.memory[index]
