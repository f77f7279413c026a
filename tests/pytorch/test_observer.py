"""What the observer measures around an update."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from mltrack_core import Guard
from mltrack_core.testing.recording import RecordingTracker
from mltrack_pytorch.observer import Observer

Make = Callable[[], Any]
Batches = list[tuple[Any, Any]]


def observer_of(run: RecordingTracker, model: Any, **options: Any) -> Observer:
    """Return an observer that measures every update, whatever it takes."""
    return Observer(run, model, guard=Guard(), share=0, **options)


def backward(model: Any, batch: tuple[Any, Any]) -> None:
    """Make the gradients of one batch."""
    model.zero_grad()
    torch.nn.functional.mse_loss(model(batch[0]), batch[1]).backward()


def norm_of(parameters: Any) -> float:
    """Return the L2 norm of all gradients, by its definition, in float64."""
    squares = [p.grad.double().square().sum() for p in parameters if p.grad is not None]
    return float(torch.stack(squares).sum().sqrt())


def test_norms_of_all_and_of_each_layer_are_those_before_clipping(
    run: RecordingTracker, make_model: Make, batches: Batches
) -> None:
    """To float32's precision, at the step of the update, under the parameters' own names."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.25, momentum=0.5)
    observer = observer_of(run, model)
    expected = []

    for step, batch in enumerate(batches, 1):
        backward(model, batch)
        expected.append(norm_of(model.parameters()))
        last = norm_of([model[3].weight])
        observer.before_update(optimizer, step=step)
        total = torch.nn.utils.clip_grad_norm_(model.parameters(), 0.01)
        observer.clipped(0.01, total)
        optimizer.step()
        observer.after_update(optimizer)

    points = run.points("grad/norm")
    assert [step for step, _ in points] == list(range(1, 9))
    assert [value for _, value in points] == pytest.approx(expected, rel=1e-6)
    assert run.points("grad/norm/3.weight")[-1] == (8, pytest.approx(last, rel=1e-6))
    coefficient = run.points("grad/clip_coefficient")[-1][1]
    assert coefficient == pytest.approx(0.01 / expected[-1], rel=1e-4)
    assert run.points("opt/learning_rate")[0] == (1, 0.25)
    assert run.points("opt/momentum")[0] == (1, 0.5)


def test_gradients_that_are_scaled_are_recorded_without_the_scale(
    run: RecordingTracker, make_model: Make, batches: Batches
) -> None:
    """As mixed precision multiplies them; the scale may be a tensor."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    observer = observer_of(run, model)
    backward(model, batches[0])
    expected = norm_of(model.parameters())
    for parameter in model.parameters():
        parameter.grad.mul_(1024)

    observer.before_update(optimizer, step=1, scale=torch.tensor(1024.0))
    observer.after_update(optimizer)

    assert run.points("grad/norm") == [(1, pytest.approx(expected, rel=1e-6))]


def test_a_sparse_gradient_counts_coalesced(run: RecordingTracker) -> None:
    """A row that occurs three times in a batch is one row, of three times the gradient."""
    embedding = torch.nn.Embedding(5, 3, sparse=True)
    optimizer = torch.optim.SGD(embedding.parameters(), lr=0.1)
    observer = observer_of(run, embedding)
    embedding(torch.tensor([1, 1, 1, 2])).sum().backward()

    observer.before_update(optimizer, step=1)
    observer.after_update(optimizer)

    assert run.points("grad/norm") == [(1, pytest.approx(30**0.5))]


def test_half_precision_is_added_up_in_single_precision(run: RecordingTracker) -> None:
    """float16 ends at 65504; the norm of such gradients does not."""
    weight = torch.nn.Parameter(torch.zeros(4096, dtype=torch.float16))
    weight.grad = torch.full_like(weight, 1000.0)
    optimizer = torch.optim.SGD([weight], lr=0.1)
    observer = observer_of(run, None)

    observer.before_update(optimizer, step=1)
    observer.after_update(optimizer)

    assert run.points("grad/norm/group0.0") == [(1, pytest.approx(64000.0))]


def test_a_gradient_that_is_no_number_is_recorded_as_such(
    run: RecordingTracker, make_model: Make, batches: Batches
) -> None:
    """Divergence must be visible, in all and in the layer where it is."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    observer = observer_of(run, model)
    backward(model, batches[0])
    model[0].bias.grad[1] = float("nan")

    observer.before_update(optimizer, step=1)
    observer.after_update(optimizer)

    assert [str(value) for _, value in run.points("grad/norm")] == ["nan"]
    assert [str(value) for _, value in run.points("grad/norm/0.bias")] == ["nan"]
    assert [str(value) for _, value in run.points("grad/norm/3.bias")] != ["nan"]


def test_layers_without_a_gradient_are_left_out(
    run: RecordingTracker, make_model: Make, batches: Batches
) -> None:
    """A frozen layer has no norm: 0 would be a claim."""
    model = make_model()
    model[0].requires_grad_(False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    observer = observer_of(run, model)
    backward(model, batches[0])

    observer.before_update(optimizer, step=1)
    observer.after_update(optimizer)

    assert run.points("grad/norm/0.weight") == []
    assert run.points("grad/norm/3.weight") != []


def test_what_is_measured_last_of_an_update_counts(
    run: RecordingTracker, make_model: Make, batches: Batches
) -> None:
    """A closure is evaluated several times for one update, as LBFGS does."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    observer = observer_of(run, model)

    for batch in batches[:3]:
        backward(model, batch)
        observer.before_update(optimizer, step=1)
    observer.after_update(optimizer)

    assert run.points("grad/norm") == [(1, pytest.approx(norm_of(model.parameters()), rel=1e-6))]


def test_two_optimizers_have_series_of_their_own(
    run: RecordingTracker, make_model: Make, batches: Batches
) -> None:
    """A generator's learning rate and its critic's are two curves, from the first record on."""
    model = make_model()
    first = torch.optim.SGD(model[0].parameters(), lr=0.1)
    second = torch.optim.SGD(model[3].parameters(), lr=0.2)
    observer = observer_of(run, model)
    observer.expect([first, second])

    for step in range(1, 5):
        backward(model, batches[step])
        optimizer = first if step % 2 else second
        observer.before_update(optimizer, step=step)
        observer.after_update(optimizer)

    assert run.points("opt/0/learning_rate") == [(1, 0.1), (3, 0.1)]
    assert not run.points("opt/learning_rate")
    assert run.points("opt/1/learning_rate") == [(2, 0.2), (4, 0.2)]
    assert [step for step, _ in run.points("opt/1/grad/norm")] == [2, 4]


def test_names_are_those_of_the_model_without_its_wrappers(
    run: RecordingTracker, make_model: Make, batches: Batches
) -> None:
    """torch.compile and DistributedDataParallel add parts that nobody has written."""
    model = make_model()
    compiled = torch.compile(model, backend="eager")
    optimizer = torch.optim.SGD(compiled.parameters(), lr=0.1)
    observer = observer_of(run, compiled)
    backward(model, batches[0])

    observer.before_update(optimizer, step=1)
    observer.after_update(optimizer)

    assert len(run.points("grad/norm/0.weight")) == 1
