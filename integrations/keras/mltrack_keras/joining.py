"""Which run a callback records: that of a backup, of a tuner's trial, or as everywhere."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any
from typing import Final
from typing import Protocol

import keras

from mltrack_core import NullTracker
from mltrack_core import Tracker
from mltrack_core import begin_part
from mltrack_core import join_run
from mltrack_keras.rank import rank

# Tuner of KerasTuner → the run of its search, whose parts the trials' runs are. It copies the
# callback for each trial, so none of the copies can know.
_searches: Final[weakref.WeakKeyDictionary[object, Tracker]] = weakref.WeakKeyDictionary()


class Resumed(Protocol):
    """What `mltrack.resume` returns."""

    @property
    def run(self) -> Tracker:
        """The run that goes on."""

    @property
    def step(self) -> int:
        """Optimizer updates that are in the checkpoint."""


class Joining:
    """Finds the run for the fits, evaluations and predictions of one callback.

    Args:
        given: The run that the user passed.
        options: Arguments of `init` for a new run.
    """

    def __init__(self, given: Tracker | None, options: Mapping[str, Any]) -> None:
        self.run: Tracker | None = None  # that has been joined last
        self._given, self._options = given, options

    def join(
        self,
        callbacks: Iterable[keras.callbacks.Callback] = (),
        *,
        is_training: bool,
        id: str = "",  # noqa: A002 - as in `init`
    ) -> bool:
        """Join or begin the run; tell whether it is the callback's own.

        Args:
            callbacks: Of the fit.
            is_training: Not an evaluation or prediction of its own.
            id: Of the run, if it is not one that has been joined before.
        """
        if rank() > 0:
            self.run = NullTracker()
            return False
        before = self.run
        options = dict(self._options)
        if id:
            options["id"] = id
        trial = _trial_of(callbacks) if before is None and self._given is None else None
        if trial is not None and (search := self._search_of(trial)) is not None:
            name = f"{search.name} · trial {trial.trial.trial_id}"
            self.run = begin_part(search, {**options, "name": name})
            self.run.log_params(trial.trial.hyperparameters.values)
            return True
        self.run, is_own = join_run(self._given, before, options, is_training=is_training)
        if self.run is not before and not is_own and options["config"]:
            self.run.log_params(options["config"])
        return is_own

    def _search_of(self, trial: Any) -> Tracker | None:
        """Return the run of the whole search, begun with its first trial; None: all is the user's.

        It stays open around the trials' runs.
        """
        search = _searches.get(trial.tuner)
        if search is None:
            search, is_own = join_run(None, None, self._options, is_training=True)
            if not is_own:
                return None
            _searches[trial.tuner] = search
        return search


def _trial_of(callbacks: Iterable[Any]) -> Any:
    """Return the callback by which KerasTuner listens to a trial, if it does."""
    for callback in callbacks:
        is_tuners = type(callback).__module__.partition(".")[0] == "keras_tuner"
        if is_tuners and hasattr(callback, "tuner") and hasattr(callback, "trial"):
            return callback
    return None
