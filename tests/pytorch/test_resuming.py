"""What is known of mappings that were loaded, once they are gone and others have their ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from mltrack_core.origins import Origin
from mltrack_pytorch.zero_code.resuming import Resuming

FIRST = Origin(run="1" * 32, step=1, goes_on=True)
SECOND = Origin(run="2" * 32, step=2, goes_on=True)


@pytest.fixture
def resuming() -> Resuming:
    """What follows states."""
    return Resuming()


def make_states() -> Iterator[dict[str, Any]]:
    """Yield states of optimizers without and with tensors."""
    weight = torch.nn.Parameter(torch.zeros(2))
    for optimizer in (torch.optim.SGD([weight], lr=0.1), torch.optim.Adam([weight], lr=0.1)):
        weight.grad = torch.ones(2)
        optimizer.step()
        yield optimizer.state_dict()


@pytest.mark.parametrize("state", list(make_states()))
def test_a_state_is_known_wherever_in_a_file_it_was(
    resuming: Resuming, state: dict[str, Any]
) -> None:
    """By itself, below a name, in a list; and also once the rest of the file is gone."""
    model = {"weight": torch.zeros(2)}
    file = {"model": model, "optimizers": [state]}
    resuming.filled(file, FIRST)
    del file

    assert resuming.origin_in(state) == FIRST
    assert resuming.origin_in(model) == FIRST
    assert resuming.origin_in(dict(state)) is None


def test_another_mapping_with_the_id_of_one_that_is_gone_is_unknown(resuming: Resuming) -> None:
    """A training that begins from a copy of its first state must not go on in another's run."""
    _, state = make_states()
    resuming.filled({"optimizer": state}, FIRST)
    gone = id(state)
    del state

    made: list[dict[str, Any]] = []
    while not made or id(made[-1]) != gone:
        assert len(made) < 1_000_000
        made.append({})
    assert resuming.origin_in(made[-1]) is None


def test_mappings_that_are_no_state_and_have_no_tensor_are_not_remembered(
    resuming: Resuming,
) -> None:
    """As the one that PyTorch's recipe hands over, gone as soon as it is loaded."""
    content: dict[str, Any] = {"app": object(), "epoch": 3}
    resuming.filled(content, FIRST)

    assert resuming.origin_in(content) is None


def test_what_is_read_around_tells_rather_than_what_is_read_within(resuming: Resuming) -> None:
    """A folder is known by its file; the states taken from it within by their ids."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    with resuming.reading(FIRST), resuming.reading(SECOND):
        resuming.restored(optimizer, {})

    assert resuming.origin_of(optimizer) == FIRST
