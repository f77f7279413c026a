"""Watching a training on a GPU: nothing waits for it.

These have not been run yet: no machine with a GPU was at hand when they were written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import mltrack
import mltrack_core
from mltrack_core.records import Scalars
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.testing.spool import RecordedSpool

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA here")


@contextmanager
def no_waiting() -> Iterator[None]:
    """Whatever waits for the device raises, in PyTorch's own words."""
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def make() -> tuple[Any, Any, Any]:
    """Return a model, its optimizer and a batch, all on the GPU and warmed up."""
    torch.manual_seed(3)
    model = torch.nn.Sequential(torch.nn.Linear(64, 256), torch.nn.GELU(), torch.nn.Linear(256, 8))
    model = model.cuda()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    x = torch.randn(32, 64, device="cuda")
    model(x).square().mean().backward()
    return model, optimizer, x


def test_a_hundred_updates_wait_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Norms, histograms, ratios and state at every update, clipping included."""
    monkeypatch.setenv("MLTRACK_STRICT", "1")
    run = RecordingTracker()
    model, optimizer, x = make()

    seen = mltrack.watch(model, optimizer, run=run, share=0)
    with no_waiting():
        for _ in range(100):
            optimizer.zero_grad(set_to_none=True)
            model(x).square().mean().backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
    seen.close()

    assert [step for step, _ in run.points("grad/norm")] == list(range(1, 101))
    assert len(run.points("update/histogram/0.weight")) == 100
    counted: Any = run.points("param/histogram/0.weight")[-1][1]
    assert sum(counted.negative) + sum(counted.positive) + counted.zeros == 64 * 256


def test_a_loss_on_the_gpu_is_logged_without_waiting(strict_folder: Path) -> None:
    """And is recorded, exactly, before the run ends."""
    model, optimizer, x = make()
    losses = []

    with mltrack_core.init(console="off") as run, mltrack.watch(model, optimizer), no_waiting():
        for _ in range(20):
            optimizer.zero_grad(set_to_none=True)
            loss = model(x).square().mean()
            loss.backward()
            optimizer.step()
            run.log({"train/loss": loss})
            losses.append(loss.detach().clone())

    records = [r for r in RecordedSpool(strict_folder).of(Scalars) if "train/loss" in r.values]
    assert [(r.step, r.values["train/loss"]) for r in records] == [
        (step, float(loss)) for step, loss in enumerate(losses, 1)
    ]


@pytest.mark.parametrize("fused", [True, False])
def test_mixed_precision_on_the_gpu_is_recorded_without_its_scale(fused: bool) -> None:
    """float16 under autocast; the norm is that of a training without a scale."""
    run = RecordingTracker()
    model, _, x = make()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=fused)
    scaler = torch.amp.GradScaler("cuda", init_scale=1024.0)

    with mltrack.watch(model, optimizer, run=run, share=0):
        optimizer.zero_grad()
        with torch.autocast("cuda", dtype=torch.float16):
            loss = model(x).square().mean()
        scaler.scale(loss).backward()
        squares = [p.grad.double().div(1024.0).square().sum() for p in model.parameters()]
        expected = float(torch.stack(squares).sum().sqrt())
        scaler.step(optimizer)
        scaler.update()

    assert run.points("grad/norm") == [(1, pytest.approx(expected, rel=1e-4))]


def test_an_update_in_a_cuda_graph_is_not_disturbed() -> None:
    """It is captured as without us, and replays."""
    run = RecordingTracker()
    model, _, x = make()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, capturable=True)
    optimizer.step()
    torch.cuda.synchronize()

    with mltrack.watch(model, optimizer, run=run, share=0):
        graph = torch.cuda.CUDAGraph()
        optimizer.zero_grad(set_to_none=True)
        with torch.cuda.graph(graph):
            model(x).square().mean().backward()
            optimizer.step()
        before = model[0].weight.detach().clone()
        graph.replay()
        torch.cuda.synchronize()

    assert not torch.equal(before, model[0].weight)
