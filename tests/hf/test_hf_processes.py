"""Trainers in processes of their own: how they are left, and those that are sent to another."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mltrack_core.records import RunEnded
from mltrack_core.records import Scalars
from mltrack_core.testing.spool import RecordedSpool

pytestmark = pytest.mark.slow


SCRIPT = """
import mltrack_core._launch
mltrack_core._launch.ensure_agent = lambda settings: False
import torch, transformers
from mltrack.hf import MLTrackCallback

class Raise(transformers.TrainerCallback):
    error = None

    def on_step_end(self, args, state, control, **kwargs):
        if self.error is not None and state.global_step == 2:
            raise self.error

config = transformers.GPT2Config(vocab_size=8, n_positions=8, n_embd=8, n_layer=1, n_head=1)
data = [{"input_ids": torch.arange(8), "labels": torch.arange(8)} for _ in range(8)]
args = transformers.TrainingArguments(
    "out", per_device_train_batch_size=2, num_train_epochs=1, report_to="none", use_cpu=True,
    disable_tqdm=True, save_strategy="no", logging_steps=1)
trainer = transformers.Trainer(
    transformers.GPT2LMHeadModel(config), args, train_dataset=data,
    callbacks=[MLTrackCallback(), Raise()])

def train(error=None):
    Raise.error = error
    trainer.train()
"""


@pytest.mark.parametrize(
    ("source", "state", "reason"),
    [
        ("train(KeyboardInterrupt())", "interrupted", ""),
        (
            "try:\n    train(ValueError('x'))\nexcept ValueError:\n    pass",
            "interrupted",
            "was left before its end",
        ),
        (
            "try:\n    train(ValueError('x'))\nexcept ValueError:\n    train()",
            "finished",
            "",
        ),
    ],
    ids=["ctrl-c", "caught", "tried again"],
)
def test_a_run_ends_as_its_training_did(
    tmp_path: Path, source: str, state: str, reason: str
) -> None:
    """The Trainer calls no hook then."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT + textwrap.dedent(source))

    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    (ended,) = RecordedSpool(tmp_path / "mltrack").of(RunEnded)
    assert ended.state == state, done.stderr
    assert reason in ended.reason + ended.traceback


def test_a_trainer_that_is_sent_to_another_process_records_there(tmp_path: Path) -> None:
    """By cloudpickle, as Ray does for each trial: the copy trains alike, in a run of its own.

    With or without us none can be sent once any has trained: Accelerate keeps weak references.
    """
    script = tmp_path / "script.py"
    script.write_text(
        SCRIPT
        + textwrap.dedent("""
        import cloudpickle

        trial = cloudpickle.loads(cloudpickle.dumps(trainer))
        for each in (trial, trainer):
            transformers.set_seed(5)
            each.train()
        for ours, theirs in zip(trial.model.parameters(), trainer.model.parameters(), strict=True):
            assert torch.equal(ours, theirs)
        """)
    )

    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    spool = RecordedSpool(tmp_path / "mltrack")
    reports = [
        [record.step for record in spool.of(Scalars, run) if "train/loss" in record.values]
        for run in spool.runs()
    ]
    assert reports == [[1, 2, 3, 4]] * 2
