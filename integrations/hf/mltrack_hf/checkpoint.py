"""The Trainer's checkpoints: where the newest one is, and which run a loaded one is of.

A callback that keeps a state of its own in a checkpoint (`ExportableState`) breaks trainings that
are resumed without it, or with it for the first time. So the run's id lies in a small file of ours
beside the Trainer's: whoever loads the checkpoint without us does not look at it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from transformers import TrainerState
from transformers import TrainingArguments

from mltrack_hf import frames

FILE: Final = "mltrack.json"
_WEIGHTS: Final = (
    "adapter_model.safetensors",
    "model.safetensors",
    "model.safetensors.index.json",
    "adapter_model.bin",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Which run a checkpoint is of."""

    run: str  # id
    step: int  # of the run


def newest(args: TrainingArguments, state: TrainerState) -> Path:
    """Return the folder that the Trainer has just written.

    In a hyperparameter search each trial has a folder of its own between the two.
    """
    name = f"checkpoint-{state.global_step}"
    output = Path(args.output_dir)
    if not state.is_hyper_param_search:
        return output / name
    found = output.glob(f"*/{name}")
    return max(found, key=lambda path: path.stat().st_mtime_ns, default=output / name)


def model_in(folder: Path) -> Path:
    """Return what of *folder* is the model saved there: all of it, or only the file of its weights.

    A model is often saved where its checkpoints are, which are none of its files.
    """
    if not any(path.is_dir() for path in folder.glob("checkpoint-*")):
        return folder
    found = (folder / name for name in _WEIGHTS)
    return next((path for path in found if path.is_file()), folder)


def is_best(folder: Path, state: TrainerState) -> bool:
    """Tell whether the Trainer holds the checkpoint in *folder* for the best one."""
    best = state.best_model_checkpoint
    return best is not None and os.path.realpath(best) == os.path.realpath(folder)


def mark(folder: Path, origin: Origin) -> None:
    """Leave a note of *origin* in *folder*: whole, or not at all.

    Raises:
        OSError: It cannot be written.
    """
    text = json.dumps({"run": origin.run, "step": origin.step}) + "\n"
    draft = folder / f".{FILE}.{os.getpid()}"
    draft.write_text(text, encoding="ascii")
    draft.replace(folder / FILE)


def origin(folder: Path) -> Origin | None:
    """Return what `mark` has left in *folder*; None if it has not, or if it is no use."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="ascii"))
        return Origin(run=str(found["run"]), step=int(found["step"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def resumed(frame: FrameType, args: TrainingArguments, state: TrainerState) -> Path | None:
    """Return the folder of the checkpoint that the training about to begin was loaded from.

    The Trainer tells callbacks that it has loaded one, by its step, but not which.
    """
    if state.global_step == 0:
        return None
    told = frames.resumed_from(frame) or args.resume_from_checkpoint
    if isinstance(told, str | os.PathLike) and Path(told).is_dir():
        return Path(told)
    return newest(args, state)
