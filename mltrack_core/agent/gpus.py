"""GPUs: NVIDIA's, by NVML, behind a seam that a test without a GPU can stand in for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any
from typing import Final
from typing import Protocol
from typing import TypeVar

import pynvml

from mltrack_core.records import ParamValue

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


class GpuDriver(Protocol):
    """One vendor's library. A reading that a device does not offer raises `GpuUnreadable`."""

    def count(self) -> int:
        """Return how many GPUs there are; 0 where there is no driver."""

    def driver(self) -> str:
        """Return the driver's version."""

    def name(self, index: int) -> str:
        """Return what the GPU calls itself."""

    def reading(self, index: int, quantity: str) -> float:
        """Return one of `QUANTITIES` of one GPU."""

    def slowdowns(self, index: int) -> frozenset[str]:
        """Return which of `SLOWDOWNS` keep the GPU's clocks down now."""

    def process_memory(self, index: int) -> dict[int, int]:
        """Return bytes of GPU memory by process id."""


class GpuUnreadable(Exception):
    """A GPU does not tell a quantity, or does not answer."""


QUANTITIES: Final = (
    "utilization_percent",
    "memory_used_bytes",
    "memory_total_bytes",
    "power_watts",
    "temperature_celsius",
    "sm_clock_mhz",
    "memory_clock_mhz",
)
# What keeps clocks below what the work asks for: the power limit or a power brake, the heat, and
# hardware that protects itself without saying why. An idle GPU and clocks that a person has set
# are not among them.
SLOWDOWNS: Final = ("power", "thermal", "hardware")


class Gpus:
    """All GPUs of the machine that *driver* knows. A failing one never hides the others.

    Not thread-safe but for `facts`.
    """

    def __init__(self, driver: GpuDriver) -> None:
        self._driver = driver
        self._count = driver.count()

    def facts(self) -> dict[str, ParamValue]:
        """Return what never changes: number, names, memory, driver. Empty without GPUs."""
        if not self._count:
            return {}
        facts: dict[str, ParamValue] = {"gpu.count": self._count}
        try:
            facts["gpu.driver"] = self._driver.driver()
        except GpuUnreadable:
            logger.info("the GPU driver does not tell its version")
        for index in range(self._count):
            try:
                facts[f"gpu.{index}.name"] = self._driver.name(index)
                total = self._driver.reading(index, "memory_total_bytes")
                facts[f"gpu.{index}.memory_bytes"] = int(total)
            except GpuUnreadable as error:
                logger.info("GPU %d does not say what it is: %s", index, error)
        return facts

    def values(self) -> Iterator[tuple[str, float]]:
        """Yield what is in use now, as "sys/gpu.<index>.<quantity>"."""
        for index in range(self._count):
            for quantity in QUANTITIES:
                try:
                    yield f"sys/gpu.{index}.{quantity}", self._driver.reading(index, quantity)
                except GpuUnreadable:
                    continue
            try:
                slowdowns = self._driver.slowdowns(index)
            except GpuUnreadable:
                continue
            for reason in SLOWDOWNS:
                yield f"sys/gpu.{index}.slowed_by_{reason}", float(reason in slowdowns)

    def process_values(self, pids: frozenset[int]) -> Iterator[tuple[str, float]]:
        """Yield the GPU memory of the processes *pids*, for each GPU that they use."""
        for index in range(self._count):
            try:
                memory = self._driver.process_memory(index)
            except GpuUnreadable:
                continue
            if used := sum(size for pid, size in memory.items() if pid in pids):
                yield f"sys/gpu.{index}.process_memory_bytes", used


class Nvml:
    """NVIDIA's GPUs."""

    def __init__(self) -> None:
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            logger.info("no NVIDIA GPUs: %s", error)
            self._count = 0
            return
        self._count = int(pynvml.nvmlDeviceGetCount())

    def count(self) -> int:
        """Return how many GPUs there are; 0 where there is no driver."""
        return self._count

    def driver(self) -> str:
        """Return the driver's version."""
        return _text(_ask(pynvml.nvmlSystemGetDriverVersion))

    def name(self, index: int) -> str:
        """Return what the GPU calls itself."""
        return _text(_ask(pynvml.nvmlDeviceGetName, _handle(index)))

    def reading(self, index: int, quantity: str) -> float:
        """Return one of `QUANTITIES` of one GPU."""
        return float(_ask(_READINGS[quantity], _handle(index)))

    def slowdowns(self, index: int) -> frozenset[str]:
        """Return which of `SLOWDOWNS` keep the GPU's clocks down now."""
        # The older of its two names: drivers before 535 know no other.
        query = pynvml.nvmlDeviceGetCurrentClocksThrottleReasons
        return slowdowns_of(int(_ask(query, _handle(index))))

    def process_memory(self, index: int) -> dict[int, int]:
        """Return bytes of GPU memory by process id, of compute and graphics together."""
        handle = _handle(index)
        memory: dict[int, int] = {}
        for query in (
            pynvml.nvmlDeviceGetComputeRunningProcesses,
            pynvml.nvmlDeviceGetGraphicsRunningProcesses,
        ):
            for process in _ask(query, handle):
                # None where the driver may not say; the same process can be in both lists.
                memory[process.pid] = max(memory.get(process.pid, 0), process.usedGpuMemory or 0)
        return memory


_POWER: Final = (
    pynvml.nvmlClocksThrottleReasonSwPowerCap | pynvml.nvmlClocksThrottleReasonHwPowerBrakeSlowdown
)
_THERMAL: Final = (
    pynvml.nvmlClocksThrottleReasonSwThermalSlowdown
    | pynvml.nvmlClocksThrottleReasonHwThermalSlowdown
)


def slowdowns_of(reasons: int) -> frozenset[str]:
    """Return which of `SLOWDOWNS` the bits are that NVML gives as reasons of slow clocks.

    Source:
        nvml.h, nvmlClocksThrottleReasons: the bit of a hardware slowdown is set beside those of
        heat and of the power brake too.
    """
    found = {name for name, bits in (("power", _POWER), ("thermal", _THERMAL)) if reasons & bits}
    if reasons & pynvml.nvmlClocksThrottleReasonHwSlowdown and not found:
        found.add("hardware")
    return frozenset(found)


_READINGS: Final[dict[str, Callable[..., float]]] = {
    "utilization_percent": lambda gpu: pynvml.nvmlDeviceGetUtilizationRates(gpu).gpu,
    "memory_used_bytes": lambda gpu: pynvml.nvmlDeviceGetMemoryInfo(gpu).used,
    "memory_total_bytes": lambda gpu: pynvml.nvmlDeviceGetMemoryInfo(gpu).total,
    "power_watts": lambda gpu: pynvml.nvmlDeviceGetPowerUsage(gpu) / 1000,
    "temperature_celsius": lambda gpu: pynvml.nvmlDeviceGetTemperature(
        gpu, pynvml.NVML_TEMPERATURE_GPU
    ),
    "sm_clock_mhz": lambda gpu: pynvml.nvmlDeviceGetClockInfo(gpu, pynvml.NVML_CLOCK_SM),
    "memory_clock_mhz": lambda gpu: pynvml.nvmlDeviceGetClockInfo(gpu, pynvml.NVML_CLOCK_MEM),
}


def _handle(index: int) -> Any:
    """Return NVML's handle of a GPU; cheap, and one that was lost may come back."""
    return _ask(pynvml.nvmlDeviceGetHandleByIndex, index)


def _ask(query: Callable[..., Answer], *arguments: object) -> Answer:
    """Return what NVML answers."""
    try:
        return query(*arguments)
    except pynvml.NVMLError as error:
        raise GpuUnreadable(str(error)) from error


def _text(value: object) -> str:
    """Return *value*, which older bindings give as bytes, as text."""
    return value.decode() if isinstance(value, bytes) else str(value)
