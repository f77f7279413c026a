"""Which run a callback records: that of a checkpoint, of a search's trial, or as everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from transformers import TrainerState
from transformers import TrainingArguments

from mltrack_core import NullTracker
from mltrack_core import Tracker
from mltrack_core import begin_part
from mltrack_core import join_run
from mltrack_hf.checkpoint import Origin


class Joining:
    """Finds the run for each training and evaluation of one callback.

    Args:
        given: The run that the user passed.
        options: Arguments of `init` for a new run.
    """

    def __init__(self, given: Tracker | None, options: Mapping[str, Any]) -> None:
        self.run: Tracker | None = None  # that has been joined last
        self._given, self._options = given, options
        self._search: _Search | None = None  # that the last training was a trial of

    @property
    def is_in_search(self) -> bool:
        """Whether the run that has been joined last is that of a search's trial."""
        return self._search is not None

    def join(
        self,
        args: TrainingArguments,
        state: TrainerState,
        *,
        is_training: bool,
        is_again: bool = False,
        origin: Origin | None = None,
    ) -> bool:
        """Join or begin a run; tell whether it is the callback's own.

        Args:
            args: The training arguments.
            state: Of the Trainer.
            is_training: Not an evaluation or prediction of its own.
            is_again: The Trainer has begun the same training anew.
            origin: Of the checkpoint that this training goes on from.
        """
        if not state.is_world_process_zero:
            self.run = NullTracker()
            return False
        before = self.run
        own, options = before, {**self._options, "name": self._options["name"] or _name(args)}
        if is_training and state.is_hyper_param_search:
            return self._join_trial(options, state, is_again=is_again, origin=origin)
        # A search's last trial has the evaluations that come after it, but no training.
        given = self._given if self._search is None or is_training else None
        if is_training and self._search is not None:
            own, self._search = None, None
        if origin is not None and (own is None or own.id != origin.run):
            own, options = None, {**options, "id": origin.run}
        self.run, is_own = join_run(given, own, options, is_training=is_training)
        if self.run is not before and not is_own and self._options["config"]:
            self.run.log_params(self._options["config"])
        return is_own

    def _join_trial(
        self,
        options: Mapping[str, Any],
        state: TrainerState,
        *,
        is_again: bool,
        origin: Origin | None,
    ) -> bool:
        """Begin the run of a search's next trial, as a part of that of the search."""
        search = self._search
        if search is None:
            whole, _ = join_run(self._given, self.run, options, is_training=True)
            search = self._search = _Search(whole)
        elif is_again and search.trial == state.trial_params:
            return True
        search.trials, search.trial = search.trials + 1, dict(state.trial_params or {})
        name = f"{search.run.name} · {state.trial_name or f'trial {search.trials}'}"
        known = {"id": origin.run} if origin is not None else {}
        self.run = begin_part(search.run, {**options, **known, "name": name})
        return True


@dataclass(slots=True)
class _Search:
    """A search for hyperparameters that is going on."""

    run: Tracker  # of the whole search; it stays open
    trials: int = 0  # begun so far
    trial: dict[str, Any] | None = None  # parameters of the one that was begun last


def _name(args: TrainingArguments) -> str | None:
    """Return what the user has called the training."""
    name = getattr(args, "run_name", None)
    # Version 4 calls a training that has no name after its folder.
    return None if name == args.output_dir else name
