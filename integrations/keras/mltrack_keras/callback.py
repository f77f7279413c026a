"""The callback: what Keras tells it, recorded."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import keras

from mltrack_core import Guard
from mltrack_core import NullTracker
from mltrack_core import Tracker
from mltrack_core import guarded
from mltrack_core import updates
from mltrack_core.budget import SHARE
from mltrack_core.health import Health
from mltrack_core.health import OnNonfinite
from mltrack_keras import facts
from mltrack_keras import fit
from mltrack_keras.batches import BatchLoss
from mltrack_keras.checkpoints import Checkpoints
from mltrack_keras.gradients import Gradients
from mltrack_keras.joining import Joining
from mltrack_keras.joining import Resumed
from mltrack_keras.metrics import flat
from mltrack_keras.metrics import named
from mltrack_keras.metrics import to_number
from mltrack_keras.moments import Moment
from mltrack_keras.outcome import Outcome
from mltrack_keras.pace import Pace
from mltrack_keras.position import Position
from mltrack_keras.rank import rank
from mltrack_keras.resuming import Resuming
from mltrack_keras.scaling import LossScale
from mltrack_keras.wanted import Wanted
from mltrack_keras.weights import Weights

Logs = Mapping[str, Any] | None


class MLTrackCallback(keras.callbacks.Callback):
    """Records a training with Keras 3, whichever backend it runs on.

        model.fit(x, y, callbacks=[MLTrackCallback()])

    One callback records one run: the one it is given, else the one that is active, else one of its
    own. The run outlives `fit`: a second `fit` goes on where the first one ended, and `evaluate`
    and `predict` with the same callback belong to it too. A run that was given or active is never
    ended from here; the callback's own ends with the process or with the next run.

    Nothing is changed that is not its own, no random number is drawn, and no error of ours reaches
    the training. Of several processes, only rank 0 records.

    Args:
        run: What `mltrack.init` returned. Default: the active run, or a new one.
        resume: What `mltrack.resume` returned, instead of a run: the run goes on, from the steps
            that the optimizer counts, or where it counts anew, from those in the checkpoint.
        project: Of a new run; see `mltrack.init`.
        name: Of a new run.
        config: Your own hyperparameters.
        tags: Of a new run.
        batch_every: Batches between two points of `train/batch_loss`, 0 for none. A point is the
            mean over the batches since the one before. Models with a `train_step` of their own have
            none: what theirs reports for a batch is not known.
        gradients: Record the norms of gradients, every `batch_every` updates (10 where that is 0).
            They are measured within the step. Where it is compiled (always on TensorFlow and JAX,
            with `jit_compile` on PyTorch) that makes another program of it, whose weights can
            differ in the last bit. None: only where it is not compiled.
        histograms: Every tenth time also histograms of gradients and updates, and how far these
            move the weights. At the end of epochs, norms and histograms of the weights and norms of
            the optimizer's state; as often as that takes 1 % of the time.
        share: Of the training's time that measuring gradients and updates may take: where it would
            take more, it is done more rarely. 0: as often as said above, whatever it takes.
        on_nonfinite: What to do about a loss or gradient that is NaN or infinite: "mark" it on the
            run, or "stop" the training too, as `model.stop_training` does.
    """

    async_safe = True  # else JAX and PyTorch would wait for every batch's metrics

    def __init__(
        self,
        run: Tracker | None = None,
        *,
        resume: Resumed | None = None,
        project: str | None = None,
        name: str | None = None,
        config: Mapping[str, object] | None = None,
        tags: Sequence[str] = (),
        batch_every: int = 10,
        gradients: bool | None = None,
        histograms: bool = True,
        share: float = SHARE,
        on_nonfinite: OnNonfinite = "mark",
    ) -> None:
        super().__init__()
        if not 0 <= share <= 1:
            raise ValueError(f"share={share!r}: a share is 0 to 1")
        Health(NullTracker(), on_nonfinite=on_nonfinite)  # a wrong word is an error at once
        if resume is not None:
            if run is not None:
                raise ValueError("run and resume both name a run: leave one of them out")
            run = resume.run
        self._given, self._begins_at = run, resume.step if resume is not None else None
        self._options: dict[str, Any] = {
            "project": project,
            "name": name,
            "config": config,
            "tags": tags,
        }
        self._how: dict[str, Any] = {
            "batch_every": batch_every,
            "gradients": gradients,
            "histograms": histograms,
            "share": share,
            "on_nonfinite": on_nonfinite,
        }
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Forget everything that has been recorded."""
        self._guard = Guard()
        self._joining = Joining(self._given, self._options)
        self._position = Position()
        self._call: fit.FitCall | None = None
        self._outcome: Outcome | None = None
        self._batches = BatchLoss(0, None)
        self._can_split = False  # what Keras reports for a batch is the mean since the epoch began
        self._epoch, self._ended = 0, (0, 0)  # that goes on; fit and number of the last that ended
        self._epoch_step = 0  # updates when the epoch began
        self._pace = Pace()
        self._updates_per_batch = 1.0
        self._awaits_place = self._awaits_rate = False
        self._health = Health(NullTracker())
        self._gradients = Gradients(NullTracker(), self._position, self._health)
        self._weights: Weights | None = None
        self._checkpoints = Checkpoints(NullTracker(), (), self._position, self._guard)
        self._resuming = Resuming(())
        self._scale = LossScale()

    # ---- copies: a run is not a thing to be copied ----

    def __getstate__(self) -> dict[str, object]:
        """Return what another process needs to record a run of its own, or the one given."""
        return {
            "run": self._given.id if self._given is not None else None,
            "begins_at": self._begins_at,
            "options": self._options,
            "how": self._how,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__init__()
        self._options, self._how = state["options"], state["how"]
        self._given, self._begins_at = None, state["begins_at"]
        if state["run"]:
            self._options = {**self._options, "id": state["run"]}
        self._begin_anew()

    def __deepcopy__(self, memo: dict[int, object]) -> MLTrackCallback:
        """Return a callback with the same arguments, for a training of its own."""
        copied = type(self)(self._given, **self._how)
        copied._options, copied._begins_at = dict(self._options), self._begins_at
        copied._begin_anew()
        return copied

    _run = property(lambda self: self._joining.run)  # that has been joined last

    # ---- training ----

    @guarded
    def on_train_begin(self, logs: Logs = None) -> None:
        """Join or begin the run; record the model and how it is trained."""
        frame = sys._getframe()
        if self._outcome is not None:
            if self._outcome.belongs_to(fit.surrounding_list(frame)):
                return  # the list has this callback twice
            self._outcome.leave()  # the fit before, if an exception has left it
            self._outcome.forget()
        call = self._call = fit.surrounding(frame, self.params or {})
        self._resuming = Resuming(call.callbacks)
        resumed = self._resuming.run(self._iterations()) if self._run is None else ""
        is_own = self._joining.join(call.callbacks, is_training=True, id=resumed)
        assert self._run is not None
        self._resuming.joined(self._run)
        self._health = Health(self._run, on_nonfinite=self._how["on_nonfinite"])
        self._gradients = Gradients(self._run, self._position, self._health)
        self._outcome = Outcome(
            self._run, ends_run=is_own, guard=self._guard, on_leave=self._let_go
        )
        self._outcome.watch(fit.surrounding_list(frame))
        del frame  # it refers to itself
        if rank() == 0:
            self._checkpoints = Checkpoints(self._run, call.callbacks, self._position, self._guard)
            self._weights = Weights() if self._how["histograms"] else None
        self._awaits_place = True
        model = self._model
        self._can_split = type(model).train_step is keras.Model.train_step and (
            call.steps is not None or model.steps_per_execution == 1
        )
        self._batches = BatchLoss(self._how["batch_every"], call.steps)
        applying = getattr(model.optimizer, "inner_optimizer", model.optimizer)
        accumulated = getattr(applying, "gradient_accumulation_steps", None)
        self._updates_per_batch = 1 / (accumulated or 1)
        with self._guard("gradients"):
            if rank() == 0:
                how = Wanted.of(self._how)
                self._gradients.tap(model, how, self._updates_per_batch, self._guard)
        facts.record(self._run, model, call, self._guard)

    @guarded
    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Remember where the epoch begins."""
        self._checkpoints.begin_epoch(epoch)
        iterations = self._iterations()
        if self._awaits_place:
            self._place(iterations)
        self._epoch = epoch
        self._epoch_step = self._position.advance(iterations)
        self._batches.begin_epoch()
        self._gradients.begin_epoch(iterations)
        self._scale.begin_epoch(self._model.optimizer)
        self._awaits_rate = True
        self._pace.begin_epoch()

    @guarded
    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Record the learning rate, once every callback has had its turn in `on_epoch_begin`."""
        self._gradients.batch_begins()
        if self._checkpoints.may_end_with_a_batch:
            self._checkpoints.look()
        if not self._awaits_rate:
            return
        self._awaits_rate = False
        optimizer = self._model.optimizer  # still attached on JAX: no batch has been run yet
        if optimizer is not None and self._run is not None:
            rate = to_number(optimizer.learning_rate)
            self._log({"opt/learning_rate": rate}, self._epoch_step, self._epoch)

    @guarded
    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Record the loss of the latest batches. Called from several threads, in any order."""
        with self._batches.lock:
            loss = logs.get("loss") if logs and self._can_split else None
            window = self._batches.complete(batch, loss)
            if window is not None:
                step, epoch = self._at(window.batches)
                self._log({"train/batch_loss": window.loss}, step, epoch)
                self._health.loss(window.loss, step)
            at, epoch = self._at(self._batches.count)
            self._gradients.record(self._log, at, epoch)
            self._heed()
            if self._checkpoints.may_begin_with_a_batch:
                self._checkpoints.come_to(
                    Moment(
                        step=at, epoch=epoch, number=self._epoch, batch=batch, logs=dict(logs or {})
                    )
                )

    @guarded
    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Record the epoch's metrics and how long it took."""
        assert self._call is not None
        assert self._outcome is not None
        if self._ended == (self._position.fits, epoch):
            return  # the list has this callback twice
        self._ended = (self._position.fits, epoch)
        step = self._outcome.updates = self._position.advance(self._iterations())
        is_whole = self._call.steps is not None and self._batches.count == self._call.steps
        samples = self._call.samples if is_whole else None
        self._position.add_samples(samples)
        self._gradients.wait()
        self._gradients.record(self._log, step, epoch + 1)
        values = named(logs or {})
        values |= self._pace.end_epoch(self._batches.count, samples)
        batches = self._batches.count if self._can_split and self._call.steps is not None else None
        values |= self._scale.end_epoch(self._model.optimizer, batches)
        self._log(values, step, epoch + 1, **self._position.axes())
        loss = (logs or {}).get("loss")
        if isinstance(loss, float) and not (self._can_split and math.isfinite(loss)):
            self._health.loss(loss, step)  # else its windows have been told
        self._heed()
        self._checkpoints.come_to(
            Moment(step=step, epoch=epoch + 1, number=epoch, logs=dict(logs or {}))
        )
        if self._weights is not None:
            with self._guard("weights"):
                self._log(self._weights.measure(self._model), step, epoch + 1)

    @guarded
    def on_train_end(self, logs: Logs = None) -> None:
        """Record how the training ended. The run goes on."""
        assert self._call is not None
        assert self._run is not None
        if self._outcome is None or not self._outcome.is_open:
            return
        self._outcome.complete()
        self._checkpoints.finish()
        self._let_go()
        with self._guard("backup"):
            self._resuming.backup.end()
        ended: dict[str, object] = {"epochs_done": self._epoch + 1}
        if self._model.stop_training:
            ended |= fit.stop_reason(self._call, logs or {}, is_ours=self._health.should_stop)
            self._run.note(
                f"Training stopped after epoch {self._epoch + 1} by {ended['stopped_by']}: "
                f"{ended['stopped_reason']}",
                step=self._position.updates,
            )
        self._run.log_params(ended, namespace="keras.fit")

    # ---- evaluation and prediction ----

    @guarded
    def on_test_begin(self, logs: Logs = None) -> None:
        """Take the time."""
        self._pace.begin_test()

    @guarded
    def on_test_end(self, logs: Logs = None) -> None:
        """Record an evaluation of its own; what belongs to an epoch comes with the epoch."""
        caller = fit.surrounding_list(sys._getframe())
        if self._outcome is not None and self._outcome.belongs_to(caller):
            self._pace.end_test(is_validation=True)
            return
        seconds = self._pace.end_test()
        self._joining.join(is_training=False)
        values = {f"test/{name}": value for name, value in flat(logs or {})}
        values["perf/test_s"] = seconds
        self._log(values, self._position.advance(self._iterations()))

    on_predict_begin = on_test_begin

    @guarded
    def on_predict_end(self, logs: Logs = None) -> None:
        """Record how long a prediction took."""
        seconds = self._pace.end_test()
        self._joining.join(is_training=False)
        self._log({"perf/predict_s": seconds}, self._position.advance(self._iterations()))

    def _log(
        self,
        values: Mapping[str, object],
        step: int,
        epoch: float | None = None,
        **axes: float,
    ) -> None:
        assert self._run is not None
        if not values:
            return
        if epoch is not None:
            axes["epoch"] = epoch
        self._run.log(values, step=step, **axes)

    def _iterations(self) -> int:
        """Return how many updates the optimizer has made.

        Not in the middle of an epoch: on JAX the model has no state then. For the same reason it is
        `_model` here, not `model`, which would bring the state back and slow the training down.
        """
        optimizer = self._model.optimizer
        return 0 if optimizer is None else int(to_number(optimizer.iterations))

    def _at(self, batches: int) -> tuple[int, float | None]:
        """Return step and epoch after so many batches of the epoch that is going on."""
        steps = self._call.steps if self._call is not None else None
        step = self._epoch_step + int(batches * self._updates_per_batch)
        return step, self._epoch + batches / steps if steps else None

    def _count(self) -> int:
        """Return how many updates have been made, for what is logged without a step."""
        return max(self._position.updates, self._at(self._batches.count)[0])

    def _place(self, iterations: int) -> None:
        """Find out where the fit begins, now that every callback has restored what it restores."""
        assert self._run is not None
        assert self._outcome is not None
        self._awaits_place = False
        is_back = self._position.begin_fit(iterations, self._begins_at or 0)
        if is_back or self._resuming.goes_on or self._begins_at is not None:
            self._run.rewind(self._position.updates)
        self._begins_at = None
        self._outcome.updates = self._position.updates
        self._gradients.begin(iterations)
        if rank() == 0:
            updates.follow(self._run.id, self._count)
            with self._guard("backup"):
                self._resuming.backup.begin(self._run.id)

    def _let_go(self) -> None:
        """Leave what has been wrapped for the fit as it was."""
        self._gradients.remove()
        self._checkpoints.leave()

    def _heed(self) -> None:
        """Stop the training if that was asked for, in the way of Keras."""
        if self._health.should_stop:
            self._model.stop_training = True
