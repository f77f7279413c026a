"""What every integration must pass to call itself a good guest in a training.

An integration's tests say once how a training goes, and get the tests for it:

    class TestKeras(Conformance):
        def adapter(self) -> Adapter:
            return KerasAdapter()

Each test trains for real. The class asks nothing of pytest but to be collected.
"""

from __future__ import annotations

import abc
import copy
import pickle
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from mltrack_core.testing.recording import FailingTracker
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.tracker import Tracker

_STEPS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a training came to."""

    weights: bytes  # of the model at the end, all of them, exactly
    losses: tuple[float, ...]  # as the framework itself reports them


class Adapter(abc.ABC):
    """How one framework trains a small model on fixed data, always alike."""

    @abc.abstractmethod
    def callback(self, run: Tracker) -> object:
        """Return the integration's callback (logger, …), recording to *run*."""

    @abc.abstractmethod
    def build(self) -> object:
        """Seed every generator and return a new trainer: what holds model and optimizer."""

    @abc.abstractmethod
    def train(self, trainer: object, callback: object | None, steps: int) -> Trained:
        """Train for *steps* optimizer updates, going on from where *trainer* stands."""

    @abc.abstractmethod
    def random_state(self) -> object:
        """Return the framework's and NumPy's generators' state, as something that compares."""

    @abc.abstractmethod
    def user_objects(self, trainer: object) -> Sequence[object]:
        """Return what belongs to the user: the model, the optimizer, their layers."""

    def set_rank(self, rank: int) -> None:
        """Make this process *rank* of two, as the framework's launcher does; 0 undoes it."""
        raise NotImplementedError

    def set_strict(self, strict: bool) -> None:
        """Make callbacks built from now on raise mltrack's own faults, or swallow them."""
        raise NotImplementedError


class Conformance(abc.ABC):
    """The tests. A subclass whose name begins with Test gets them all."""

    __test__: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.__test__ = cls.__name__.startswith("Test")

    @abc.abstractmethod
    def adapter(self) -> Adapter:
        """Return how the framework at hand trains."""

    def test_a_tracked_training_equals_an_untracked_one(self) -> None:
        """Weights are equal to the bit, and so is what the framework reports."""
        adapter = self.adapter()
        run = RecordingTracker()

        plain = adapter.train(adapter.build(), None, _STEPS)
        tracked = adapter.train(adapter.build(), adapter.callback(run), _STEPS)

        assert run.logged, "nothing was recorded, so nothing was compared"
        assert tracked == plain

    def test_a_tracked_training_equals_an_untracked_one_under_a_strict_guard(self) -> None:
        """Not one of our faults is swallowed in an ordinary training: there is none."""
        adapter = self.adapter()
        plain = adapter.train(adapter.build(), None, _STEPS)

        adapter.set_strict(True)
        try:
            tracked = adapter.train(adapter.build(), adapter.callback(RecordingTracker()), _STEPS)
        finally:
            adapter.set_strict(False)

        assert tracked == plain

    def test_a_failing_tracker_never_ends_the_training(self) -> None:
        """A tracker that raises in every call leaves the training as it is."""
        adapter = self.adapter()
        run = FailingTracker()

        plain = adapter.train(adapter.build(), None, _STEPS)
        tracked = adapter.train(adapter.build(), adapter.callback(run), _STEPS)

        assert run.calls > 0
        assert tracked == plain

    def test_a_strict_guard_shows_a_failing_tracker(self) -> None:
        """Under MLTRACK_STRICT=1 our faults are raised: else no test would ever see them."""
        adapter = self.adapter()
        run = FailingTracker()

        adapter.set_strict(True)
        try:
            adapter.train(adapter.build(), adapter.callback(run), _STEPS)
        except Exception as error:  # noqa: BLE001 - frameworks wrap what callbacks raise
            assert "broken on purpose" in str(error)  # noqa: PT017 - pytest is not imported here
        else:
            raise AssertionError("the fault was swallowed")
        finally:
            adapter.set_strict(False)

    def test_ctrl_c_ends_the_training(self) -> None:
        """The user's Ctrl-C passes, even where it strikes in the midst of our code."""
        adapter = self.adapter()
        run = FailingTracker(KeyboardInterrupt)

        try:
            adapter.train(adapter.build(), adapter.callback(run), _STEPS)
        except KeyboardInterrupt:
            return
        raise AssertionError("Ctrl-C was swallowed")

    def test_no_random_number_is_drawn(self) -> None:
        """After a tracked training, every generator stands where an untracked one leaves it."""
        adapter = self.adapter()

        adapter.train(adapter.build(), None, _STEPS)
        plain = (random.getstate(), adapter.random_state())
        adapter.train(adapter.build(), adapter.callback(RecordingTracker()), _STEPS)
        tracked = (random.getstate(), adapter.random_state())

        assert tracked == plain

    def test_objects_of_the_user_stay_as_they_are(self) -> None:
        """Nothing is attached to the model, the optimizer or a layer, and nothing is replaced."""
        adapter = self.adapter()
        plain, tracked = adapter.build(), adapter.build()

        adapter.train(plain, None, _STEPS)
        adapter.train(tracked, adapter.callback(RecordingTracker()), _STEPS)

        untouched = [_shape_of(thing) for thing in adapter.user_objects(plain)]
        assert [_shape_of(thing) for thing in adapter.user_objects(tracked)] == untouched

    def test_a_callback_pickles_before_and_after_use(self) -> None:
        """What comes out of the pickle trains, in this process or another one."""
        adapter = self.adapter()
        plain = adapter.train(adapter.build(), None, _STEPS)
        callback = adapter.callback(RecordingTracker())

        before = pickle.loads(pickle.dumps(callback))  # noqa: S301 - our own bytes
        adapter.train(adapter.build(), callback, _STEPS)
        after = pickle.loads(pickle.dumps(callback))  # noqa: S301 - our own bytes

        assert adapter.train(adapter.build(), before, _STEPS) == plain
        assert adapter.train(adapter.build(), after, _STEPS) == plain

    def test_a_callback_deep_copies_before_and_after_use(self) -> None:
        """Tuners and scikit-learn wrappers copy: a copy records to the same run, from the start."""
        adapter = self.adapter()
        run = RecordingTracker()
        callback = copy.deepcopy(adapter.callback(run))

        adapter.train(adapter.build(), callback, _STEPS)
        first = run.steps()
        adapter.train(adapter.build(), copy.deepcopy(callback), _STEPS)
        second = run.steps()[len(first) :]

        assert (min(second), max(second)) == (min(first), max(first))

    def test_steps_go_on_when_training_goes_on(self) -> None:
        """A second training of the same trainer continues the update axis: no step goes back."""
        adapter = self.adapter()
        run = RecordingTracker()
        trainer, callback = adapter.build(), adapter.callback(run)

        adapter.train(trainer, callback, _STEPS)
        adapter.train(trainer, callback, _STEPS)

        assert run.steps() == sorted(run.steps())
        assert max(run.steps()) == 2 * _STEPS

    def test_other_ranks_are_silent(self) -> None:
        """Of the processes that train together, only rank 0 records metrics."""
        adapter = self.adapter()
        run = RecordingTracker()

        adapter.set_rank(1)
        try:
            adapter.train(adapter.build(), adapter.callback(run), _STEPS)
        finally:
            adapter.set_rank(0)

        assert run.logged == []


def _shape_of(thing: object) -> dict[str, str]:
    """Return the names and types of an object's attributes."""
    return {name: type(value).__qualname__ for name, value in vars(thing).items()}
