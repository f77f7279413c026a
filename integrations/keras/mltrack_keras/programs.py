"""The step on JAX: the program that it would be without us, and others that measure.

A program that may measure is slower also where it does not: with a condition that never held, we
saw steps take up to twice their time. So each call gets the program for what is due in it. The
others are compiled when they are needed first.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

import keras

Step = Callable[..., Any]


class Programs:
    """Stands in for a model's `train_function`, which it keeps.

    Args:
        model: Whose.
        parts: What is measured every so many updates (`every`), where a program is traced while it
            `is_traced`.
    """

    def __init__(self, model: keras.Model, parts: Sequence[Any]) -> None:
        self.plain: Step = model.train_function
        self._model, self._parts = model, parts
        self._measuring: dict[tuple[bool, ...], Step] = {}  # by which parts are
        self._steps = 0  # made by the optimizer; with accumulated gradients several are an update

    def begin(self, steps: int) -> None:
        """Take note of how many steps the optimizer has made."""
        self._steps = steps

    def __call__(self, state: Any, iterator: Any) -> Any:
        """Make the step, or as many as the model makes at once."""
        due = self._due()
        if not any(due):
            result = self.plain(state, iterator)
        else:
            step = self._measuring.get(due) or self._made(due)
            for part, is_due in zip(self._parts, due, strict=True):
                part.is_traced = is_due
            try:
                result = step(state, iterator)
            finally:
                for part in self._parts:
                    part.is_traced = False
        self._steps += self._model.steps_per_execution
        return result

    def _made(self, due: tuple[bool, ...]) -> Step:
        """Return a step that has been traced nowhere; the model is as it was then."""
        model, own = self._model, vars(self._model)
        original, kept = model.train_step, own.get("train_step")

        def train_step(*args: Any, **kwargs: Any) -> Any:
            # JAX takes methods that are equal for one function, and would not trace it again.
            return original(*args, **kwargs)

        own["train_step"] = train_step
        try:
            model.make_train_function(force=True)
            step: Step = model.train_function
        finally:
            own.pop("train_step")
            if kept is not None:
                own["train_step"] = kept
            model.train_function = self
        self._measuring[due] = step
        return step

    def _due(self) -> tuple[bool, ...]:
        """Return for each part whether it is to be measured in the steps that come next."""
        of_update = accumulated(self._model.optimizer)
        first = self._steps // of_update
        last = (self._steps + self._model.steps_per_execution) // of_update
        return tuple(last // part.every > first // part.every for part in self._parts)


def accumulated(optimizer: Any) -> int:
    """Return how many steps an optimizer adds up to make an update."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    return getattr(inner, "gradient_accumulation_steps", None) or 1
