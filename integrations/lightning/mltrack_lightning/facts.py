"""What is recorded once for a call of the Trainer: the module, and how it is trained."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from typing import Final

from mltrack_lightning.packages import package_of
from mltrack_pytorch import facts as of_pytorch

# Plain settings of a Trainer: they have the names of its arguments.
_SETTINGS: Final = (
    "max_epochs min_epochs max_steps min_steps accumulate_grad_batches gradient_clip_val "
    "gradient_clip_algorithm precision num_nodes num_devices world_size limit_train_batches "
    "limit_val_batches limit_test_batches limit_predict_batches overfit_batches "
    "val_check_interval check_val_every_n_epoch log_every_n_steps num_sanity_val_steps "
    "reload_dataloaders_every_n_epochs use_distributed_sampler"
).split()


def framework(trainer: Any, module: Any) -> dict[str, object]:
    """Return which Lightning this is and what it runs on."""
    package = package_of(trainer)
    version = sys.modules[package.partition(".")[0]].__version__
    of_torch = {f"torch.{name}": value for name, value in of_pytorch.framework().items()}
    return {**of_torch, "name": package, "version": version}


def settings(trainer: Any, module: Any) -> dict[str, object]:
    """Return what the Trainer was set to."""
    strategy, found = trainer.strategy, {name: getattr(trainer, name, None) for name in _SETTINGS}
    return {
        **{name: value for name, value in found.items() if value is not None},
        "strategy": type(strategy).__name__,
        "accelerator": type(trainer.accelerator).__name__,
        "callbacks": sorted(
            type(callback).__name__
            for callback in trainer.callbacks
            if not type(callback).__module__.startswith("mltrack")
        ),
    }


def training(trainer: Any, module: Any) -> dict[str, object]:
    """Return what belongs to this fit."""
    loader = trainer.train_dataloader
    batches = trainer.num_training_batches
    found: dict[str, object] = {
        "batches_per_epoch": batches if batches < math.inf else None,
        "data": type(getattr(loader, "dataset", loader)).__name__,
        "batch_size": getattr(loader, "batch_size", None),
        "num_workers": getattr(loader, "num_workers", None),
        "datamodule": type(trainer.datamodule).__name__ if trainer.datamodule else None,
        "ckpt_path": None if trainer.ckpt_path is None else str(trainer.ckpt_path),
    }
    return {name: value for name, value in found.items() if value is not None}


def optimizers(trainer: Any, module: Any) -> dict[str, object]:
    """Return class and settings of each optimizer."""
    found: dict[str, object] = {}
    for index, optimizer in enumerate(trainer.optimizers):
        of = f"{index}." if len(trainer.optimizers) > 1 else ""
        inner = getattr(optimizer, "optimizer", optimizer)  # DeepSpeed wraps
        settings = of_pytorch.of_optimizer(inner)
        found |= {f"{of}{name}": value for name, value in settings.items()}
    return found


def schedulers(trainer: Any, module: Any) -> dict[str, object]:
    """Return class and cadence of each learning-rate scheduler."""
    found: dict[str, object] = {}
    configs = trainer.lr_scheduler_configs
    for index, config in enumerate(configs):
        of = f"{index}." if len(configs) > 1 else ""
        found[f"{of}class"] = type(config.scheduler).__name__
        found |= {f"{of}{name}": getattr(config, name) for name in ("interval", "frequency")}
    return found


def model(trainer: Any, module: Any) -> dict[str, object]:
    """Return what the module is: its class, its size, its layers in words; without a forward."""
    return of_pytorch.of_models([module])


def command_line(trainer: Any, module: Any) -> dict[str, object]:
    """Return what LightningCLI was configured with, defaults included; empty without one."""
    for callback in trainer.callbacks:
        if any(kind.__name__ == "SaveConfigCallback" for kind in type(callback).__mro__):
            found: dict[str, object] = callback.config.as_dict()
            if callback.save_to_log_dir and trainer.log_dir is not None:
                found["config_file"] = str(Path(trainer.log_dir, callback.config_filename))
            return found
    return {}


def stop_reason(trainer: Any) -> dict[str, object]:
    """Return why training stopped before its last epoch; empty if it did not."""
    for callback in trainer.early_stopping_callbacks:
        reason = getattr(callback, "stopping_reason_message", None)
        if callback.stopped_epoch > 0 or reason:
            return {
                "stopped_by": type(callback).__name__,
                "stopped_reason": reason or f"{callback.monitor} did not improve",
                "stopped_epoch": callback.stopped_epoch + 1,
                "best_score": float(callback.best_score),
                "waited": callback.wait_count,
            }
    if trainer.received_sigterm:
        return {"stopped_by": "SIGTERM", "stopped_reason": "the process was asked to end"}
    if trainer.should_stop:
        return {"stopped_by": "should_stop", "stopped_reason": "trainer.should_stop was set"}
    return {}


def tuned(trainer: Any) -> dict[str, object]:
    """Return what a tuner among the callbacks has found."""
    found: dict[str, object] = {}
    for callback in trainer.callbacks:
        if (rates := getattr(callback, "optimal_lr", None)) is not None:
            found["learning_rate"] = rates.suggestion()
        if (size := getattr(callback, "optimal_batch_size", None)) is not None:
            found["batch_size"] = size
    return found


# Namespace → what it holds.
Sources = Mapping[str, Callable[[Any, Any], Mapping[str, object]]]
OF_ANY: Final[Sources] = {
    "framework": framework,
    "model": model,
    "lightning.trainer": settings,
    "lightning.cli": command_line,
}
OF_TRAINING: Final[Sources] = {
    **OF_ANY,
    "lightning.fit": training,
    "torch.optimizer": optimizers,
    "torch.scheduler": schedulers,
}
