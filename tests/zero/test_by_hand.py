"""Programs that train without an optimizer, recorded without a word of mltrack in them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mltrack_core.records import Checkpoint
from mltrack_core.testing.spool import RecordedSpool

pytestmark = pytest.mark.slow

Launch = Callable[..., subprocess.CompletedProcess[str]]
Write = Callable[..., Path]
Needs = Callable[..., None]


def test_updates_that_are_made_by_hand(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool
) -> None:
    """Without an optimizer, as PyTorch's word-level language model: clipping tells of them."""
    needs("torch")
    write("""
        import torch
        from torch import nn
        torch.manual_seed(0)
        model = nn.Linear(4, 1)
        for _ in range(3):
            model.zero_grad()
            for part in range(2):
                loss = model(torch.randn(8, 4)).square().mean()
                loss.backward()
                print(repr(loss.item()))
            print(repr(nn.utils.clip_grad_norm_(model.parameters(), 0.25).item()))
            for parameter in model.parameters():
                parameter.data.add_(parameter.grad, alpha=-0.1)
        with open("model.pt", "wb") as file:
            torch.save(model, file)
    """)

    bare = launch(sys.executable, "train.py")
    recorded = launch("run", "train.py")

    assert (recorded.stdout, recorded.returncode) == (bare.stdout, 0), recorded.stderr
    printed = [float(line) for line in bare.stdout.splitlines()]
    losses = [sum(printed[at : at + 2]) / 2 for at in (0, 3, 6)]
    found = spool.series()
    assert dict(found["train/backward_loss"]) == pytest.approx(dict(enumerate(losses, 1)))
    for step, norm in found["grad/norm"]:
        assert norm == pytest.approx(printed[3 * step - 1])
    assert found["grad/clip_coefficient"]
    assert found["param/update_ratio"]
    (saved,) = spool.of(Checkpoint)
    assert (saved.step, Path(saved.path).name) == (3, "model.pt")
    assert [entry.bytes for entry in saved.files] == [Path(saved.path).stat().st_size]
    assert spool.params()["model"]["parameters"] == 5


BY_HAND = """
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
for step in range(6):
    {zero}
    for part in range({parts}):
        loss = model(torch.randn(8, 4)).square().mean() / {parts}
        loss.backward()
        print(repr(loss.item()))
    squares = [p.grad.double().square().sum() for p in model.parameters()]
    print(repr(torch.stack(squares).sum().sqrt().item()))
    {update}
"""


NO_GRAD = """with torch.no_grad():
        for p in model.parameters():
            p -= 0.1 * p.grad"""


DATA = """for p in model.parameters():
        p.data -= 0.1 * p.grad.data"""


REPLACED = """for p in model.parameters():
        p.data = p.data - 0.1 * p.grad"""


@pytest.mark.parametrize("update", [NO_GRAD, DATA, REPLACED], ids=["no_grad", "data", "replaced"])
@pytest.mark.parametrize("parts", [1, 3])
def test_updates_by_hand_that_clip_nothing(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool, update: str, parts: int
) -> None:
    """As in PyTorch's own tutorials: that weights go down their gradients tells of them.

    The first is recognized when it is over, so its gradients are not known.
    """
    needs("torch")
    zero = (
        "model.zero_grad()"
        if parts == 1
        else "[p.grad.data.zero_() for p in model.parameters() if step]"
    )
    write(BY_HAND.format(zero=zero, parts=parts, update=update))

    bare = launch(sys.executable, "train.py")
    recorded = launch("run", "train.py")

    assert (recorded.stdout, recorded.returncode) == (bare.stdout, 0), recorded.stderr
    printed = [float(line) for line in bare.stdout.splitlines()]
    size = parts + 1
    losses = [sum(printed[at : at + parts]) / parts for at in range(0, 6 * size, size)]
    found = spool.series()
    assert dict(found["train/backward_loss"]) == pytest.approx(dict(enumerate(losses, 1)))
    norms = dict(found["grad/norm"])
    assert 2 in norms
    assert norms == pytest.approx({step: printed[step * size - 1] for step in norms})
    assert found["param/update_ratio"]
    assert "grad/norm/0.weight" in found
    assert spool.params()["model"]["parameters"] == 49


def test_tensors_that_a_program_trains_without_a_model(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool
) -> None:
    """As the polynomial in the first of PyTorch's examples."""
    needs("torch")
    write("""
        import torch
        torch.manual_seed(0)
        x = torch.linspace(-3, 3, 200)
        a, b = (torch.randn((), requires_grad=True) for _ in range(2))
        for _ in range(5):
            loss = (a + b * x - x.sin()).square().sum()
            loss.backward()
            print(repr(loss.item()))
            with torch.no_grad():
                a -= 1e-3 * a.grad
                b -= 1e-3 * b.grad
                a.grad = None
                b.grad = None
    """)

    recorded = launch("run", "train.py")

    printed = [float(line) for line in recorded.stdout.splitlines()]
    found = spool.series()
    assert found["train/backward_loss"] == list(enumerate(printed, 1))
    assert len(found["grad/norm"]) > 1


def test_gradients_that_nobody_goes_down_are_no_training(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool
) -> None:
    """Maps of saliency, gradients at many checkpoints, and an attack that climbs the loss."""
    needs("torch")
    write("""
        import torch
        from torch import nn
        torch.manual_seed(0)
        model = nn.Linear(64, 8)
        for _ in range(20):
            image = torch.randn(2, 64, requires_grad=True)
            model(image).square().mean().backward()
        for _ in range(20):
            model.zero_grad()
            nn.init.normal_(model.weight)
            model(torch.randn(2, 64)).square().mean().backward()
        model.requires_grad_(False)
        change = torch.zeros(2, 64, requires_grad=True)
        for _ in range(20):
            model(torch.ones(2, 64) + change).square().mean().backward()
            change.data += 0.1 * change.grad.sign()
            change.grad.zero_()
    """)

    ended = launch("run", "train.py")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert spool.runs() == []
