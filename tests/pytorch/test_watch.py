"""`watch` in loops as people write them: clipping, closures, wrappers, GANs."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.utils import clip_grad_norm_

import mltrack_core
from mltrack.pytorch import watch
from mltrack_core import ownership
from mltrack_core.records import Scalars
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.testing.spool import RecordedSpool

Make = Callable[[], Any]
Batches = list[tuple[Any, Any]]
Watching = Callable[..., Any]


def loss_of(model: Any, batch: tuple[Any, Any]) -> Any:
    """Return the loss of one batch."""
    return torch.nn.functional.mse_loss(model(batch[0]), batch[1])


def norm_of(model: Any) -> float:
    """Return the L2 norm of all gradients, by its definition, in float64."""
    grads = [p.grad.double() for p in model.parameters() if p.grad is not None]
    return float(torch.stack([grad.square().sum() for grad in grads]).sum().sqrt())


@pytest.mark.parametrize("clip", [clip_grad_norm_, None], ids=["imported", "by its module"])
def test_the_norm_is_that_before_clipping(
    run: RecordingTracker, make_model: Make, batches: Batches, watching: Watching, clip: Any
) -> None:
    """Whoever imported the function, and whenever."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    watching(model, optimizer)
    expected = []

    for batch in batches:
        optimizer.zero_grad()
        loss_of(model, batch).backward()
        expected.append(norm_of(model))
        (clip or torch.nn.utils.clip_grad_norm_)(model.parameters(), 0.05)
        optimizer.step()

    assert run.values("grad/norm") == pytest.approx(expected, rel=1e-6)
    coefficients = run.values("grad/clip_coefficient")
    assert coefficients == pytest.approx([0.05 / norm for norm in expected], rel=1e-4)


def test_layers_that_are_clipped_one_by_one_are_measured_before_the_first(
    run: RecordingTracker, make_model: Make, batches: Batches, watching: Watching
) -> None:
    """There is no one coefficient then."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    watching(model, optimizer)

    loss_of(model, batches[0]).backward()
    expected = norm_of(model)
    clip_grad_norm_(model[0].parameters(), 0.05)
    clip_grad_norm_(model[3].parameters(), 0.05)
    optimizer.step()

    assert run.values("grad/norm") == pytest.approx([expected], rel=1e-6)
    assert run.values("grad/clip_coefficient") == []


def test_gradients_accumulate_to_one_update(
    run: RecordingTracker, make_model: Make, batches: Batches, watching: Watching
) -> None:
    """Four batches, one norm."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = watching(model, optimizer)
    expected = []

    for index, batch in enumerate(batches, 1):
        (loss_of(model, batch) / 4).backward()
        if index % 4 == 0:
            expected.append(norm_of(model))
            optimizer.step()
            optimizer.zero_grad()

    assert [step for step, _ in run.points("grad/norm")] == [1, 2]
    assert run.values("grad/norm") == pytest.approx(expected, rel=1e-6)
    assert seen.updates == 2


class Twice(torch.optim.SGD):
    """Its step is that of its base class, and runs PyTorch's hooks twice."""

    def step(self, closure: Any = None) -> Any:
        return super().step(closure)


class Lookahead(torch.optim.Optimizer):
    """Steps with another optimizer, as wrappers do."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        super().__init__(optimizer.param_groups, {})

    def step(self, closure: Any = None) -> Any:
        return self.optimizer.step(closure)


@pytest.mark.parametrize(
    "make",
    [
        lambda p: (Twice(p, lr=0.1),) * 2,
        lambda p: (Lookahead(torch.optim.SGD(p, lr=0.1)),) * 2,
        lambda p: (lambda inner: (Lookahead(inner), inner))(torch.optim.SGD(p, lr=0.1)),
    ],
    ids=["subclass", "wrapper", "inside a wrapper"],
)
def test_a_step_in_a_step_is_one_update(
    run: RecordingTracker, make_model: Make, batches: Batches, watching: Watching, make: Any
) -> None:
    """Whichever of the two is watched."""
    model = make_model()
    stepping, watched = make(list(model.parameters()))
    watching(model, watched)

    for batch in batches[:3]:
        stepping.zero_grad()
        loss_of(model, batch).backward()
        stepping.step()

    assert [step for step, _ in run.points("grad/norm")] == [1, 2, 3]


@pytest.mark.parametrize(
    "make",
    [
        lambda p: torch.optim.LBFGS(p, lr=0.1, max_iter=3),
        lambda p: torch.optim.Adam(p, lr=0.1),
        lambda p: Twice(p, lr=0.1),
    ],
    ids=["LBFGS", "Adam", "subclass"],
)
@pytest.mark.parametrize("by_name", [True, False])
def test_the_last_evaluation_of_a_closure_counts(
    run: RecordingTracker,
    make_model: Make,
    batches: Batches,
    watching: Watching,
    make: Any,
    by_name: bool,
) -> None:
    """And `step` returns what it returns without us."""
    model, plain = make_model().eval(), make_model().eval()
    results = []
    last: dict[str, float] = {}
    for each in (plain, model):
        optimizer = make(each.parameters())
        if each is model:
            watching(model, optimizer)

        def closure(each: Any = each, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            loss = loss_of(each, batches[0])
            loss.backward()
            last["norm"] = norm_of(each)
            return loss

        result = optimizer.step(closure=closure) if by_name else optimizer.step(closure)
        results.append(float(result))

    assert results[0] == results[1]
    assert run.values("grad/norm") == pytest.approx([last["norm"]], rel=1e-6)


def test_two_optimizers_have_one_axis_and_two_series(
    run: RecordingTracker, make_model: Make, batches: Batches, watching: Watching
) -> None:
    """As of a generator and its critic, which steps twice as often."""
    model = make_model()
    first = torch.optim.SGD(model[0].parameters(), lr=0.1)
    second = torch.optim.SGD(model[3].parameters(), lr=0.2)
    seen = watching(model, [first, second])

    for batch in batches[:2]:
        model.zero_grad()
        loss_of(model, batch).backward()
        clip_grad_norm_(model.parameters(), 0.05)
        for optimizer in (first, second, second):
            optimizer.step()

    assert seen.updates == 6
    assert [step for step, _ in run.points("opt/0/grad/norm")] == [1, 4]
    assert [step for step, _ in run.points("opt/1/grad/norm")] == [2, 3, 5, 6]
    assert run.points("opt/1/learning_rate")[0] == (2, 0.2)


def test_an_exception_in_step_is_the_users_own(
    run: RecordingTracker, make_model: Make, batches: Batches, watching: Watching
) -> None:
    """It arrives as it was raised, and the next update is one update."""

    class Sometimes(torch.optim.SGD):
        def step(self, closure: Any = None) -> Any:
            if fails:
                raise ArithmeticError("mine")
            return super().step(closure)

    model = make_model()
    optimizer = Sometimes(model.parameters(), lr=0.1)
    watching(model, optimizer)
    loss_of(model, batches[0]).backward()
    fails = True

    with pytest.raises(ArithmeticError, match="mine") as caught:
        optimizer.step()
    fails = False
    optimizer.step()

    frames = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert not [name for name in frames if "mltrack_pytorch" in name]
    assert [step for step, _ in run.points("grad/norm")] == [1]


def test_a_sparse_gradient_is_measured(run: RecordingTracker, watching: Watching) -> None:
    """Embeddings can have such; PyTorch's own norms raise for them."""
    embedding = torch.nn.Embedding(5, 3, sparse=True)
    optimizer = torch.optim.SGD(embedding.parameters(), lr=0.1)
    watching(embedding, optimizer)

    embedding(torch.tensor([1, 1, 1, 2])).sum().backward()
    optimizer.step()

    assert run.values("grad/norm") == [pytest.approx(30**0.5)]


def test_a_gradient_that_is_no_number_is_recorded_and_marked_once(
    run: RecordingTracker, make_model: Make, batches: Batches, watching: Watching
) -> None:
    """With the layer where it began."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = watching(model, optimizer, on_nonfinite="stop")

    for batch in batches[:3]:
        optimizer.zero_grad()
        loss_of(model, batch).backward()
        model[0].bias.grad[1] = float("nan")
        optimizer.step()

    assert [str(value) for value in run.values("grad/norm")] == ["nan"] * 3
    assert run.marks == [("health.nonfinite", 1)]
    assert "0.bias" in run.alerts[0][1]
    assert seen.should_stop


def test_units_that_never_activate_are_marked_and_embeddings_are_not(
    run: RecordingTracker, watching: Watching
) -> None:
    """Most rows of an embedding have no gradient in a sound training too."""
    embedding = torch.nn.Embedding(1000, 4)
    model = torch.nn.Sequential(embedding, torch.nn.Linear(4, 8), torch.nn.ReLU())
    model.append(torch.nn.Linear(8, 1))
    torch.nn.init.constant_(model[1].bias, -100.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    watching(model, optimizer)

    for _ in range(50):
        optimizer.zero_grad()
        model(torch.tensor([3])).sum().backward()
        optimizer.step()

    (title,) = [title for _, title, _ in run.alerts if "Dead" in title]
    assert "1.weight" in title
    assert "0.weight" not in title


def test_what_is_logged_without_a_step_is_at_the_last_update(
    make_model: Make, batches: Batches
) -> None:
    """Loss and gradients of one update stand at one step."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with mltrack_core.init(console="off"), watch(model, optimizer, share=0):
        for batch in batches[:2]:
            optimizer.zero_grad()
            loss = loss_of(model, batch)
            loss.backward()
            optimizer.step()
            run = mltrack_core.active_run()
            assert run is not None
            run.log({"train/loss": loss})

    records = RecordedSpool(Path(os.environ["MLTRACK_DIR"])).of(Scalars)
    losses = [record.step for record in records if "train/loss" in record.values]
    gradients = [record.step for record in records if "grad/norm" in record.values]
    assert losses == gradients == [1, 2]


def test_updates_go_on_where_a_resumed_optimizer_stands(
    run: RecordingTracker, make_model: Make, batches: Batches, watching: Watching
) -> None:
    """Adam and its like count their updates themselves, and keep the count in a checkpoint."""
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters())
    for batch in batches[:3]:
        optimizer.zero_grad()
        loss_of(model, batch).backward()
        optimizer.step()
    saved = optimizer.state_dict()

    resumed = torch.optim.Adam(model.parameters())
    resumed.load_state_dict(saved)
    watching(model, resumed)
    loss_of(model, batches[3]).backward()
    resumed.step()

    assert [step for step, _ in run.points("grad/norm")] == [4]


def test_an_optimizer_that_was_not_named_is_found_by_its_parameters(
    run: RecordingTracker, make_model: Make, batches: Batches, watching: Watching
) -> None:
    """And one of another model is not."""
    model, other = make_model(), make_model()
    watching(model)
    optimizers = [torch.optim.SGD(each.parameters(), lr=0.1) for each in (other, model)]

    for each, optimizer in zip((other, model), optimizers, strict=True):
        loss_of(each, batches[0]).backward()
        optimizer.step()

    assert len(run.values("grad/norm")) == 1


def test_what_another_integration_has_claimed_is_left_alone(
    run: RecordingTracker, make_model: Make, batches: Batches, watching: Watching
) -> None:
    """Even after it was watched: whoever knows the loop best records it."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    watching(model, optimizer)
    ownership.claim([optimizer], "lightning")

    loss_of(model, batches[0]).backward()
    optimizer.step()

    assert run.logged == []
    ownership.release([optimizer], "lightning")
