"""`mltrack run` before scripts that nobody prepared."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from mltrack_core import _launch
from mltrack_core.records import Checkpoint
from mltrack_core.records import RunEnded
from mltrack_core.records import Scalars
from mltrack_core.testing.spool import RecordedSpool

Script = Callable[..., str]

TRAINER = """
import torch, transformers

config = transformers.GPT2Config(vocab_size=8, n_positions=8, n_embd=8, n_layer=1, n_head=1)
data = [{"input_ids": torch.arange(8), "labels": torch.arange(8)} for _ in range(12)]
args = transformers.TrainingArguments(
    "out", per_device_train_batch_size=2, num_train_epochs=1, use_cpu=True, report_to="none",
    disable_tqdm=True, save_strategy="steps", save_steps=3, logging_steps=1, seed=1)
transformers.set_seed(1)
trainer = transformers.Trainer(
    transformers.GPT2LMHeadModel(config), args, train_dataset=data, eval_dataset=data)
print(trainer.train().training_loss, trainer.evaluate()["eval_loss"], torch.rand(1).item())
"""

LOOP = """
import accelerate, torch

torch.manual_seed(0)
accelerator = accelerate.Accelerator(cpu=True, log_with="mltrack", gradient_accumulation_steps=2)
accelerator.init_trackers("loop", config={"lr": 0.1})
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
model, optimizer = accelerator.prepare(model, optimizer)
for batch in range(8):
    with accelerator.accumulate(model):
        loss = model(torch.full((2, 4), float(batch))).square().mean()
        accelerator.backward(loss)
        if accelerator.sync_gradients:
            accelerator.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        optimizer.zero_grad()
accelerator.log({"mine": 1.0}, step=4)
print(model.weight.sum().item(), torch.rand(1).item())
accelerator.end_training()
"""


DISTRIBUTED = """
import torch, transformers
from mltrack.hf import MLTrackCallback
from mltrack_core.testing.recording import RecordingTracker

run = RecordingTracker()
config = transformers.GPT2Config(
    vocab_size=64, n_positions=8, n_embd=8, n_layer=1, n_head=1, resid_pdrop=0, embd_pdrop=0,
    attn_pdrop=0)
ids = torch.randint(0, 64, (16, 8), generator=torch.Generator().manual_seed(0))
data = [{"input_ids": row, "labels": row} for row in ids]
args = transformers.TrainingArguments(
    "out", per_device_train_batch_size=2, num_train_epochs=1, use_cpu=True, report_to="none",
    disable_tqdm=True, save_strategy="no", logging_steps=1)
transformers.set_seed(1)
trainer = transformers.Trainer(transformers.GPT2LMHeadModel(config), args, train_dataset=data,
                               callbacks=[MLTrackCallback(run, share=0)])
trainer.train()
assert args.world_size == 2
if args.process_index:
    assert run.logged == run.checkpoints == [] and run.params == {}
else:
    norms = [entry["grad_norm"] for entry in trainer.state.log_history if "grad_norm" in entry]
    torch.testing.assert_close([norm for _, norm in run.points("grad/norm")], norms,
                               rtol=1e-4, atol=0)
    assert run.points("grad/norm/transformer.wte.weight")
    samples = [call.axes["samples"] for call in run.logged if "train/loss" in call.values]
    assert samples == [4, 8, 12, 16]
print("fine")
"""


SHARDED = """
import torch, transformers
from accelerate.state import PartialState
from accelerate.utils import DistributedType
from torch.distributed.tensor import DTensor
from mltrack.hf import MLTrackCallback
from mltrack_core.testing.recording import RecordingTracker

LAYER = "transformer.h.0.mlp.c_fc.weight"

class Reference(transformers.Trainer):
    norms = []

    def _clip_grad_norm(self, model):
        gradient = dict(model.named_parameters())[LAYER].grad
        assert isinstance(gradient, DTensor)
        self.norms.append(gradient.full_tensor().norm().item())
        return super()._clip_grad_norm(model)

run = RecordingTracker()
config = transformers.GPT2Config(
    vocab_size=64, n_positions=8, n_embd=8, n_layer=2, n_head=1, resid_pdrop=0, embd_pdrop=0,
    attn_pdrop=0, tie_word_embeddings=False)
ids = torch.randint(0, 64, (16, 8), generator=torch.Generator().manual_seed(0))
data = [{"input_ids": row, "labels": row} for row in ids]
args = transformers.TrainingArguments(
    "out", per_device_train_batch_size=2, num_train_epochs=1, use_cpu=True, report_to="none",
    disable_tqdm=True, save_strategy="no", logging_steps=1, fsdp="full_shard auto_wrap",
    fsdp_config={"version": 2, "fsdp_version": 2, "transformer_layer_cls_to_wrap": ["GPT2Block"]})
assert args.world_size == 2
# Accelerate shards on accelerators only. What it does then works on the CPU as well, over gloo.
PartialState._shared_state["distributed_type"] = DistributedType.MULTI_GPU
transformers.set_seed(1)
trainer = Reference(transformers.GPT2LMHeadModel(config), args, train_dataset=data,
                    callbacks=[MLTrackCallback(run, share=0)])
trainer.train()
assert trainer.accelerator.is_fsdp2
if args.process_index:
    assert run.logged == run.checkpoints == [] and run.params == {}
else:
    told = [entry["grad_norm"] for entry in trainer.state.log_history if "grad_norm" in entry]
    torch.testing.assert_close([v for _, v in run.points("grad/norm")], told, rtol=1e-4, atol=0)
    torch.testing.assert_close([v for _, v in run.points(f"grad/norm/{LAYER}")],
                               trainer.norms, rtol=1e-4, atol=0)
    coefficients = [min(1.0, 1 / norm) for norm in told]
    torch.testing.assert_close([v for _, v in run.points("grad/clip_coefficient")], coefficients,
                               rtol=1e-3, atol=0)
print("fine")
"""


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[RecordedSpool]:
    """What is recorded, by trainers only: the agent's lock is taken, so none starts."""
    lock = _launch.take_lock(tmp_path / "mltrack")
    assert lock is not None
    yield RecordedSpool(tmp_path / "mltrack")
    os.close(lock)


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Runs a program below `mltrack run`, or alone; returns what it printed."""

    def script(source: str, *, is_tracked: bool) -> str:
        path = tmp_path / "train.py"
        path.write_text(source)
        before = ("-m", "mltrack._cli", "run") if is_tracked else ()
        done = subprocess.run(
            [sys.executable, *before, str(path)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return script


@pytest.mark.slow
def test_a_trainers_script_is_recorded_by_the_callback_alone(
    script: Script, spool: RecordedSpool
) -> None:
    """One run, each point once though PyTorch's own taps are there; the output is the very same."""
    plain = script(TRAINER, is_tracked=False)

    tracked = script(TRAINER, is_tracked=True)

    assert tracked.splitlines()[-1] == plain.splitlines()[-1]
    points = Counter((r.step, name) for r in spool.of(Scalars) for name in r.values)
    assert [step for step, name in sorted(points) if name == "train/loss"] == [1, 2, 3, 4, 5, 6]
    assert points[6, "val/loss"] == 1
    assert [point for point, count in points.items() if count > 1] == []
    saved = [Path(one.path).name for one in spool.of(Checkpoint)]
    assert saved == ["checkpoint-3", "checkpoint-6"]
    assert [ended.state for ended in spool.of(RunEnded)] == ["finished"]


@pytest.mark.slow
def test_a_loop_over_accelerate_is_one_run(script: Script, spool: RecordedSpool) -> None:
    """What it says by name, and what PyTorch's taps see of it, at its updates."""
    plain = script(LOOP.replace('log_with="mltrack", ', ""), is_tracked=False)

    tracked = script(LOOP, is_tracked=True)

    assert tracked == plain
    steps = {
        name: [r.step for r in spool.of(Scalars) if name in r.values]
        for name in ("mine", "train/backward_loss")
    }
    assert steps["mine"] == [4]
    assert steps["train/backward_loss"] == [1, 2, 3, 4]


@pytest.mark.slow
@pytest.mark.parametrize("source", [DISTRIBUTED, SHARDED], ids=["DDP", "FSDP2"])
def test_of_two_processes_the_first_one_records(tmp_path: Path, source: str) -> None:
    """Whole gradients, not one process's part of them, under their own names; and none hangs."""
    path = tmp_path / "train.py"
    path.write_text(source)
    launch = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"]

    done = subprocess.run(
        [sys.executable, "-m", *launch, str(path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.count("fine") == 2, done.stderr
