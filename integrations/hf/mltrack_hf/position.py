"""Where a training stands: the axes of its charts, continuous through several calls of train()."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from transformers import TrainerState


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """How much data one pass over the training set is."""

    batches: int  # of all processes together, as one batch each
    batch_size: int  # samples in a full one
    samples: int  # in the whole epoch

    @classmethod
    def of(cls, loader: Any) -> Epoch | None:
        """Return that of the loader that Accelerate has made; None where it cannot be known."""
        try:
            batches = len(loader)
            size = int(loader.total_batch_size)
            samples = int(loader.total_dataset_length)
        except (AttributeError, TypeError, NotImplementedError):
            return None  # a stream of samples, or a loader that is not Accelerate's
        return cls(batches=batches, batch_size=size, samples=min(samples, batches * size))

    def samples_at(self, epoch: float) -> int:
        """Return the samples trained on when *epoch*, with its fraction, has passed."""
        whole = int(epoch)
        batches = round((epoch - whole) * self.batches)
        return whole * self.samples + min(batches * self.batch_size, self.samples)

    def after(self, epoch: float, batches: int) -> float:
        """Return the epoch, with its fraction, *batches* later, but at most at its end."""
        whole = int(epoch)
        done = round((epoch - whole) * self.batches) + batches
        return whole + min(done, self.batches) / self.batches


class Position:
    """Updates, calls of train(), samples and tokens of one callback's run."""

    def __init__(self) -> None:
        self.updates = 0  # made so far: the step of everything that is recorded
        self.fits = 0  # calls of train() begun so far
        self.samples: int | None = 0  # trained on so far; None where that is unknown
        self.tokens = 0  # seen so far; 0 where the Trainer does not count them
        self._epoch: Epoch | None = None
        self._offset = 0  # updates that the Trainer does not count: it begins each train() at 0
        self._samples_before: int | None = 0
        self._tokens_before = 0

    def begin_fit(
        self, state: TrainerState, epoch: Epoch | None, saved_step: int | None = None
    ) -> bool:
        """Place a call of train(); tell whether training went back.

        Args:
            state: As it is when training begins: not at step 0 if a checkpoint was loaded.
            epoch: Of the training set.
            saved_step: Our step of that checkpoint, where it is known.
        """
        self.fits += 1
        self._epoch = epoch
        if state.global_step == 0:
            self._offset = self.updates
            self._samples_before, self._tokens_before = self.samples, self.tokens
            return False
        self._offset = 0 if saved_step is None else saved_step - state.global_step
        self._samples_before = 0 if self._offset == 0 else None
        self._tokens_before = 0
        is_back: bool = self._offset + state.global_step < self.updates
        self.updates = self._offset + state.global_step
        return is_back

    def advance(self, state: TrainerState) -> int:
        """Take note of where the Trainer is; return the step that this is."""
        if self.fits == 0:
            return self.updates  # an evaluation before any training
        self.updates = self._offset + state.global_step
        self.tokens = self._tokens_before + state.num_input_tokens_seen
        if self._epoch is None or self._samples_before is None or state.epoch is None:
            self.samples = None
        else:
            self.samples = self._samples_before + self._epoch.samples_at(state.epoch)
        return self.updates

    def ahead(self, state: TrainerState, batches: int) -> tuple[int, dict[str, float]]:
        """Return the step of the update under way, and its axes as far as they are certain.

        Args:
            state: Of the Trainer, which has not counted the update yet.
            batches: Accumulated for an update.
        """
        axes: dict[str, float] = {"fit": self.fits}
        if self._epoch is not None and state.epoch is not None:
            epoch = axes["epoch"] = self._epoch.after(state.epoch, batches)
            if self._samples_before is not None:
                axes["samples"] = self._samples_before + self._epoch.samples_at(epoch)
        return self._offset + state.global_step + 1, axes

    def axes(self, state: TrainerState) -> dict[str, float]:
        """Return what goes with every step."""
        axes: dict[str, float] = {"fit": self.fits} if self.fits else {}
        if self.fits and state.epoch is not None:
            axes["epoch"] = state.epoch
        if self.fits and self.samples is not None:
            axes["samples"] = self.samples
        if self.tokens:
            axes["tokens"] = self.tokens
        return axes
