"""Taps for trainings without a line of code. Each one takes a module, and returns what undoes it.

They may be put in place at any time; whether they record is asked when something happens.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType
from typing import Any
from weakref import ref

from torch import Tensor

from mltrack_core import Guard
from mltrack_core import autolog
from mltrack_pytorch import deferral
from mltrack_pytorch import patches
from mltrack_pytorch.loops.hooks import HOOKS
from mltrack_pytorch.patches import Restore
from mltrack_pytorch.zero_code import distributed
from mltrack_pytorch.zero_code.automatic import AUTOMATIC
from mltrack_pytorch.zero_code.automatic import PART
from mltrack_pytorch.zero_code.by_hand import HAND
from mltrack_pytorch.zero_code.checkpoints import OPEN
from mltrack_pytorch.zero_code.checkpoints import around_save
from mltrack_pytorch.zero_code.checkpoints import around_torch_save
from mltrack_pytorch.zero_code.writers import Writers


def torch(module: ModuleType) -> Restore:
    """Follow optimizers, losses, loaders, schedulers and checkpoints; *module* is torch."""
    guard = Guard()
    HOOKS.seekers.append(AUTOMATIC)
    HOOKS.clippers.append(HAND.clipping)
    HOOKS.install()
    deferral.install()
    scaler = module.amp.grad_scaler.GradScaler
    loader = module.utils.data.dataloader._BaseDataLoaderIter
    schedulers = module.optim.lr_scheduler
    restores = [
        patches.replace(module.autograd, "backward", _around_backward(guard)),
        patches.replace(scaler, "scale", _around_scale(guard)),
        patches.replace(loader, "__next__", _around_next(guard)),
        patches.replace(schedulers.LRScheduler, "__init__", _around_scheduler(guard)),
        patches.replace(schedulers.ReduceLROnPlateau, "__init__", _around_scheduler(guard)),
        patches.replace(module.serialization, "save", around_torch_save(guard)),
        patches.replace(module, "save", around_torch_save(guard)),
        patches.replace(module.serialization, "load", _around_load(guard)),
        patches.replace(module, "load", _around_load(guard)),
        patches.replace(module.optim.Optimizer, "load_state_dict", _around_restore(guard)),
    ]

    def stop() -> None:
        if AUTOMATIC in HOOKS.seekers:
            HOOKS.seekers.remove(AUTOMATIC)
            HOOKS.clippers.remove(HAND.clipping)
        HAND.settle()
        HAND.forget()
        OPEN.settle()
        if AUTOMATIC.loop is not None:
            HOOKS.abandon(AUTOMATIC.loop)
        AUTOMATIC.close()
        HOOKS.rest()

    return patches.all_of([stop, *restores])


def tensorboard(module: ModuleType) -> Restore:
    """Mirror what is written for TensorBoard; *module* has the class SummaryWriter."""
    writers = Writers(Guard())
    return patches.all_of(
        [
            patches.replace(module.SummaryWriter, name, around)
            for name, around in writers.taps().items()
        ]
    )


def safetensors(module: ModuleType) -> Restore:
    """Record the files of `save_file`; *module* is safetensors.torch."""
    return patches.replace(module, "save_file", around_save(Guard(), "safetensors", "filename", 1))


def distributed_checkpoint(module: ModuleType) -> Restore:
    """Follow folders that are saved and loaded; *module* is torch.distributed.checkpoint."""
    saves, loads = distributed.Saves(Guard()), distributed.Loads(Guard())
    taps = [
        (module.state_dict_saver, "save", saves.around_save),
        (module.state_dict_saver, "save_state_dict", saves.around_save),
        (module.state_dict_saver, "async_save", saves.around_async_save),
        (module.state_dict_loader, "load", loads.around_load),
        (module.state_dict_loader, "load_state_dict", loads.around_load),
    ]
    return patches.all_of(
        [
            patches.replace(place, name, around)
            for own, name, around in taps
            for place in (module, own)
        ]
    )


def distributed_states(module: ModuleType) -> Restore:
    """Follow what is loaded to optimizers; *module* is torch.distributed.checkpoint.state_dict."""
    around = distributed.Loads(Guard()).around_set
    return patches.replace(module, "_load_optim_state_dict", around)


# ---- what is put around the functions ----

Around = Callable[[Callable[..., Any]], Callable[..., Any]]


def _around_backward(guard: Guard) -> Around:
    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        def backward(tensors: Any, *args: Any, **kwargs: Any) -> Any:
            is_seen = autolog.is_active(PART) and not guard.is_tripped("backward")
            if is_seen:
                OPEN.settle()
                with guard("backward"):
                    given = [tensors] if isinstance(tensors, Tensor) else list(tensors)
                    if len(given) == 1 and given[0].numel() == 1:
                        HAND.before_backward(given[0])
                        AUTOMATIC.intake.backward(given[0])
                    else:
                        HAND.settle()
            result = original(tensors, *args, **kwargs)
            if is_seen:
                HAND.after_backward()
            return result

        return backward

    return around


def _around_scale(guard: Guard) -> Around:
    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        def scale(scaler: Any, outputs: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(scaler, outputs, *args, **kwargs)
            if isinstance(outputs, Tensor) and autolog.is_active(PART):
                with guard("GradScaler.scale"):
                    AUTOMATIC.intake.scaled(outputs, result)
            return result

        return scale

    return around


def _around_next(guard: Guard) -> Around:
    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        def __next__(loader: Any) -> Any:
            began_s = time.perf_counter()
            batch = original(loader)
            if autolog.is_active(PART) and not guard.is_tripped("DataLoader"):
                with guard("DataLoader"):
                    AUTOMATIC.intake.fetched(loader, batch, time.perf_counter() - began_s)
            return batch

        return __next__

    return around


def _around_scheduler(guard: Guard) -> Around:
    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        def __init__(scheduler: Any, optimizer: Any, *args: Any, **kwargs: Any) -> None:
            original(scheduler, optimizer, *args, **kwargs)
            with guard("LRScheduler"):
                AUTOMATIC.schedulers.setdefault(optimizer, []).append(ref(scheduler))

        return __init__

    return around


def _around_load(guard: Guard) -> Around:
    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        def load(f: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(f, *args, **kwargs)
            if autolog.is_active(PART) and not guard.is_tripped("torch.load"):
                with guard("torch.load"):
                    AUTOMATIC.resuming.loaded(f, result)
            return result

        return load

    return around


def _around_restore(guard: Guard) -> Around:
    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        def load_state_dict(optimizer: Any, state_dict: Any, *args: Any, **kwargs: Any) -> Any:
            with guard("load_state_dict"):
                AUTOMATIC.resuming.restored(optimizer, state_dict)
            return original(optimizer, state_dict, *args, **kwargs)

        return load_state_dict

    return around
