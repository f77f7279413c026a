"""The callback as a guest of the Trainer: twice, beside others, in trainings of every kind."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

import mltrack_core
from mltrack.hf import MLTrackCallback
from mltrack_core.records import Checkpoint
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.testing.spool import RecordedSpool

Make = Callable[..., Any]
Weights = Callable[[Any], bytes]


def test_a_name_and_a_callback_together_are_one(make_trainer: Make, run: RecordingTracker) -> None:
    """The one that the user made records; added before or after; nothing twice, no other run."""
    for trainer in (
        make_trainer(MLTrackCallback(run), report_to="mltrack"),
        make_trainer(MLTrackCallback(run), MLTrackCallback()),
        make_trainer(report_to="mltrack"),
    ):
        if trainer.args.report_to and len(trainer.callback_handler.callbacks) == 3:
            trainer.add_callback(MLTrackCallback(run))
        before = len(run.points("train/loss"))

        trainer.train()
        trainer.evaluate()

        assert len(run.points("train/loss")) == before + 6
    assert len(run.points("val/loss")) == 3
    assert mltrack_core.active_run() is None


def test_a_name_alone_records_a_run_called_as_the_training(
    make_trainer: Make, tmp_path: Path
) -> None:
    """`report_to="mltrack"`, `run_name="…"`: no other line."""
    trainer = make_trainer(report_to="mltrack", run_name="bert-3e-5")

    trainer.train()
    trainer.evaluate()
    mltrack_core.finish()

    spool = RecordedSpool(tmp_path / "mltrack")
    assert [started.name for started in spool.of(RunStarted)] == ["bert-3e-5"]
    assert [r.step for r in spool.of(Scalars) if "val/loss" in r.values] == [6]


def test_each_trainer_has_a_run_of_its_own(make_trainer: Make, tmp_path: Path) -> None:
    """Two trainings one after the other are two runs, with a callback each."""
    for _ in range(2):
        make_trainer(MLTrackCallback()).train()
    mltrack_core.finish()

    assert len(RecordedSpool(tmp_path / "mltrack").runs()) == 2


def test_a_run_of_the_users_is_joined_and_left_open(make_trainer: Make) -> None:
    """What the user began, the user ends."""
    run = mltrack_core.init(project="mine")

    make_trainer(MLTrackCallback()).train()

    assert mltrack_core.active_run() is run


def test_arguments_model_and_data_have_a_namespace_each(
    make_trainer: Make, make_model: Make, run: RecordingTracker
) -> None:
    """None hides another's, and no token is in any."""
    trainer = make_trainer(
        MLTrackCallback(run, config={"mine": 1}),
        model=make_model(layer_norm_eps=1e-6),
        hub_token="hf_secret",
        max_steps=1,
    )

    trainer.train()

    assert run.params[""] == {"mine": 1}
    assert run.params["hf.arguments"]["learning_rate"] == 1e-3
    assert run.params["hf.model"]["layer_norm_eps"] == 1e-6
    assert run.params["hf.data"]["samples"] == 48
    assert run.params["torch.optimizer"]["class"] == type(trainer.optimizer.optimizer).__name__
    parameters = sum(p.numel() for p in trainer.model.parameters())
    assert run.params["model"]["parameters"] == run.params["model"]["trainable"] == parameters
    assert "hf_secret" not in str(run.params)


def test_an_adapter_is_described_and_its_checkpoint_recorded(
    make_trainer: Make, make_model: Make, run: RecordingTracker
) -> None:
    """What PEFT trains is a small part of a model that is quantised, and says so itself."""
    peft = pytest.importorskip("peft")
    lora = peft.LoraConfig(r=2, target_modules=["query"], task_type="SEQ_CLS")
    base = make_model(quantization_config={"quant_method": "bitsandbytes", "load_in_4bit": True})
    model = peft.get_peft_model(base, lora)
    trainer = make_trainer(
        MLTrackCallback(run, share=0), model=model, save_strategy="steps", save_steps=6
    )

    trainer.train()

    assert run.params["hf.peft"]["default"]["r"] == 2  # type: ignore[index]
    assert run.params["hf.model"]["quantization_config"] == {
        "quant_method": "bitsandbytes",
        "load_in_4bit": True,
    }
    assert 0 < run.params["model"]["trainable_share"] < 0.2  # type: ignore[operator]
    (saved,) = run.checkpoints
    assert (Path(saved.path) / "adapter_model.safetensors").is_file()
    layers = {n for call in run.logged for n in call.values if n.startswith("grad/norm/")}
    assert layers
    assert all("lora" in layer or "classifier" in layer for layer in layers)


def test_early_stopping_is_told(make_trainer: Make, run: RecordingTracker) -> None:
    """By whom, where, and why."""
    trainer = make_trainer(
        MLTrackCallback(run),
        transformers.EarlyStoppingCallback(early_stopping_patience=1),
        eval_strategy="steps",
        eval_steps=1,
        save_strategy="steps",
        save_steps=1,
        load_best_model_at_end=True,
        metric_for_best_model="luck",
        trainer={"compute_metrics": lambda prediction: {"luck": 0.5}},
    )

    trainer.train()

    assert run.params["hf.trainer"]["stopped_by"] == "EarlyStoppingCallback"
    assert run.params["hf.trainer"]["steps_done"] == 2
    assert len(run.notes) == 1


def test_a_restart_with_a_smaller_batch_goes_on_in_the_run(
    make_trainer: Make, run: RecordingTracker
) -> None:
    """`auto_find_batch_size` begins the training anew when memory is short."""

    class Short(transformers.Trainer):  # type: ignore[misc]  # untyped
        def training_step(self, model: Any, inputs: Any, *args: Any) -> Any:
            if self.state.global_step == 2 and len(inputs["labels"]) > 4:
                raise RuntimeError("CUDA out of memory.")
            return super().training_step(model, inputs, *args)

    trainer = make_trainer(
        MLTrackCallback(run), kind=Short, auto_find_batch_size=True, per_device_train_batch_size=5
    )

    trainer.train()

    calls = [call for call in run.logged if "train/loss" in call.values]
    assert [call.step for call in calls] == list(range(1, len(calls) + 1))
    fits = [call.axes["fit"] for call in calls]
    assert fits[:4] == [1, 1, 2, 2]
    assert fits.count(fits[-1]) == trainer.state.global_step
    assert run.alerts == []


def test_a_sequence_to_sequence_trainer_is_one_too(
    make_trainer: Make, run: RecordingTracker
) -> None:
    """Subclasses need nothing."""
    trainer = make_trainer(
        MLTrackCallback(run),
        kind=transformers.Seq2SeqTrainer,
        arguments=transformers.Seq2SeqTrainingArguments,
    )

    trainer.train()

    assert [step for step, _ in run.points("train/loss")] == [1, 2, 3, 4, 5, 6]


def test_a_language_model_is_recorded(make_trainer: Make, run: RecordingTracker) -> None:
    """Tied weights, a generation configuration, tokens."""
    config = transformers.GPT2Config(vocab_size=64, n_positions=16, n_embd=16, n_layer=2, n_head=2)
    data = [{"input_ids": torch.arange(12), "labels": torch.arange(12)} for _ in range(8)]
    trainer = make_trainer(
        MLTrackCallback(run, share=0),
        model=transformers.GPT2LMHeadModel(config),
        include_num_input_tokens_seen="all",
        trainer={"train_dataset": data, "eval_dataset": data},
    )

    trainer.train()

    (call,) = [call for call in run.logged if "train/loss" in call.values]
    assert call.axes["tokens"] == 96
    assert any("perf/train_tokens_per_s" in call.values for call in run.logged)
    assert run.points("grad/norm/transformer.wte.weight")


class Removing(transformers.TrainerCallback):  # type: ignore[misc]  # untyped
    """Takes each checkpoint away before anybody else can look at it."""

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        shutil.rmtree(Path(args.output_dir, f"checkpoint-{state.global_step}"))


def test_a_checkpoint_that_vanishes_and_a_disk_that_is_none_cost_no_training(
    make_trainer: Make,
    weights_of: Weights,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each is said; the weights are those of a training that nobody records."""
    monkeypatch.setenv("MLTRACK_STRICT", "0")
    saving: dict[str, Any] = {"save_strategy": "steps", "save_steps": 2, "max_steps": 4}
    plain = make_trainer(Removing(), **saving)
    plain.train()

    with caplog.at_level("WARNING", "mltrack"):
        recorded = make_trainer(Removing(), MLTrackCallback(), **saving)
        recorded.train()
    mltrack_core.finish()
    (tmp_path / "file").touch()
    monkeypatch.setenv("MLTRACK_DIR", str(tmp_path / "file" / "mltrack"))
    with caplog.at_level("WARNING", "mltrack"):
        nowhere = make_trainer(MLTrackCallback(), save_strategy="no", max_steps=4)
        nowhere.train()

    spool = RecordedSpool(tmp_path / "mltrack")
    assert len([r for r in spool.of(Scalars) if "train/loss" in r.values]) == 4
    assert spool.of(Checkpoint) == []
    assert "checkpoint-2: No such file or directory" in caplog.text
    assert "point MLTRACK_DIR at a folder" in caplog.text
    assert weights_of(plain) == weights_of(recorded) == weights_of(nowhere)


@pytest.mark.parametrize("options", [{"share": 2.0}, {"on_nonfinite": "explode"}])
def test_options_that_are_none_are_refused_at_once(options: dict[str, Any]) -> None:
    """Where they are written, not hours later."""
    with pytest.raises(ValueError, match=next(iter(options))):
        MLTrackCallback(**options)


@pytest.mark.slow
def test_a_compiled_model_and_workers_train_as_without_us(
    make_trainer: Make, make_model: Make, weights_of: Weights, tmp_path: Path
) -> None:
    """Under names without the compiler's; of the workers none begins a run."""
    options = {"torch_compile": True, "torch_compile_backend": "eager", "max_steps": 4}
    plain = make_trainer(**options, dataloader_num_workers=2)
    plain.train()
    torch._dynamo.reset()

    recorded = make_trainer(MLTrackCallback(share=0), **options, dataloader_num_workers=2)
    recorded.train()
    mltrack_core.finish()

    assert weights_of(recorded) == weights_of(plain)
    spool = RecordedSpool(tmp_path / "mltrack")
    (run,) = spool.runs()
    (records,) = spool.streams(run)
    norms = {
        n for r in records if isinstance(r, Scalars) for n in r.values if n[:10] == "grad/norm/"
    }
    known = {f"grad/norm/{name}" for name, _ in make_model().named_parameters()}
    assert norms
    assert norms <= known


def test_making_a_callback_touches_no_shared_state(make_trainer: Make) -> None:
    """Accelerate's state is one for the process; a TrainingArguments made inside resets it."""
    from accelerate.state import AcceleratorState
    from accelerate.state import PartialState

    trainer = make_trainer(max_steps=1)
    before = dict(AcceleratorState._shared_state), dict(PartialState._shared_state)

    trainer.add_callback(MLTrackCallback(RecordingTracker()))
    trainer.train()

    assert (dict(AcceleratorState._shared_state), dict(PartialState._shared_state)) == before
