"""Idle GPUs and memory that runs out are marked once, when they last."""

from __future__ import annotations

from mltrack_core.agent.health import DeviceHealth

GB = 10**9


def gpu(busy_percent: float, *, used: float = 10, own: float = 8) -> dict[str, float]:
    """Return a sample of one GPU of 40 GB."""
    return {
        "sys/memory.percent": 50.0,
        "sys/gpu.0.utilization_percent": busy_percent,
        "sys/gpu.0.memory_used_bytes": used * GB,
        "sys/gpu.0.memory_total_bytes": 40 * GB,
        "sys/gpu.0.process_memory_bytes": own * GB,
    }


def kinds(health: DeviceHealth, sample: dict[str, float], samples: int) -> list[str]:
    """Return the kinds of the marks that *samples* like this one lead to."""
    return [mark.kind for _ in range(samples) for mark in health.observe(sample)]


def test_a_gpu_that_idles_under_the_run_for_minutes_is_marked_once() -> None:
    """With how much of its memory the run holds."""
    assert kinds(DeviceHealth(), gpu(1.0), 200) == ["health.gpu_idle"]


def test_a_gpu_that_works_now_and_then_is_not_idle() -> None:
    """Evaluation and checkpoints are pauses, not a state."""
    health = DeviceHealth()

    found = [
        kind for _ in range(5) for kind in kinds(health, gpu(0.0), 50) + kinds(health, gpu(90.0), 1)
    ]

    assert found == []


def test_a_gpu_that_the_run_does_not_use_may_idle() -> None:
    """It is somebody else's concern."""
    assert kinds(DeviceHealth(), gpu(0.0, own=0), 200) == []


def test_memory_that_is_almost_full_is_marked_for_each_device() -> None:
    """The machine's, and each GPU's."""
    full = gpu(90.0, used=39.9) | {"sys/memory.percent": 98.0}

    health = DeviceHealth()

    assert kinds(health, full, 1) == []
    assert kinds(health, full, 9) == ["health.memory", "health.memory"]
