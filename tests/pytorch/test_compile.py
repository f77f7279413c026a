"""torch.compile sees nothing of us, and we see what it trains."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
import torch

import mltrack
from mltrack.pytorch import watch
from mltrack_core.testing.recording import RecordingTracker

Make = Callable[[], Any]
Batches = list[tuple[Any, Any]]


class Graphs:
    """A compiler that runs what it is given, and counts it."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, graph: Any, inputs: Any) -> Any:
        self.count += 1
        return graph.forward


@pytest.fixture(autouse=True)
def _fresh_compiler() -> Iterator[None]:
    """Forget what other tests have compiled."""
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def train(model: Any, optimizer: Any, step: Any, batches: Batches) -> None:
    """Train with a compiled model, or a compiled step, or both."""
    for x, y in batches:
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        step()


@pytest.mark.parametrize("by_itself", [True, False])
def test_a_compiled_model_has_as_many_graphs_as_without_us(
    run: RecordingTracker, make_model: Make, batches: Batches, by_itself: bool
) -> None:
    """Watched before or after it is compiled, or recorded without a line of code."""

    def graphs(context: Callable[[Any, Any], Any]) -> int:
        torch._dynamo.reset()
        counter, model = Graphs(), make_model()
        compiled = torch.compile(model, backend=counter)
        optimizer = torch.optim.Adam(model.parameters())
        with context(compiled, optimizer):
            train(compiled, optimizer, optimizer.step, batches[:4])
        return counter.count

    plain = graphs(lambda model, optimizer: nullcontext())
    if by_itself:
        mltrack.autolog()
        try:
            watched = graphs(lambda model, optimizer: nullcontext())
        finally:
            mltrack.autolog(disable=True)
    else:
        watched = graphs(lambda *each: watch(*each, run=run, share=0))
        assert len(run.points("grad/norm/0.weight")) == 4

    assert plain == watched == 1


def test_a_compiled_step_calls_the_hooks_every_time(
    run: RecordingTracker, make_model: Make, batches: Batches
) -> None:
    """And is compiled no more often than without us, and never again after the second update."""

    def graphs(context: Callable[[Any, Any], Any]) -> list[int]:
        torch._dynamo.reset()
        counter, model, counts = Graphs(), make_model(), []
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        step = torch.compile(optimizer.step, backend=counter)
        with context(model, optimizer):
            for index, batch in enumerate(batches):
                with torch._dynamo.config.patch(error_on_recompile=index >= 2):
                    train(model, optimizer, step, [batch])
                counts.append(counter.count)
        return counts

    plain = graphs(lambda model, optimizer: nullcontext())
    watched = graphs(lambda *each: watch(*each, run=run, share=0))

    assert watched == plain
    assert watched[1] == watched[-1]
    assert [step for step, _ in run.points("grad/norm")] == list(range(1, 9))
