"""At which updates something is recorded that is not recorded at all of them."""

from __future__ import annotations

import torch

from mltrack_core.budget import Budget
from mltrack_core.testing.clock import FakeClock
from mltrack_pytorch.loops.rates import Rates
from mltrack_pytorch.measures.turns import Turns


def due(turns: Turns, clock: FakeClock, updates: int, turn_s: float) -> list[int]:
    """Return which of so many updates of a second each were measured."""
    found = []
    for update in range(1, updates + 1):
        if turns.is_due():
            clock.now_s += turn_s
            turns.spent(turn_s)
            found.append(update)
        clock.now_s += 1.0
    return found


def test_what_is_dear_is_not_measured_twice_to_find_out_how_dear_it_is() -> None:
    """The second update tells how long one takes; the first turn, of 3 s, tells the rest."""
    clock = FakeClock()
    turns = Turns(Budget(0.1, clock=clock.monotonic), dear_s=2.0)

    assert due(turns, clock, 70, 3.0) == [1, 32, 62]
    assert turns.news() == 30


def test_what_is_cheap_is_measured_again_at_once() -> None:
    """Its first turn may have paid for much that is done once."""
    clock = FakeClock()
    turns = Turns(Budget(0.1, clock=clock.monotonic), dear_s=4.0)

    assert due(turns, clock, 40, 3.0) == [1, 2, 32]


def test_a_learning_rate_that_jumps_is_recorded_at_once() -> None:
    """However seldom they are recorded else; and each optimizer has its own."""
    first, second = (torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0) for _ in "ab")
    rates = Rates(1e-9)
    found = []

    for update in range(1, 12):
        if update == 8:
            first.param_groups[0]["lr"] = 0.1
        if update == 9:
            first.param_groups[0]["lr"] = 0.099
        for name, optimizer in (("first", first), ("second", second)):
            if rates.is_due(optimizer, is_recorded=False):
                rates.spent(1.0)
                found.append((update, name))

    assert found[:2] == [(1, "first"), (1, "second")]
    assert [each for each in found if each[0] > 2] == [(8, "first")]


def test_a_rate_that_others_record_is_not_recorded_again() -> None:
    """The observer has it where it measures the update."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    rates = Rates(0.0)

    assert not rates.is_due(optimizer, is_recorded=True)
    assert rates.is_due(optimizer, is_recorded=False)
