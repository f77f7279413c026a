"""`mltrack.autolog()` in a notebook, run by a real kernel."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mltrack_core.records import Alert
from mltrack_core.records import RunEnded
from mltrack_core.records import Scalars
from mltrack_core.testing.spool import RecordedSpool

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # theirs, of each other

BEGIN = """
import os, signal
import torch, transformers
import mltrack
mltrack.autolog()

class Interrupt(transformers.TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == 2:
            os.kill(os.getpid(), signal.SIGINT)  # as the notebook's button does

def fit(*callbacks):
    config = transformers.GPT2Config(vocab_size=8, n_positions=8, n_embd=8, n_layer=1, n_head=1)
    data = [{"input_ids": torch.arange(8), "labels": torch.arange(8)} for _ in range(8)]
    args = transformers.TrainingArguments(
        "out", per_device_train_batch_size=2, num_train_epochs=1, report_to="none", use_cpu=True,
        disable_tqdm=True, save_strategy="no", logging_steps=1)
    trainer = transformers.Trainer(
        transformers.GPT2LMHeadModel(config), args, train_dataset=data, callbacks=[*callbacks])
    trainer.train()
"""


def test_each_cell_that_trains_is_a_run(
    needs: Callable[..., None], spool: RecordedSpool, tmp_path: Path
) -> None:
    """One that is interrupted says so; the kernel, and the notebook's output, are as ever."""
    needs("nbclient", "ipykernel", "nbformat", "transformers")
    nbclient: Any = importlib.import_module("nbclient")
    new: Any = importlib.import_module("nbformat").v4
    cells = (BEGIN, "fit()", "fit()", "fit(Interrupt())", "print('goes on')")
    book = new.new_notebook(cells=[new.new_code_cell(cell) for cell in cells])
    kernel = nbclient.NotebookClient(
        book, timeout=None, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}
    )
    kernel.create_kernel_manager()
    kernel.km.kernel_spec.argv[0] = sys.executable  # whatever kernels this machine has

    kernel.execute(env=dict(os.environ))

    *_, interrupted, after = [cell.outputs for cell in book.cells]
    assert interrupted[-1].ename == "KeyboardInterrupt"
    assert after[0].text == "goes on\n"
    runs = spool.runs()
    steps = [
        [record.step for record in spool.of(Scalars, run) if "train/loss" in record.values]
        for run in runs
    ]
    assert steps == [[1, 2, 3, 4], [1, 2, 3, 4], [1]]
    ends = [spool.of(RunEnded, run)[0] for run in runs]
    assert [end.state for end in ends] == ["finished", "finished", "interrupted"]
    assert "KeyboardInterrupt" in ends[-1].reason
    (alert,) = spool.of(Alert, runs[-1])
    assert alert.step == 2
