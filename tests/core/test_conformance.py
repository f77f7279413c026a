"""The conformance kit itself: a good guest passes, and each kind of bad guest is caught."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from collections.abc import Sequence

import pytest

from mltrack_core import Guard
from mltrack_core import NullTracker
from mltrack_core.testing.conformance import Adapter
from mltrack_core.testing.conformance import Conformance
from mltrack_core.testing.conformance import Trained
from mltrack_core.testing.recording import FailingTracker
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.tracker import Tracker

_settings = {"strict": False, "rank": 0}  # what MLTRACK_STRICT and RANK are to a real one


class Line:
    """A model of one weight, trained by stochastic descent on |w - 3|."""

    def __init__(self) -> None:
        random.seed(7)
        self.weight = random.random()
        self.updates = 0


class Guest:
    """A callback as it should be."""

    def __init__(self, run: Tracker) -> None:
        self.run = run
        self.guard = Guard(bool(_settings["strict"]))

    def __deepcopy__(self, memo: dict[int, object]) -> Guest:
        return type(self)(self.run)

    def __reduce__(self) -> tuple[type[Guest], tuple[Tracker]]:
        return type(self), (NullTracker(),)

    def after_update(self, line: Line, loss: float) -> None:
        with self.guard("after_update"):
            if _settings["rank"] == 0:
                self.run.log({"train/loss": loss}, step=line.updates)


class RandomGuest(Guest):
    """Draws from the generator of the training."""

    def after_update(self, line: Line, loss: float) -> None:
        random.random()
        super().after_update(line, loss)


class ClingingGuest(Guest):
    """Attaches something to the user's model."""

    def after_update(self, line: Line, loss: float) -> None:
        line.mltrack_step = line.updates  # type: ignore[attr-defined]
        super().after_update(line, loss)


class NaiveGuest(Guest):
    """Has no guard and asks for no rank."""

    def after_update(self, line: Line, loss: float) -> None:
        self.run.log({"train/loss": loss}, step=line.updates)


class DeafGuest(Guest):
    """Swallows everything, Ctrl-C too."""

    def after_update(self, line: Line, loss: float) -> None:
        try:
            super().after_update(line, loss)
        except BaseException:  # noqa: BLE001 - the very mistake
            return


class RestartingGuest(Guest):
    """Counts every training from the start."""

    def after_update(self, line: Line, loss: float) -> None:
        self.run.log({"train/loss": loss}, step=line.updates % 6)


class PatchingGuest(Guest):
    """Changes what is trained."""

    def after_update(self, line: Line, loss: float) -> None:
        line.weight += 1e-12
        super().after_update(line, loss)


class LockedGuest(Guest):
    """Holds what cannot be pickled, and copies all that it holds."""

    def __deepcopy__(self, memo: dict[int, object]) -> Guest:
        return type(self)(copy.deepcopy(self.run, memo))

    def __reduce__(self) -> tuple[type[Guest], tuple[Tracker]]:
        return type(self), (self.run,)


class LineAdapter(Adapter):
    """Trains a `Line` with a guest of the given kind."""

    def __init__(self, guest: Callable[[Tracker], Guest]) -> None:
        self._guest = guest

    def callback(self, run: Tracker) -> object:
        return self._guest(run)

    def build(self) -> Line:
        return Line()

    def train(self, trainer: object, callback: object | None, steps: int) -> Trained:
        assert isinstance(trainer, Line)
        losses = []
        for _ in range(steps):
            loss = abs(trainer.weight - 3)
            trainer.weight += 0.1 * random.random()
            trainer.updates += 1
            losses.append(loss)
            if isinstance(callback, Guest):
                callback.after_update(trainer, loss)
        return Trained(weights=trainer.weight.hex().encode(), losses=tuple(losses))

    def random_state(self) -> object:
        return None

    def user_objects(self, trainer: object) -> Sequence[object]:
        return [trainer]

    def set_rank(self, rank: int) -> None:
        _settings["rank"] = rank

    def set_strict(self, strict: bool) -> None:
        _settings["strict"] = strict


class TestAGoodGuest(Conformance):
    """The kit asks for nothing that cannot be done."""

    def adapter(self) -> Adapter:
        return LineAdapter(Guest)


class _Kit(Conformance):
    def __init__(self, guest: Callable[[Tracker], Guest]) -> None:
        self._guest = guest

    def adapter(self) -> Adapter:
        return LineAdapter(self._guest)


@pytest.mark.parametrize(
    ("guest", "test"),
    [
        (PatchingGuest, "test_a_tracked_training_equals_an_untracked_one"),
        (RandomGuest, "test_a_tracked_training_equals_an_untracked_one"),
        (RandomGuest, "test_no_random_number_is_drawn"),
        (ClingingGuest, "test_objects_of_the_user_stay_as_they_are"),
        (NaiveGuest, "test_a_failing_tracker_never_ends_the_training"),
        (NaiveGuest, "test_other_ranks_are_silent"),
        (DeafGuest, "test_ctrl_c_ends_the_training"),
        (DeafGuest, "test_a_strict_guard_shows_a_failing_tracker"),
        (LockedGuest, "test_a_callback_pickles_before_and_after_use"),
        (LockedGuest, "test_a_callback_deep_copies_before_and_after_use"),
        (RestartingGuest, "test_steps_go_on_when_training_goes_on"),
    ],
)
def test_the_kit_catches_a_bad_guest(guest: type[Guest], test: str) -> None:
    """Each test of the kit fails for the mistake that it is there for."""
    with pytest.raises(Exception):  # noqa: B017, PT011 - an assertion, or the guest's own fault
        getattr(_Kit(guest), test)()


def test_trackers_for_tests_keep_the_protocol() -> None:
    """They can stand wherever a run can."""
    assert isinstance(RecordingTracker(), Tracker)
    assert isinstance(FailingTracker(), Tracker)
