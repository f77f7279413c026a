"""Health marks that only a look at the devices can make: idle GPUs, memory that runs out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Final

from mltrack_core.health import Mark

_IDLE_PERCENT: Final = 5.0  # of the time in which a kernel ran
_IDLE_SAMPLES: Final = 60  # in a row: five minutes
_FULL_PERCENT: Final = 97.0
_FULL_SAMPLES: Final = 2  # in a row: a peak of a moment is none
_GPU: Final = re.compile(r"sys/gpu\.(\d+)\.utilization_percent")


class DeviceHealth:
    """Looks at one run's samples of device use; each kind of mark is made once for each device."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}  # samples in a row, by what is wrong
        self._marked: set[str] = set()

    def observe(self, values: Mapping[str, float | int]) -> list[Mark]:
        """Return what looks wrong since *values*, one sample, were taken."""
        wrong = dict(self._wrong(values))
        self._counts = {key: self._counts.get(key, 0) + 1 for key in wrong}
        lasting = [
            key
            for key, (samples, _) in wrong.items()
            if self._counts[key] >= samples and key not in self._marked
        ]
        self._marked.update(lasting)
        return [wrong[key][1] for key in lasting]

    def _wrong(self, values: Mapping[str, float | int]) -> Iterator[tuple[str, tuple[int, Mark]]]:
        """Yield a key for what is wrong in this sample, how long it must last, and its mark."""
        memory = values.get("sys/memory.percent", 0.0)
        if memory >= _FULL_PERCENT:
            own = values.get("sys/process.memory_bytes", 0)
            yield "memory", (_FULL_SAMPLES, _full("The machine", memory, own))
        for name, busy in values.items():
            if (match := _GPU.fullmatch(name)) is None:
                continue
            gpu = match[1]
            used = values.get(f"sys/gpu.{gpu}.memory_used_bytes", 0)
            total = values.get(f"sys/gpu.{gpu}.memory_total_bytes", 0)
            own = values.get(f"sys/gpu.{gpu}.process_memory_bytes", 0)
            if total and 100 * used / total >= _FULL_PERCENT:
                yield f"memory {gpu}", (_FULL_SAMPLES, _full(f"GPU {gpu}", 100 * used / total, own))
            if own and busy < _IDLE_PERCENT:  # one that the run does not use may well be idle
                yield f"idle {gpu}", (_IDLE_SAMPLES, _idle(gpu, own))


def _full(what: str, percent: float, own_bytes: float) -> Mark:
    return Mark(
        kind="health.memory",
        level="warning",
        title=f"{what} is almost out of memory: {percent:.0f} % used",
        evidence=f"In {_FULL_SAMPLES} samples in a row; this run has {own_bytes / 1e9:.1f} GB. "
        "A smaller batch, or fewer workers, leaves room.",
    )


def _idle(gpu: str, own_bytes: float) -> Mark:
    return Mark(
        kind="health.gpu_idle",
        level="warning",
        title=f"GPU {gpu} idles while the run holds {own_bytes / 1e9:.1f} GB of its memory",
        evidence=f"Busy less than {_IDLE_PERCENT:g} % of the time in {_IDLE_SAMPLES} samples in a "
        "row. The training waits for something else: data, a lock, another process.",
    )
