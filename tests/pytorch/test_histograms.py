"""Histograms by float bits, and what else is measured more rarely."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mltrack_core import Guard
from mltrack_core.exponents import merged
from mltrack_core.records import ByExponent
from mltrack_core.testing.recording import RecordingTracker
from mltrack_pytorch.measures.histograms import counts
from mltrack_pytorch.measures.histograms import shift_of
from mltrack_pytorch.measures.pieces import pieces
from mltrack_pytorch.observer import Observer

Make = Callable[[], Any]
Batches = list[tuple[Any, Any]]
TYPES = (torch.float32, torch.bfloat16, torch.float16, torch.float64)


def histogram(tensor: Any, shift: int = 0) -> ByExponent:
    """Count one tensor."""
    made = counts(pieces([tensor]))
    return made.by_index([part.flatten().tolist() for part in made.parts], shift)[0]


def counted(values: list[float], kind: Any) -> dict[object, int]:
    """Count values one by one, by the definition of the bins."""
    smallest = torch.finfo(kind).tiny
    found: dict[object, int] = {}
    for value in values:
        if math.isnan(value):
            key: object = "nan"
        elif math.isinf(value):
            key = value
        elif abs(value) < smallest:
            key = "zero"
        else:
            key = (math.copysign(1, value), math.frexp(abs(value))[1] - 1)
        found[key] = found.get(key, 0) + 1
    return found


def spelled(found: ByExponent) -> dict[object, int]:
    """Return a histogram in the same words."""
    words: dict[object, int] = {
        "zero": found.zeros,
        "nan": found.nans,
        math.inf: found.positive_infinities,
        -math.inf: found.negative_infinities,
    }
    for sign, first, row in (
        (-1.0, found.negative_first, found.negative),
        (1.0, found.positive_first, found.positive),
    ):
        words |= {(sign, first + place): count for place, count in enumerate(row)}
    return {word: count for word, count in words.items() if count}


@pytest.mark.parametrize("kind", TYPES, ids=str)
@given(values=st.lists(st.floats(width=16) | st.sampled_from([0.0, -0.0, math.nan, -math.inf])))
def test_every_value_is_in_the_bin_of_its_sign_and_exponent(kind: Any, values: list[float]) -> None:
    """In all four float types; zeros, NaNs and infinities of either sign apart."""
    assert spelled(histogram(torch.tensor(values, dtype=kind))) == counted(values, kind)


@given(values=st.lists(st.floats(width=32)))
def test_the_whole_range_of_single_precision_is_counted(values: list[float]) -> None:
    """What is too small for a normal number counts as zero."""
    tensor = torch.tensor(values, dtype=torch.float32)

    assert spelled(histogram(tensor)) == counted(values, torch.float32)


@given(first=st.lists(st.floats(width=16)), second=st.lists(st.floats(width=16), min_size=1))
def test_histograms_of_parts_add_up_to_that_of_the_whole(
    first: list[float], second: list[float]
) -> None:
    """Over layers, ranks and steps."""
    whole = histogram(torch.tensor(first + second))

    parts = merged(histogram(torch.tensor(first)), histogram(torch.tensor(second)))

    assert spelled(parts) == spelled(whole)


def test_scaled_values_are_counted_where_they_belong() -> None:
    """The scale of mixed precision is a power of two: it moves every bin alike."""
    values = torch.tensor([0.5, -3.0, 0.0])

    assert spelled(histogram(values * 65536, shift_of(65536.0))) == spelled(histogram(values))


def test_a_tensor_that_is_stored_otherwise_is_counted_without_a_copy() -> None:
    """Convolutions in channels_last, and transposed weights."""
    weight = torch.randn(8, 3, 5, 5).to(memory_format=torch.channels_last)

    assert spelled(histogram(weight)) == spelled(histogram(weight.contiguous()))
    assert spelled(histogram(weight[0].T)) == spelled(histogram(weight[0].contiguous()))


@pytest.fixture
def trained(run: RecordingTracker, make_model: Make, batches: Batches) -> Any:
    """Two updates of Adam, seen in full; returns the model before the second and after it."""
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    observer = Observer(run, model, guard=Guard(), share=0)
    seen = []
    for step, (x, y) in enumerate(batches[:2], 1):
        model.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        seen = [{name: value.clone() for name, value in model.named_parameters()}]
        observer.before_update(optimizer, step=step)
        optimizer.step()
        observer.after_update(optimizer)
    seen.append({name: value.clone() for name, value in model.named_parameters()})
    return model, optimizer, seen


def test_an_update_is_told_by_how_far_it_moves_the_weights(
    run: RecordingTracker, trained: Any
) -> None:
    """Exactly, in norm and as a histogram; the ratio is that to the weights after it."""
    _, _, (before, after) = trained

    change = after["0.weight"] - before["0.weight"]

    assert run.points("param/update_ratio/0.weight")[-1] == (
        2,
        pytest.approx(float(change.norm() / after["0.weight"].norm()), rel=1e-5),
    )
    assert run.points("update/histogram/0.weight")[-1] == (2, histogram(change))
    assert run.points("param/histogram/0.weight")[-1] == (2, histogram(after["0.weight"]))


def test_weights_and_the_state_of_the_optimizer_have_norms(
    run: RecordingTracker, trained: Any
) -> None:
    """Of each layer, and of all."""
    model, optimizer, _ = trained

    weights = torch.cat([p.detach().flatten() for p in model.parameters()]).norm()
    moments = torch.cat([optimizer.state[p]["exp_avg"].flatten() for p in model.parameters()])

    assert run.points("param/norm")[-1] == (2, pytest.approx(float(weights), rel=1e-6))
    assert run.points("param/norm/3.bias")[-1][1] == pytest.approx(float(model[3].bias.norm()))
    assert run.points("opt/state/exp_avg")[-1][1] == pytest.approx(float(moments.norm()), rel=1e-6)
    assert run.points("opt/state/step") == []


def test_gradients_have_histograms(run: RecordingTracker, trained: Any) -> None:
    """Before the update, which may write into them."""
    model, _, _ = trained

    assert run.points("grad/histogram/3.weight")[-1] == (2, histogram(model[3].weight.grad))


def test_histograms_can_be_left_out(
    run: RecordingTracker, make_model: Make, batches: Batches
) -> None:
    """Norms and ratios stay."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    observer = Observer(run, model, guard=Guard(), share=0, histograms=False)
    torch.nn.functional.mse_loss(model(batches[0][0]), batches[0][1]).backward()

    observer.before_update(optimizer, step=1)
    optimizer.step()
    observer.after_update(optimizer)

    names = {name for call in run.logged for name in call.values}
    assert not [name for name in names if "histogram" in name]
    assert "param/update_ratio" in names


def test_what_is_heavy_keeps_to_its_share_and_says_how_often_it_comes(
    run: RecordingTracker, make_model: Make, batches: Batches
) -> None:
    """Fast updates of a small model are not all measured."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    observer = Observer(run, model, guard=Guard())

    for step in range(1, 201):
        x, y = batches[step % 8]
        model.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        observer.before_update(optimizer, step=step)
        optimizer.step()
        observer.after_update(optimizer)

    assert 2 <= len(run.points("grad/histogram/0.weight")) < 100
    assert run.params["capture"]["pytorch.updates_between_histograms"] not in (0, 1)


def test_a_large_layer_is_sampled_evenly(run: RecordingTracker) -> None:
    """Memory for the weights before an update has a limit; the ratio is estimated then."""
    weight = torch.nn.Parameter(torch.ones(5000, 4000))
    optimizer = torch.optim.SGD([weight], lr=0.5)
    observer = Observer(run, None, guard=Guard(), share=0)
    weight.grad = torch.ones_like(weight)

    observer.before_update(optimizer, step=1)
    optimizer.step()
    observer.after_update(optimizer)

    assert run.points("param/update_ratio")[0][1] == pytest.approx(1.0, rel=1e-3)


def test_a_model_of_very_many_layers_is_shown_by_module(run: RecordingTracker) -> None:
    """600 tensors would be 600 series of each kind."""
    model = torch.nn.ModuleList(torch.nn.Linear(2, 2) for _ in range(300))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    observer = Observer(run, model, guard=Guard(), share=0)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)

    observer.before_update(optimizer, step=1)
    optimizer.step()
    observer.after_update(optimizer)

    layers = [name for name in run.logged[0].values if name.startswith("grad/norm/")]
    assert len(layers) == 300
    assert run.points("grad/norm/7") == [(1, pytest.approx(6**0.5))]
