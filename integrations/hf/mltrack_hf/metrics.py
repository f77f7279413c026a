"""What the Trainer calls its metrics, and what they are called here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

# The word that the Trainer begins the names of an evaluation's metrics with → ours.
_SPLITS: Final = {"eval": "val", "test": "test", "predict": "predict"}
_PHASES: Final = {"val": "validation", "test": "test", "predict": "predict"}
_SPEEDS: Final = {
    "runtime": "s",
    "samples_per_second": "samples_per_s",
    "steps_per_second": "steps_per_s",
    "tokens_per_second": "tokens_per_s",
}
_TRAINING: Final = {
    "grad_norm": "grad/norm",
    "learning_rate": "opt/learning_rate",
    "total_flos": "perf/total_flos",
    "train_loss": "train/mean_loss",  # over the whole training, told once: no point of train/loss
    **{f"train_{theirs}": f"perf/train_{ours}" for theirs, ours in _SPEEDS.items()},
}
_OURS: Final = ("train/", "val/", "test/", "predict/", "perf/", "opt/", "grad/")
_AXES: Final = frozenset(("epoch", "num_input_tokens_seen", "step"))


def named(logs: Mapping[str, object]) -> dict[str, str]:
    """Return, for each metric of one report, its name here; what is an axis has none.

    A report of an evaluation tells by itself which word its names begin with: it holds how long
    the evaluation took, under that word. With several data sets the word is "eval_<data set>".
    """
    prefix = _prefix(logs)
    return {name: _name(name, prefix) for name in logs if name not in _AXES}


def is_training(logs: Mapping[str, object]) -> bool:
    """Tell whether a report is one of those that come every `logging_steps`."""
    return "loss" in logs and not _prefix(logs)


def is_broken(logs: Mapping[str, object]) -> bool:
    """Tell whether a report of the training has a loss or gradient that is NaN or infinite."""
    values = (logs.get(name) for name in ("loss", "grad_norm"))
    return any(isinstance(value, float) and not math.isfinite(value) for value in values)


def _prefix(logs: Mapping[str, object]) -> str:
    """Return the word that the names of an evaluation's metrics begin with; "" if it is none."""
    for name in logs:
        prefix = name.removesuffix("_runtime")
        if prefix not in (name, "train"):
            return prefix
    return ""


def _name(name: str, prefix: str) -> str:
    if prefix and name.startswith(f"{prefix}_"):
        return _of_evaluation(name.removeprefix(f"{prefix}_"), prefix)
    if name.startswith(_OURS):
        return name
    if name in _TRAINING:
        return _TRAINING[name]
    for theirs, ours in (("train", "train"), *_SPLITS.items()):
        if name.startswith(f"{theirs}_"):
            return f"{ours}/{name.removeprefix(f'{theirs}_')}"
    return f"train/{name}"


def _of_evaluation(name: str, prefix: str) -> str:
    """Return the name of a metric that the Trainer calls "<prefix>_<name>"."""
    theirs, _, data = prefix.partition("_")
    if theirs not in _SPLITS:
        theirs, data = "eval", prefix  # evaluate(metric_key_prefix=…) with a word of the user's
    split = _SPLITS[theirs]
    if name in _SPEEDS:
        speed = f"perf/{_PHASES[split]}_{_SPEEDS[name]}"
        return f"{speed}/{data}" if data else speed
    return f"{split}/{data}/{name}" if data else f"{split}/{name}"
