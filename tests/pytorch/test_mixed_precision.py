"""Updates with a GradScaler: recorded without its scale, left out ones too, and never disturbed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch.nn.functional import mse_loss
from torch.nn.utils import clip_grad_norm_

from mltrack.pytorch import watch
from mltrack_core.testing.recording import RecordingTracker
from mltrack_pytorch.loops.hooks import Hooks
from mltrack_pytorch.loops.loop import Loop
from mltrack_pytorch.measures.arrivals import Arrivals
from mltrack_pytorch.observer import Observer

Make = Callable[[], Any]
Batches = list[tuple[Any, Any]]
Watching = Callable[..., Any]


def scaled_training(
    model: Any, optimizer: Any, batches: Batches, *, clips: bool, overflows: int = -1
) -> list[float]:
    """Train with a GradScaler; return the norms before clipping, without the scale."""
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    expected = []
    for index, (x, y) in enumerate(batches):
        optimizer.zero_grad()
        scaler.scale(mse_loss(model(x), y)).backward()
        if index == overflows:
            model[0].weight.grad[0, 0] = float("inf")
        else:
            grads = [p.grad.double() / scaler.get_scale() for p in model.parameters()]
            squares = torch.stack([grad.square().sum() for grad in grads])
            expected.append(float(squares.sum().sqrt()))
        if clips:
            scaler.unscale_(optimizer)
            clip_grad_norm_(model.parameters(), 0.05)
        scaler.step(optimizer)
        scaler.update()
    return expected


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("clips", [True, False])
def test_mixed_precision_is_recorded_without_its_scale(
    run: RecordingTracker,
    make_model: Make,
    batches: Batches,
    watching: Watching,
    fused: bool,
    clips: bool,
) -> None:
    """Whoever undoes the scale: the scaler, the user before clipping, or a fused kernel."""
    model = make_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, fused=fused)
    watching(model, optimizer)

    expected = scaled_training(model, optimizer, batches[:3], clips=clips)

    assert run.values("grad/norm") == pytest.approx(expected, rel=1e-5)
    assert run.values("amp/scale") == [1024.0] * 3
    assert run.values("amp/skipped") == []


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("clips", [True, False])
def test_an_update_that_mixed_precision_leaves_out_is_counted(
    run: RecordingTracker,
    make_model: Make,
    batches: Batches,
    watching: Watching,
    fused: bool,
    clips: bool,
) -> None:
    """It has no norm: that of an overflow says nothing."""
    model = make_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, fused=fused)
    watching(model, optimizer)

    expected = scaled_training(model, optimizer, batches[:4], clips=clips, overflows=1)

    assert run.values("amp/skipped") == [1]
    assert run.values("grad/norm") == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("call", [1, 3])
@pytest.mark.parametrize(
    "place",
    [
        (Loop, "begin"),
        (Loop, "complete"),
        (Loop, "clipping"),
        (Loop, "scaled_step"),
        (Loop, "scaled_step_done"),
        (Observer, "before_update"),
        (Observer, "after_update"),
        (Arrivals, "put"),
        (Hooks, "loop_of"),
    ],
    ids=lambda place: f"{place[0].__name__}.{place[1]}",
)
def test_a_fault_of_ours_anywhere_changes_nothing(
    make_model: Make,
    batches: Batches,
    run: RecordingTracker,
    monkeypatch: pytest.MonkeyPatch,
    place: tuple[type, str],
    call: int,
) -> None:
    """At the first call or a later one: weights are equal to the bit, and what follows is seen."""
    monkeypatch.setenv("MLTRACK_STRICT", "0")
    kind, name = place
    original, calls = getattr(kind, name), []

    def faulty(*args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        if len(calls) == call:
            raise RuntimeError("broken on purpose")
        return original(*args, **kwargs)

    def train(model: Any, context: Callable[[Any, Any], Any]) -> list[bytes]:
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
        with context(model, optimizer):
            scaled_training(model, optimizer, batches, clips=True, overflows=5)
        return [parameter.detach().numpy().tobytes() for parameter in model.parameters()]

    expected = train(make_model(), lambda model, optimizer: nullcontext())
    monkeypatch.setattr(kind, name, faulty)
    found = train(make_model(), lambda *watched: watch(*watched, run=run, share=0))

    assert found == expected
    assert len(calls) > call
    assert run.values("grad/norm")
