"""When to try again."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from mltrack_core.agent.backoff import Backoff
from mltrack_core.limits import RETRY_S_MAX
from mltrack_core.limits import RETRY_S_MIN


@given(st.integers(0, 2**32), st.integers(1, 50))
def test_the_wait_is_anything_up_to_a_bound_that_doubles(seed: int, failures: int) -> None:
    """Full jitter: from nothing to min(RETRY_S_MAX, RETRY_S_MIN · 2ⁿ)."""
    backoff = Backoff(random.Random(seed))

    for _ in range(failures):
        backoff.failed(100.0)

    bound = min(RETRY_S_MAX, RETRY_S_MIN * 2 ** (failures - 1))
    assert 100.0 <= backoff.ready_at_s <= 100.0 + bound


def test_a_thousand_agents_do_not_come_back_together() -> None:
    """The waits are spread over the whole bound."""
    waits = []
    for seed in range(1000):
        backoff = Backoff(random.Random(seed))
        for _ in range(20):
            backoff.failed(0.0)
        waits.append(backoff.ready_at_s)

    tenths = {int(wait / RETRY_S_MAX * 10) for wait in waits}
    assert tenths >= set(range(10))


def test_what_the_server_asks_for_wins_within_an_hour() -> None:
    """Retry-After replaces the jitter; a slip of the server's clock does not silence us."""
    backoff = Backoff()

    backoff.failed(0.0, retry_after_s=7.0)
    assert backoff.ready_at_s == 7.0
    backoff.failed(0.0, retry_after_s=1e9)
    assert backoff.ready_at_s == 3600.0


def test_success_forgets() -> None:
    """After an answer the next failure is a first one again."""
    backoff = Backoff()
    for _ in range(10):
        backoff.failed(0.0)

    backoff.succeeded()

    assert backoff.is_ready(0.0)
    backoff.failed(0.0)
    assert backoff.ready_at_s <= RETRY_S_MIN
