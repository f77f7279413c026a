"""What evaluations have told of a model: a checkpoint of the same step is worth it."""

from __future__ import annotations

from collections.abc import Mapping

from transformers import TrainingArguments

from mltrack_core.records import CheckpointMode


class Scores:
    """The metrics of the latest evaluations, all those of one step."""

    def __init__(self) -> None:
        self._step = -1
        self._names: dict[str, str] = {}  # the Trainer's → ours
        self._values: dict[str, object] = {}

    def add(self, names: Mapping[str, str], values: Mapping[str, object], step: int) -> None:
        """Keep the metrics of an evaluation.

        Args:
            names: The Trainer's → ours.
            values: By our names.
            step: Of the run.
        """
        if step != self._step:
            self._names, self._values, self._step = {}, {}, step
        self._names |= names
        self._values |= {n: value for n, value in values.items() if not n.startswith("perf/")}

    def at(self, step: int) -> dict[str, object]:
        """Return what is known of the model at *step*."""
        return self._values if step == self._step else {}

    def monitor(self, args: TrainingArguments) -> tuple[str, CheckpointMode]:
        """Return the metric by which the Trainer chooses the best checkpoint, and how."""
        theirs = args.metric_for_best_model
        if not theirs:
            return "", ""
        theirs = f"eval_{theirs.removeprefix('eval_')}"
        ours = self._names.get(theirs) or f"val/{theirs.removeprefix('eval_')}"
        return ours, "max" if args.greater_is_better else "min"
