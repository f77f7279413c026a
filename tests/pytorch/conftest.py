"""Small real trainings with PyTorch."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

if os.environ.get("MLTRACK_TEST_REQUIRE") == "pytorch":
    import torch
else:
    torch = pytest.importorskip("torch")


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
