"""What is recorded once for a training: arguments, model, data, and what works on them.

Each has a namespace of its own. Trackers that pour them into one lose whatever two of them call
alike: the model's and the arguments' `dtype`, to begin with.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from typing import Final

import accelerate
import torch
import transformers
from transformers import TrainerCallback
from transformers import TrainerState
from transformers import TrainingArguments

from mltrack_core import Guard
from mltrack_core import Tracker

_TEMPLATE_CHARACTERS_MAX: Final = 20_000  # of a chat template


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What a hook of the Trainer is told, and who else is."""

    args: TrainingArguments
    state: TrainerState
    model: Any
    optimizer: Any
    lr_scheduler: Any
    processing_class: Any
    train_dataloader: Any
    callbacks: tuple[TrainerCallback, ...]

    @classmethod
    def of(
        cls,
        args: TrainingArguments,
        state: TrainerState,
        callbacks: tuple[TrainerCallback, ...],
        told: Mapping[str, Any],
    ) -> Training:
        """Return what there is, given what the Trainer has *told* the hook by keyword."""
        return cls(
            args=args,
            state=state,
            model=told.get("model"),
            optimizer=told.get("optimizer"),
            lr_scheduler=told.get("lr_scheduler"),
            processing_class=told.get("processing_class") or told.get("tokenizer"),
            train_dataloader=told.get("train_dataloader"),
            callbacks=callbacks,
        )


def record(run: Tracker, training: Training, guard: Guard) -> None:
    """Record all of it. Each part is collected on its own: one that fails costs no other."""
    for namespace, collect in SOURCES.items():
        with guard(f"facts of {namespace}"):
            if found := collect(training):
                run.log_params(found, namespace=namespace)


def framework(training: Training) -> dict[str, object]:
    """Return which versions this is."""
    return {
        "name": "transformers",
        "version": transformers.__version__,
        "accelerate_version": accelerate.__version__,
        "torch_version": torch.__version__,
    }


def arguments(training: Training) -> dict[str, object]:
    """Return the training arguments, as the Trainer now has them; no tokens.

    `to_dict` would do, but some versions of it change what the arguments hold.
    """
    found = {
        field.name: _plain(getattr(training.args, field.name, None))
        for field in dataclasses.fields(training.args)
        if field.init
    }
    return {name: value for name, value in found.items() if not name.endswith("_token")}


def model(training: Training) -> dict[str, object]:
    """Return what the model is: its class and its size."""
    module = unwrapped(training.model)
    # DeepSpeed's third stage leaves empty parameters behind, and their size beside them.
    sizes = [(getattr(p, "ds_numel", p.numel()), p.requires_grad) for p in module.parameters()]
    total, trainable = sum(n for n, _ in sizes), sum(n for n, trains in sizes if trains)
    config = getattr(module, "config", None)
    found = {
        "class": type(module).__name__,
        "parameters": total,
        "trainable": trainable,
        "non_trainable": total - trainable,
        "trainable_share": trainable / total if total else None,
        "dtype": str(next((p.dtype for p in module.parameters()), "")).removeprefix("torch."),
        "name_or_path": getattr(config, "_name_or_path", None),
        "commit": getattr(config, "_commit_hash", None),
        "attention": getattr(config, "_attn_implementation", None),
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


def configuration(training: Training) -> dict[str, object]:
    """Return the model's configuration where it differs from the default of its class."""
    return _configuration(getattr(unwrapped(training.model), "config", None))


def generation(training: Training) -> dict[str, object]:
    """Return how the model generates, where it differs from the default."""
    return _configuration(getattr(unwrapped(training.model), "generation_config", None))


def adapters(training: Training) -> dict[str, object]:
    """Return the configuration of each adapter of a PEFT model."""
    configs = getattr(unwrapped(training.model), "peft_config", None)
    if not isinstance(configs, Mapping):
        return {}
    return {name: _configuration(config) for name, config in configs.items()}


def optimizer(training: Training) -> dict[str, object]:
    """Return the optimizer's class and settings, those of several groups by number."""
    inner = innermost(training.optimizer)
    if inner is None:
        return {}
    groups = [
        {name: _plain(value) for name, value in group.items() if name != "params"}
        for group in inner.param_groups
    ]
    scheduler = training.lr_scheduler
    scheduler = getattr(scheduler, "scheduler", scheduler)
    return {
        "class": type(inner).__name__,
        "scheduler": type(scheduler).__name__ if scheduler is not None else None,
        **{f"group.{i}": group for i, group in enumerate(groups)},
    }


def data(training: Training) -> dict[str, object]:
    """Return what can be told of the training set without reading from it."""
    loader = training.train_dataloader
    dataset = getattr(loader, "dataset", None)
    columns = getattr(dataset, "column_names", None)
    found = {
        "class": type(dataset).__name__ if dataset is not None else None,
        "samples": _length(dataset),
        "batches": _length(loader),
        "columns": list(columns) if isinstance(columns, list | tuple) else None,
        "fingerprint": getattr(dataset, "_fingerprint", None),
        "split": str(split) if (split := getattr(dataset, "split", None)) else None,
        "collator": _name_of(getattr(loader, "collate_fn", None)),
    }
    return {name: value for name, value in found.items() if value is not None}


def processor(training: Training) -> dict[str, object]:
    """Return what the tokenizer or image processor is."""
    tokenizer = training.processing_class
    if tokenizer is None:
        return {}
    template = getattr(tokenizer, "chat_template", None)
    found = {
        "class": type(tokenizer).__name__,
        "name_or_path": getattr(tokenizer, "name_or_path", None),
        "vocabulary": getattr(tokenizer, "vocab_size", None),
        "length_max": getattr(tokenizer, "model_max_length", None),
        "padding_side": getattr(tokenizer, "padding_side", None),
        "truncation_side": getattr(tokenizer, "truncation_side", None),
        "special_tokens": getattr(tokenizer, "special_tokens_map", None),
        "chat_template": str(template)[:_TEMPLATE_CHARACTERS_MAX] if template else None,
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


def trainer(training: Training) -> dict[str, object]:
    """Return how far the Trainer means to go, and who listens."""
    names = {type(callback).__name__ for callback in training.callbacks}
    return {
        "max_steps": training.state.max_steps,
        "epochs": training.state.num_train_epochs,
        "callbacks": sorted(names),
    }


def trial(training: Training) -> dict[str, object]:
    """Return what a hyperparameter search has chosen for this training."""
    return dict(training.state.trial_params or {}) if training.state.is_hyper_param_search else {}


# Namespace → what it holds.
SOURCES: Final[Mapping[str, Callable[[Training], dict[str, object]]]] = {
    "framework": framework,
    "model": model,
    "hf.arguments": arguments,
    "hf.model": configuration,
    "hf.generation": generation,
    "hf.peft": adapters,
    "hf.data": data,
    "hf.processor": processor,
    "hf.trainer": trainer,
    "hf.trial": trial,
    "torch.optimizer": optimizer,
}


def unwrapped(module: Any) -> Any:
    """Return the model inside DistributedDataParallel, torch.compile and the like."""
    for _ in range(10):
        inner = getattr(module, "_orig_mod", None)
        if inner is None and type(module).__module__.startswith(("torch.nn.parallel", "deepspeed")):
            inner = getattr(module, "module", None)
        if inner is None:
            break
        module = inner
    return module


def innermost(optimizer: Any) -> Any:
    """Return PyTorch's optimizer inside Accelerate's."""
    while isinstance(optimizer, accelerate.optimizer.AcceleratedOptimizer):
        optimizer = optimizer.optimizer
    return optimizer


def optimizers(kwargs: Mapping[str, Any]) -> list[object]:
    """Return the optimizer that a hook is told, as it is and innermost, if it is told one."""
    optimizer = kwargs.get("optimizer")
    return [one for one in (optimizer, innermost(optimizer)) if one]


def _configuration(config: Any) -> dict[str, object]:
    for method in ("to_diff_dict", "to_dict"):
        if hasattr(config, method):
            return {str(key): _plain(value) for key, value in getattr(config, method)().items()}
    return {}


def _plain(value: object) -> object:
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(inner) for key, inner in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(str(_plain(inner)) for inner in value)
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, torch.Tensor):  # a learning rate may be one, on an accelerator even
        return value.item() if value.numel() == 1 and value.device.type == "cpu" else "tensor"
    return value


def _length(thing: object) -> int | None:
    try:
        return len(thing)  # type: ignore[arg-type]  # that it has none is what is asked
    except (TypeError, NotImplementedError):
        return None


def _name_of(function: object) -> str | None:
    if function is None:
        return None
    return getattr(function, "__name__", None) or type(function).__name__
