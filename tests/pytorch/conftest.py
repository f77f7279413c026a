"""Small real trainings with PyTorch."""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mltrack_core.testing.recording import RecordingTracker

if os.environ.get("MLTRACK_TEST_REQUIRE") == "pytorch":
    import torch
else:
    torch = pytest.importorskip("torch")

from mltrack.pytorch import watch


@pytest.fixture(autouse=True)
def _surroundings(strict_folder: Path) -> None:
    """An empty MLTRACK_DIR without an agent; our faults fail the test."""


@pytest.fixture
def make_model() -> Callable[[], Any]:
    """Returns a new, seeded perceptron: 4 tensors, 4 inputs, 2 outputs."""

    def make() -> Any:
        torch.manual_seed(3)
        return torch.nn.Sequential(
            torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Dropout(0.1), torch.nn.Linear(8, 2)
        )

    return make


@pytest.fixture
def batches() -> list[tuple[Any, Any]]:
    """8 batches of 16 points with what is to be learnt of them."""
    generator = torch.Generator().manual_seed(4)
    found = []
    for _ in range(8):
        x = torch.randn(16, 4, generator=generator)
        found.append((x, x[:, :2] * x[:, 2:]))
    return found


@pytest.fixture
def watching(run: RecordingTracker) -> Iterator[Callable[..., Any]]:
    """Watches everything at every update until the test ends."""
    begun = []

    def begin(model: Any, optimizer: Any = None, **options: Any) -> Any:
        begun.append(watch(model, optimizer, **{"run": run, "share": 0, **options}))
        return begun[-1]

    yield begin
    for each in begun:
        each.close()
