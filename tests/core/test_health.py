"""What looks wrong is marked once, with its evidence; what is sound is not."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from mltrack_core.health import Health
from mltrack_core.testing.recording import RecordingTracker

Curve = Callable[[int, random.Random], float]


def observe(curve: Curve, losses: int = 3000) -> RecordingTracker:
    """Return a run whose training had the loss curve(step, noise)."""
    run, noise = RecordingTracker(), random.Random(3)
    health = Health(run)
    for step in range(losses):
        health.loss(curve(step, noise), step)
    return run


@pytest.mark.parametrize(
    "curve",
    [
        lambda step, noise: 2.3 * math.exp(-step / 1000) + noise.gauss(0, 0.1),
        lambda step, noise: 5 / (1 + step / 50) + abs(noise.gauss(0, 0.5)),
        lambda step, noise: 1.0 - step / 3000 + noise.gauss(0, 0.3),
        lambda step, noise: -step / 10 + noise.gauss(0, 5),  # a log-likelihood
    ],
    ids=["exponential", "hyperbolic", "noisy", "negative"],
)
def test_a_sound_loss_has_no_mark(curve: Curve) -> None:
    """Noise, slow progress and losses below zero are nothing to mark."""
    assert observe(curve).marks == []


def test_a_loss_that_rises_for_good_is_marked_soon() -> None:
    """Half of what was gained is lost: the mark names both levels and where the best one was."""
    run = observe(lambda step, noise: abs(step - 500) / 250 + noise.gauss(0, 0.05), 1000)

    kinds = dict(run.marks)
    assert list(kinds) == ["health.diverging"]
    assert 500 < (kinds["health.diverging"] or 0) < 1000


def test_one_bad_batch_is_no_divergence() -> None:
    """A spike that is over within a batch is a point of the chart, not a state of the training."""
    run = observe(lambda step, noise: 50.0 if step == 700 else 1 + 3 * math.exp(-step / 300))

    assert "health.diverging" not in dict(run.marks)


def test_a_loss_that_makes_no_progress_for_long_is_marked() -> None:
    """As an information: it may just have converged."""
    run = observe(lambda step, noise: max(0.5, 2 - step / 300) + noise.gauss(0, 0.01), 4000)

    assert [kind for kind, _ in run.marks] == ["health.stalled"]
    assert run.alerts[0][0] == "info"


def test_the_first_value_that_is_no_number_is_marked_with_its_layers() -> None:
    """Later ones are the same trouble; the training is not asked to stop."""
    run = RecordingTracker()
    health = Health(run)

    health.loss(0.7, 11)
    health.gradients(math.nan, 12, {"stem": 0.1, "block.3": math.nan, "head": math.inf})
    health.loss(math.nan, 13)

    assert run.marks == [("health.nonfinite", 12)]
    assert run.alerts[0][1] == "The gradient is nan in block.3, head"
    assert not health.should_stop


def test_a_training_is_stopped_only_where_that_was_asked_for() -> None:
    """`should_stop` is what an integration then acts on."""
    health = Health(RecordingTracker(), on_nonfinite="stop")

    health.loss(1.0, 1)
    before = health.should_stop
    health.loss(math.inf, 2)

    assert (before, health.should_stop) == (False, True)


def test_a_gradient_a_hundred_times_the_usual_is_marked() -> None:
    """With the layer that has most of it; growth by a factor of ten is not."""
    run = RecordingTracker()
    health = Health(run)

    for step in range(100):
        health.gradients(1.0 + step % 7 + 10 * (step % 29 == 0), step)
    health.gradients(900.0, 100, {"embedding": 5.0, "block.0": 899.9})

    assert run.marks == [("health.exploding", 100)]


def test_layers_that_get_no_gradient_for_long_are_marked() -> None:
    """Not those that miss one for a while."""
    run = RecordingTracker()
    health = Health(run)

    for step in range(200):
        weak = 0.0 if 50 <= step < 90 else 1e-3
        health.gradients(1.0, step, {"early": 1e-9, "sometimes": weak, "late": 1.0})

    assert run.marks == [("health.vanishing", 49)]
    assert "early" in run.alerts[0][1]
    assert "sometimes" not in run.alerts[0][1]


def test_units_that_never_learn_are_marked() -> None:
    """A gradient that is exactly zero, observation after observation."""
    run = RecordingTracker()
    health = Health(run)

    for step in range(60):
        health.zeros({"relu": 1.0, "gelu": 0.4}, step)

    assert run.marks == [("health.dead", 49)]
    assert "relu" in run.alerts[0][1]


def test_updates_that_rewrite_a_layer_are_marked() -> None:
    """A tenth of the weights' norm in every update."""
    run = RecordingTracker()
    health = Health(run)

    for step in range(60):
        health.updates({"head": 0.3, "stem": 0.001}, step)

    assert run.marks == [("health.large_updates", 49)]


def test_waiting_for_data_is_marked_after_the_warm_up() -> None:
    """The first steps always wait: workers start, caches are cold."""
    sound, starved = RecordingTracker(), RecordingTracker()
    for run, later_s in ((sound, 0.01), (starved, 0.5)):
        health = Health(run)
        for step in range(300):
            health.waiting(0.9 if step < 50 else later_s, 1.0, step)

    assert sound.marks == []
    assert starved.marks == [("health.starved", 99)]


def test_an_option_that_there_is_not_is_refused() -> None:
    """The message names the ones there are."""
    with pytest.raises(ValueError, match="use mark or stop"):
        Health(RecordingTracker(), on_nonfinite="ignore")  # type: ignore[arg-type]
