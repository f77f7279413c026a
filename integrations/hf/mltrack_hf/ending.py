"""How a training ended, as far as the Trainer tells."""

from __future__ import annotations

from collections.abc import Sequence

from transformers import EarlyStoppingCallback
from transformers import TrainerCallback
from transformers import TrainerControl
from transformers import TrainerState

from mltrack_core import Tracker


def record(
    run: Tracker,
    state: TrainerState,
    control: TrainerControl,
    callbacks: Sequence[TrainerCallback],
    *,
    step: int,
) -> None:
    """Record how far a training came, why it stopped early, and what was best.

    The run of a trial that a search has given up on is ended; all others go on.
    """
    found: dict[str, object] = {"steps_done": state.global_step, "epochs_done": state.epoch}
    if state.best_metric is not None:
        found["best_metric"] = state.best_metric
        found["best_step"] = _best_step(state)
        found["best_checkpoint"] = state.best_model_checkpoint
    is_early = state.global_step < state.max_steps
    if is_early and control.should_training_stop:
        who, why = _who_stopped(callbacks)
        found |= {"stopped_by": who, "stopped_reason": why}
        run.note(f"Training stopped after update {state.global_step} by {who}: {why}", step=step)
    known = {name: value for name, value in found.items() if value is not None}
    run.log_params(known, namespace="hf.trainer")
    if is_early and state.is_hyper_param_search and not control.should_training_stop:
        run.finish("interrupted", "the search pruned this trial")  # nobody asked for an end


def _best_step(state: TrainerState) -> int | None:
    """Return the Trainer's step of the best checkpoint; older ones tell it in its name only."""
    step = getattr(state, "best_global_step", None)
    number = str(state.best_model_checkpoint or "").rpartition("checkpoint-")[2]
    return step if step is not None or not number.isdecimal() else int(number)


def _who_stopped(callbacks: Sequence[TrainerCallback]) -> tuple[str, str]:
    for callback in callbacks:
        if isinstance(callback, EarlyStoppingCallback):
            patience = callback.early_stopping_patience
            if callback.early_stopping_patience_counter >= patience:
                return (
                    type(callback).__name__,
                    f"the metric did not improve for {patience} evaluations",
                )
    return "should_training_stop", "control.should_training_stop was set"
