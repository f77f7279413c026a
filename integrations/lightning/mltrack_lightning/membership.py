"""Which run a logger records, and from when on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from typing import Final
from typing import Literal

import mltrack_core
from mltrack_core import Tracker
from mltrack_core import join_run

Resume = Literal["same", "new"]

_RUN_ID: Final = re.compile("[0-9a-f]{32}")

# Ids of runs that loggers began before they met a Trainer: for Fabric, or because the script asked
# for its `experiment`. Whoever watches a loop joins them; another logger begins a run of its own.
_offered: Final[set[str]] = set()


class Membership:
    """One logger's run.

    Args:
        given: The one that the user passed.
        options: Arguments of `init` for a new one.
        resume: Whether a checkpoint's run goes on, or is the parent of a new one.
    """

    def __init__(self, given: Tracker | None, options: dict[str, Any], resume: Resume) -> None:
        self.run: Tracker | None = None  # once it has begun
        self.is_own = False  # it was begun from here
        self.waits = False  # for a checkpoint to say which run it is
        self._given, self._options, self._resume = given, options, resume
        self._resumed: dict[str, object] = {}  # what is known of that checkpoint
        self._awaiting: list[Mapping[str, object]] = []  # hyperparameters, until the run begins

    def begin(self, *, is_training: bool, has_trainer: bool) -> Tracker:
        """Join or begin the run.

        Args:
            is_training: What comes is a training, which gets a run of its own rather than another
                integration's.
            has_trainer: Lightning trains. Else somebody else may, who is to join the run.
        """
        self.waits = False
        before, active = self.run, mltrack_core.active_run()
        is_offered = active is not None and active.id in _offered  # by another logger, if not ours
        must_begin = is_offered and is_training if has_trainer else is_offered or active is None
        if self._given is None and before is None and must_begin:
            run, self.is_own = mltrack_core.init(**self._options), True
            if not has_trainer:
                _offered.add(run.id)
        else:
            run, is_begun = join_run(
                self._given, before, self._options, is_training=is_training and has_trainer
            )
            self.is_own = is_begun or (run is before and self.is_own)
        self.run = run
        if run is not before:
            self._introduce(run)
        return run

    def go_on(self, run: str, step: int, *, is_back: bool) -> None:
        """Go on from a checkpoint.

        Args:
            run: Id of the one that it belongs to.
            step: Updates that are in it.
            is_back: That is before what has been recorded here.
        """
        if self.run is not None and self.run.id == run:
            if is_back:
                self.run.rewind(step)
            return
        self._resumed = {"resumed_from": run, "resumed_step": step}
        if self.run is not None:
            self.run.log_params(self._resumed, namespace="lightning.fit")
        elif _RUN_ID.fullmatch(run):
            self._options["id" if self._resume == "same" else "parent"] = run

    def log_params(self, values: Mapping[str, object]) -> bool:
        """Record hyperparameters, now or when the run begins that is waited for; tell whether."""
        if self.run is not None:
            self.run.log_params(values)
        elif self.waits:
            self._awaiting.append(dict(values))
        return self.run is not None or self.waits

    def _introduce(self, run: Tracker) -> None:
        """Record what was known before the run was."""
        if self._options["config"] and not self.is_own:
            run.log_params(self._options["config"])  # `init` has recorded that of its own
        if self._resumed and self._resumed["resumed_from"] != run.id:
            run.log_params(self._resumed, namespace="lightning.fit")
        awaiting, self._awaiting, self._resumed = self._awaiting, [], {}
        for values in awaiting:
            run.log_params(values)
