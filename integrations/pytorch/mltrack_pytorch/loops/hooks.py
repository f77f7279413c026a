"""The places where PyTorch lets others look on: each of them finds the loop that it belongs to.

Nothing is attached to a model or an optimizer: the hooks are those that PyTorch has for all
optimizers, and clipping and gradient scaling are tapped in their modules.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from functools import wraps
from typing import Any
from typing import Final
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim import optimizer as optimizers

from mltrack_core import Guard
from mltrack_core import ownership
from mltrack_pytorch import patches
from mltrack_pytorch.loops import preparation
from mltrack_pytorch.loops.loop import Loop
from mltrack_pytorch.loops.nesting import Nesting
from mltrack_pytorch.measures.arrivals import is_capturing
from mltrack_pytorch.patches import Restore

OWNER: Final = "pytorch"

Arguments = tuple[tuple[Any, ...], dict[str, Any]]
Seek = Callable[[Optimizer], Loop | None]
Clip = Callable[[Sequence[Tensor]], None]


class Hooks:
    """Leads what happens to optimizers to their loops."""

    def __init__(self) -> None:
        self.seekers: list[Seek] = []  # asked for the loop of an optimizer that has none
        self.clippers: list[Clip] = []  # told of gradients that are about to be clipped
        self._loops: WeakKeyDictionary[Optimizer, Loop] = WeakKeyDictionary()
        self._early: set[int] = set()  # ids of parameters clipped before there was any loop
        self._nesting = Nesting()
        self._guard = Guard()
        self._restores: list[Restore] = []

    def install(self) -> None:
        """Begin to look on; once."""
        if self._restores:
            return
        self._guard = Guard()
        before = optimizers.register_optimizer_step_pre_hook(_uncompiled(self._before_step))
        after = optimizers.register_optimizer_step_post_hook(_uncompiled(self._after_step))
        self._restores += [before.remove, after.remove]
        clip = torch.nn.utils.clip_grad
        self._restores.append(patches.replace(clip, "_clip_grads_with_norm_", self._around_clip))
        self._restores.append(
            patches.replace(torch.nn.utils, "clip_grads_with_norm_", self._around_clip)
        )
        self._restores.append(
            patches.replace(torch.amp.grad_scaler.GradScaler, "step", self._around_scaler)
        )

    def remove(self) -> None:
        """Look on no longer; everything is as before."""
        patches.all_of(self._restores)()

    def adopt(self, optimizer: Optimizer, loop: Loop) -> None:
        """Lead what happens to *optimizer* to *loop*."""
        self._loops[optimizer] = loop
        loop.adopt(optimizer)
        loop.missed(self._early)
        self._early = set()
        ownership.claim([optimizer], OWNER)

    def abandon(self, loop: Loop) -> None:
        """Forget the optimizers of *loop*."""
        for optimizer in [known for known, of in self._loops.items() if of is loop]:
            del self._loops[optimizer]
            ownership.release([optimizer], OWNER)
        self.rest()

    def rest(self) -> None:
        """Look on no longer where nobody wants to see anything."""
        if not self._loops and not self.seekers:
            self.remove()

    def loop_of(self, optimizer: Optimizer) -> Loop | None:
        """Return the loop that *optimizer* belongs to.

        None where somebody else records it, or its step is captured to be replayed without us.
        """
        if ownership.owner(optimizer) not in ("", OWNER) or is_capturing():
            return None
        loop = self._loops.get(optimizer)
        if loop is not None and not loop.is_on():
            return None
        for seek in self.seekers if loop is None else ():
            loop = seek(optimizer)
            if loop is not None:
                self.adopt(optimizer, loop)
                break
        return loop

    # ---- the hooks ----

    def _before_step(
        self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Arguments | None:
        """Begin an update. PyTorch takes what is returned for the arguments of `step`."""
        found: list[Callable[[], Any]] = []
        loop = None
        with self._guard("optimizer.step"):
            if preparation.is_under_way(sys._getframe()):
                preparation.PREPARED.add(optimizer)
            elif not self._nesting.is_inside(optimizer):
                loop = self.loop_of(optimizer)
        if loop is None or loop.guard.is_tripped("optimizer.step"):
            return None
        with loop.guard("optimizer.step"):
            self._nesting.enter(optimizer)
            closure = _closure(args, kwargs)
            if closure is not None:
                found.append(_observed(closure, optimizer, loop))
            loop.begin(optimizer, has_closure=closure is not None)
        return _with(args, kwargs, found[0]) if found else None

    def _after_step(
        self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> None:
        """Complete an update."""
        loop = self._loops.get(optimizer)
        if loop is not None and not loop.guard.is_tripped("after optimizer.step"):
            with loop.guard("after optimizer.step"):
                if self._nesting.leave(optimizer):
                    loop.complete(optimizer)

    # ---- the taps ----

    def _around_clip(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def clip(
            parameters: Any, max_norm: float, total_norm: Tensor, *args: Any, **kwargs: Any
        ) -> Any:
            if torch.compiler.is_compiling() or is_capturing():
                return original(parameters, max_norm, total_norm, *args, **kwargs)
            if not isinstance(parameters, Tensor):
                parameters = list(parameters)  # it may be a generator
            given = [parameters] if isinstance(parameters, Tensor) else parameters
            for clipper in self.clippers:
                clipper(given)
            if not self._loops:
                self._early |= {id(each) for each in given if each.grad is not None}
            for loop in set(self._loops.values()):
                if not loop.guard.is_tripped("clip_grad_norm_"):
                    with loop.guard("clip_grad_norm_"):
                        loop.clipping(given, float(max_norm), total_norm)
            return original(parameters, max_norm, total_norm, *args, **kwargs)

        return clip

    def _around_scaler(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def step(scaler: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
            loop, before = None, 0
            with self._guard("GradScaler.step"):
                if scaler.is_enabled() and isinstance(optimizer, Optimizer):
                    loop = self.loop_of(optimizer)
            if loop is None or loop.guard.is_tripped("GradScaler.step"):
                return original(scaler, optimizer, *args, **kwargs)
            with loop.guard("GradScaler.step"):
                stage = scaler._per_optimizer_states[id(optimizer)]["stage"]
                is_scaled = stage.name == "READY"
                before = loop.scaled_step(optimizer, scaler._scale, is_scaled=is_scaled)
            result = original(scaler, optimizer, *args, **kwargs)
            with loop.guard("GradScaler.step"):
                loop.scaled_step_done(optimizer, before)
            return result

        return step


HOOKS: Final = Hooks()  # of this process: PyTorch has one list of hooks too


def _uncompiled(hook: Callable[..., Any]) -> Callable[..., Any]:
    """Return what compiled code calls as it is: what is traced into it once would stay as it was.

    This form of disabling imports the compiler with the first call, by when PyTorch itself has.
    """

    def call(optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return hook(optimizer, args, kwargs)  # a function: a bound method cannot be marked

    uncompiled: Callable[..., Any] = torch._disable_dynamo(call)
    return uncompiled


def _closure(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Callable[[], Any] | None:
    """Return the closure that `step` was given; the optimizer is the first of *args*."""
    closure = kwargs.get("closure", args[1] if len(args) > 1 else None)
    return closure if callable(closure) else None


def _with(args: tuple[Any, ...], kwargs: dict[str, Any], closure: Callable[[], Any]) -> Arguments:
    """Return the arguments of `step` with another closure."""
    if "closure" in kwargs:
        return args, {**kwargs, "closure": closure}
    return (args[0], closure, *args[2:]), kwargs


def _observed(closure: Callable[[], Any], optimizer: Optimizer, loop: Loop) -> Callable[[], Any]:
    """Return a closure that is measured each time it is evaluated."""

    @wraps(closure)
    def evaluate() -> Any:
        return loop.evaluate(optimizer, closure)

    return evaluate
