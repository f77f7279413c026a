"""What is heavy keeps to its share of the time."""

from __future__ import annotations

import pytest

from mltrack_core.budget import Budget


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def train(budget: Budget, clock: Clock, steps: int, *, step_s: float, turn_s: float) -> list[int]:
    """Return the steps, from 1, at which a turn was due."""
    turns = []
    for step in range(1, steps + 1):
        clock.now_s += step_s
        if budget.is_due():
            clock.now_s += turn_s
            budget.spent(turn_s)
            turns.append(step)
    return turns


@pytest.mark.parametrize("turn_s", [0.0001, 0.01, 1.0])
def test_turns_take_no_more_than_their_share(turn_s: float) -> None:
    """Over a long training, what the turns took is at most the share of the whole."""
    clock = Clock()
    steps, step_s = 100_000, 0.02

    turns = train(Budget(0.01, clock=clock), clock, steps, step_s=step_s, turn_s=turn_s)

    assert turns
    assert turn_s * (len(turns) - 1) <= 0.0101 * steps * step_s


def test_a_cheap_turn_is_due_at_every_step_from_the_second_on() -> None:
    """What costs less than its share is not made rare."""
    clock = Clock()

    turns = train(Budget(0.01, clock=clock), clock, 10, step_s=1.0, turn_s=0.001)

    assert turns == list(range(2, 11))


def test_the_interval_follows_the_steps() -> None:
    """Where steps become slower, turns become more frequent again."""
    clock = Clock()
    budget = Budget(0.01, clock=clock)

    train(budget, clock, 1000, step_s=0.01, turn_s=0.01)
    fast = budget.interval
    train(budget, clock, 1000, step_s=1.0, turn_s=0.01)

    assert (fast, budget.interval) == (100, 1)


def test_no_turn_comes_earlier_than_asked() -> None:
    """`every` is a least interval."""
    clock = Clock()

    turns = train(Budget(0.5, every=50, clock=clock), clock, 201, step_s=1.0, turn_s=0.001)

    assert turns == [2, 52, 102, 152]


def test_without_a_share_turns_do_not_depend_on_time() -> None:
    """Processes that take their turns together all take them at the same steps."""
    clock = Clock()

    turns = train(Budget(0, every=3, clock=clock), clock, 10, step_s=0.001, turn_s=9.0)

    assert turns == [1, 4, 7, 10]


@pytest.mark.parametrize(("share", "every"), [(-0.1, 1), (1.5, 1), (0.01, 0)])
def test_a_budget_that_makes_no_sense_is_refused(share: float, every: int) -> None:
    """The message names what was given."""
    with pytest.raises(ValueError, match="share is 0 to 1"):
        Budget(share, every=every)
