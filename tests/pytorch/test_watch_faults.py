"""A loop that is watched trains as it did, whatever fails, and is left as it was."""

from __future__ import annotations

import copy
import io
import logging
import pickle
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import mse_loss
from torch.nn.utils import clip_grad_norm_

from mltrack.pytorch import watch
from mltrack_core.testing.recording import FailingTracker

Make = Callable[[], Any]
Batches = list[tuple[Any, Any]]
Watching = Callable[..., Any]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (lambda model: (model, "adam"), "not str"),
        (lambda model: ("model", None), "torch.nn.Module"),
        (lambda model: (torch.nn.ReLU(), None), "no parameters"),
    ],
)
def test_what_cannot_be_watched_is_said_and_nothing_more(
    make_model: Make,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    arguments: Any,
    word: str,
) -> None:
    """One warning; the training goes on."""
    monkeypatch.setenv("MLTRACK_STRICT", "0")

    with caplog.at_level(logging.WARNING, "mltrack"):
        seen = watch(*arguments(make_model()))

    assert word in caplog.text
    assert seen.updates == 0


def test_a_disk_that_is_none_costs_no_training(
    make_model: Make,
    batches: Batches,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is said once; the weights are those of a training that nobody watches."""
    monkeypatch.setenv("MLTRACK_STRICT", "0")
    (tmp_path / "file").touch()
    monkeypatch.setenv("MLTRACK_DIR", str(tmp_path / "file" / "mltrack"))
    trained = []

    for is_watched in (False, True):
        model = make_model()
        optimizer = torch.optim.AdamW(model.parameters())
        with caplog.at_level(logging.WARNING, "mltrack"):
            seen = watch(model, optimizer) if is_watched else None
            for x, y in batches:
                optimizer.zero_grad()
                mse_loss(model(x), y).backward()
                optimizer.step()
            if seen is not None:
                seen.close()
        trained.append(saved(model, optimizer))

    assert trained[0] == trained[1]
    assert caplog.text.count("point MLTRACK_DIR at a folder") == 1


def test_watched_objects_pickle_and_copy_as_they_are(
    make_model: Make, batches: Batches, watching: Watching
) -> None:
    """Nothing of ours is in them: what is saved is the same, byte by byte."""
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters())
    mse_loss(model(batches[0][0]), batches[0][1]).backward()
    optimizer.step()
    before = [pickle.dumps(model), pickle.dumps(optimizer), saved(model, optimizer)]

    watching(model, optimizer)
    after = [pickle.dumps(model), pickle.dumps(optimizer), saved(model, optimizer)]
    copy.deepcopy((model, optimizer))

    assert after == before


def saved(model: Any, optimizer: Any) -> bytes:
    """Return a checkpoint's bytes."""
    file = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
    return file.getvalue()


def test_a_fault_in_every_hook_changes_nothing(
    make_model: Make,
    batches: Batches,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A hundred updates with a tracker that always fails: one warning for each place."""
    monkeypatch.setenv("MLTRACK_STRICT", "0")

    def train(model: Any, context: Callable[[Any, Any], Any]) -> list[float]:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        losses = []
        with context(model, optimizer):
            for index in range(100):
                x, y = batches[index % 8]
                optimizer.zero_grad()
                loss = mse_loss(model(x), y)
                loss.backward()
                clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                losses.append(float(loss))
        return losses

    expected = train(make_model(), lambda model, optimizer: nullcontext())
    with caplog.at_level(logging.WARNING, "mltrack"):
        run = FailingTracker()
        found = train(make_model(), lambda *watched: watch(*watched, run=run, share=0))

    assert found == expected
    assert run.calls > 0
    assert 1 <= len(caplog.records) <= 6


def test_closing_leaves_pytorch_as_it_was(make_model: Make) -> None:
    """To the object."""
    clip = torch.nn.utils.clip_grad
    before = (clip._clip_grads_with_norm_, torch.amp.GradScaler.step)

    with watch(make_model()):
        during = (clip._clip_grads_with_norm_, torch.amp.GradScaler.step)

    assert during != before
    assert (clip._clip_grads_with_norm_, torch.amp.GradScaler.step) == before
