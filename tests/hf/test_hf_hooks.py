"""The callback's hooks leave what they are handed as it is; a fault in one changes nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from mltrack.hf import MLTrackCallback
from mltrack_core import guarded
from mltrack_core.testing.recording import RecordingTracker

Make = Callable[..., Any]
HOOKS = [name for name in vars(MLTrackCallback) if name.startswith("on_") and name != "on_predict"]


@pytest.mark.slow
@pytest.mark.parametrize("hook", HOOKS)
def test_a_fault_in_any_hook_changes_nothing(
    make_trainer: Make,
    weights_of: Callable[[Any], bytes],
    monkeypatch: pytest.MonkeyPatch,
    hook: str,
) -> None:
    """Ours, at its first call, or at every one from the second on: the training is the same."""
    monkeypatch.setenv("MLTRACK_STRICT", "0")
    saving: dict[str, Any] = {"eval_strategy": "steps", "eval_steps": 2, "max_steps": 4}
    saving |= {"save_strategy": "steps", "save_steps": 2}
    plain = make_trainer(**saving)
    plain.train()
    original = vars(MLTrackCallback)[hook].__wrapped__

    for faults in ({1}, set(range(2, 100))):
        calls: list[None] = []

        def faulty(
            self: Any,
            /,
            *args: Any,
            calls: list[None] = calls,
            faults: set[int] = faults,
            **kwargs: Any,
        ) -> None:
            calls.append(None)
            if len(calls) in faults:
                raise RuntimeError("on purpose")
            original(self, *args, **kwargs)

        faulty.__name__ = hook
        monkeypatch.setattr(MLTrackCallback, hook, guarded(faulty))
        trainer = make_trainer(MLTrackCallback(RecordingTracker(), share=0), **saving)
        trainer.train()

        assert calls
        assert weights_of(trainer) == weights_of(plain)


class Checked(MLTrackCallback):
    """Looks at what the Trainer hands to every callback before and after ours has had it."""


def _checked(hook: str) -> Callable[..., None]:
    def check(self: Any, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        logs, before = kwargs.get("logs"), copy.deepcopy((kwargs.get("logs"), vars(control)))
        returned = getattr(MLTrackCallback, hook)(self, args, state, control, **kwargs)
        self.seen.append((hook, returned, (logs, vars(control)) == before))

    return check


for _hook in HOOKS:
    setattr(Checked, _hook, _checked(_hook))


def test_what_the_trainer_shares_with_callbacks_is_left_as_it_is(make_trainer: Make) -> None:
    """`logs` and `control` are one for all of them; what a hook returns would replace `control`."""
    callback: Any = Checked(RecordingTracker())
    callback.seen = []

    trainer = make_trainer(callback, save_strategy="steps", save_steps=2, max_steps=4)
    trainer.train()
    trainer.evaluate()

    assert {"on_train_begin", "on_log", "on_save", "on_evaluate"} <= {
        hook for hook, *_ in callback.seen
    }
    assert [each for each in callback.seen if each[1:] != (None, True)] == []
