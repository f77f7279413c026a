"""The callback: what the Trainer tells it, recorded."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from typing import Final

from transformers import TrainerCallback
from transformers import TrainerControl as Control
from transformers import TrainerState as State
from transformers import TrainingArguments as Arguments

from mltrack_core import Guard
from mltrack_core import NullTracker
from mltrack_core import Tracker
from mltrack_core import guarded
from mltrack_core import ownership
from mltrack_core.budget import SHARE
from mltrack_core.budget import Budget
from mltrack_core.health import Health
from mltrack_core.health import OnNonfinite
from mltrack_core.records import CheckpointRole
from mltrack_hf import checkpoint
from mltrack_hf import ending
from mltrack_hf import facts
from mltrack_hf import frames
from mltrack_hf import metrics
from mltrack_hf.gradients import Gradients
from mltrack_hf.gradients import watch
from mltrack_hf.joining import Joining
from mltrack_hf.outcome import Outcome
from mltrack_hf.position import Epoch
from mltrack_hf.position import Position
from mltrack_hf.scores import Scores
from mltrack_hf.throughput import Throughput

Logs = Mapping[str, Any] | None

OWNER: Final = "hf"


class MLTrackCallback(TrainerCallback):
    """Records a training with the Trainer of Hugging Face Transformers, or one of its subclasses.

        Trainer(model, args, train_dataset=data, callbacks=[MLTrackCallback()]).train()

    One callback records one run: the one it is given, else that of the checkpoint that is resumed,
    else the one that is active, else one of its own. The run outlives `train`: a second `train`
    goes on where the first one ended, and `evaluate` and `predict` belong to it too. A run that was
    given or active is never ended from here; the callback's own ends with the process or with the
    next run.

    Nothing is changed that is not its own, no random number is drawn, and no error of ours reaches
    the training. Of several processes, only the first one records. Beside another callback of
    ours in the same Trainer (`report_to="mltrack"`), one of the two does nothing.

    Args:
        run: What `mltrack.init` returned. Default: see above.
        project: Of a new run; see `mltrack.init`.
        name: Of a new run. Default: the `run_name` of the training arguments.
        config: Your own hyperparameters.
        tags: Of a new run.
        checkpoints: Of a new run: whose bytes are kept, not only recorded.
        histograms: Record histograms of weights, gradients and updates.
        share: Of the training's time that watching gradients and weights may take; it is done so
            rarely. 0 does everything at every update, whatever it takes.
        on_nonfinite: What to do about a loss or gradient that is NaN or infinite: "mark" it on the
            run, or also "stop" the training.

    Raises:
        ValueError: *share* is no share, or *on_nonfinite* is something else.
    """

    is_automatic = False  # made because of a name in `report_to`, or by `mltrack.autolog`
    is_wanted = True

    def __init__(
        self,
        run: Tracker | None = None,
        *,
        project: str | None = None,
        name: str | None = None,
        config: Mapping[str, object] | None = None,
        tags: Sequence[str] = (),
        checkpoints: str | None = None,
        histograms: bool = True,
        share: float = SHARE,
        on_nonfinite: OnNonfinite = "mark",
    ) -> None:
        Health(NullTracker(), on_nonfinite=on_nonfinite)  # refuses what it does not know
        Budget(share)
        self._given = run
        self._options: dict[str, Any] = {
            "project": project,
            "name": name,
            "config": config,
            "tags": tags,
            "checkpoints": checkpoints,
        }
        self._histograms, self._share, self._on_nonfinite = histograms, share, on_nonfinite
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Forget everything that has been recorded."""
        self._guard = Guard()
        self._joining = Joining(self._given, self._options)
        self._is_aside = False  # another callback of ours records this Trainer
        self._begin_run()

    def _begin_run(self) -> None:
        """Forget everything that belongs to a run."""
        self._position = Position()
        self._throughput = Throughput()
        self._outcome: Outcome | None = None
        self._scores = Scores()
        self._health: Health | None = None
        self._gradients: Gradients | None = None

    # ---- copies: a run is not a thing to be copied ----

    def __getstate__(self) -> dict[str, object]:
        """Return what another process needs to record a run of its own, or the one given."""
        return {
            "run": self._given.id if self._given is not None else None,
            "options": self._options,
            "watching": (self._histograms, self._share, self._on_nonfinite),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._options = state["options"]
        self._histograms, self._share, self._on_nonfinite = state["watching"]
        self._given = None
        if state["run"]:
            self._options = {**self._options, "id": state["run"]}
        self._begin_anew()

    def __deepcopy__(self, memo: dict[int, object]) -> MLTrackCallback:
        """Return a callback with the same arguments, for a training of its own."""
        copied = type(self).__new__(type(self))
        copied.__setstate__({**self.__getstate__(), "run": None})
        copied._given = self._given
        copied._begin_anew()
        return copied

    # ---- training ----

    @guarded
    def on_init_end(self, /, *args: Any, **kwargs: Any) -> None:
        """See whether another callback of ours is there."""
        self._look_around()

    @guarded
    def on_train_begin(
        self, /, args: Arguments, state: State, control: Control, **kwargs: Any
    ) -> None:
        """Join or begin the run; record how the training is set up."""
        listeners = self._look_around()
        if self._is_aside:
            return
        is_again = False  # the Trainer has begun anew, for want of memory
        if self._outcome is not None:  # of the training before
            is_again = self._outcome.is_open and args.auto_find_batch_size
            if not is_again:
                self._outcome.leave(self._position.updates)
                if self._joining.is_in_search:
                    self._outcome.end_run()
            self._outcome.forget()
        self._close_gradients()
        folder = checkpoint.resumed(sys._getframe(), args, state)
        origin = checkpoint.origin(folder) if folder is not None else None
        before = self._joining.run
        is_own = self._joining.join(args, state, is_training=True, is_again=is_again, origin=origin)
        run = self._joining.run
        assert run is not None
        if before is not None and before.id != run.id:
            self._begin_run()
        self._outcome = Outcome(run, ends_run=is_own, guard=self._guard)
        ownership.claim(facts.optimizers(kwargs), OWNER)
        epoch = Epoch.of(kwargs.get("train_dataloader"))
        saved_step = origin.step if origin is not None and origin.run == run.id else None
        if self._position.begin_fit(state, epoch, saved_step):
            run.rewind(self._position.updates)
        self._position.advance(state)
        self._throughput.restart(self._position.samples, self._position.tokens)
        training = facts.Training.of(args, state, listeners, kwargs)
        facts.record(run, training, self._guard)
        self._health, self._gradients = Health(run, on_nonfinite=self._on_nonfinite), None
        with self._guard("gradients"):
            self._gradients = watch(
                run,
                training,
                self._position,
                guard=self._guard,
                health=self._health,
                histograms=self._histograms,
                share=self._share,
            )

    @guarded
    def on_epoch_begin(self, /, *args: Any, **kwargs: Any) -> None:
        """Take the time."""
        self._throughput.wait()

    @guarded
    def on_step_begin(self, /, *args: Any, **kwargs: Any) -> None:
        """Take the time: the data of an update are there."""
        self._throughput.begin()

    @guarded
    def on_pre_optimizer_step(self, /, *args: Any, **kwargs: Any) -> None:
        """Measure gradients, where that has not been done before they were clipped."""
        if self._gradients is not None:
            self._gradients.before_step()

    @guarded
    def on_optimizer_step(self, /, *args: Any, **kwargs: Any) -> None:
        """Measure what the update has changed."""
        if self._gradients is not None:
            self._gradients.after_step()

    @guarded
    def on_step_end(
        self, /, args: Arguments, state: State, control: Control, **kwargs: Any
    ) -> None:
        """Take the time, and note the update."""
        self._throughput.end()
        step = self._position.advance(state)
        if self._health is not None:
            self._health.waiting(self._throughput.wait_s, self._throughput.update_s, step)
            if self._health.should_stop and args.world_size == 1:
                control.should_training_stop = True

    @guarded
    def on_log(
        self, /, args: Arguments, state: State, control: Control, logs: Logs = None, **kwargs: Any
    ) -> None:
        """Record what the Trainer reports: of the training, or of an evaluation."""
        self._report(args, state, logs or {})
        if self._on_nonfinite == "stop" and metrics.is_broken(logs or {}):
            # All processes are told the same numbers, so that they stop together.
            control.should_training_stop = True
        self._throughput.wait()

    @guarded
    def on_save(self, /, args: Arguments, state: State, control: Control, **kwargs: Any) -> None:
        """Record the checkpoint, and leave in it which run it is of."""
        run = self._joining.run
        if self._is_aside or run is None or not state.is_world_process_zero:
            return
        folder = checkpoint.newest(args, state)
        step = self._position.advance(state)
        if run.id and folder.is_dir():
            with self._guard("on_save(mark)"):
                checkpoint.mark(folder, checkpoint.Origin(run=run.id, step=step))
        roles: list[CheckpointRole] = ["periodic", "last"]
        if checkpoint.is_best(folder, state):
            roles.append("best")
        self._record(run, folder, roles, args, state, writer="transformers.Trainer")
        self._throughput.wait()

    @guarded
    def on_train_end(
        self, /, args: Arguments, state: State, control: Control, **kwargs: Any
    ) -> None:
        """Record how the training ended. The run goes on."""
        ownership.release(facts.optimizers(kwargs), OWNER)
        run = self._joining.run
        if self._is_aside or run is None or self._outcome is None:
            return
        self._outcome.complete()
        self._close_gradients()
        listeners = frames.callbacks(sys._getframe())
        ending.record(run, state, control, listeners, step=self._position.updates)

    # ---- evaluation and prediction ----

    @guarded
    def on_evaluate(self, /, *args: Any, **kwargs: Any) -> None:
        """Take the time: the metrics have come with `on_log`."""
        self._throughput.wait()

    @guarded
    def on_predict(
        self,
        /,
        args: Arguments,
        state: State,
        control: Control,
        metrics: Logs = None,
        **kwargs: Any,
    ) -> None:
        """Record the metrics of a prediction, which come with no `on_log`."""
        self._report(args, state, metrics or {})

    # ---- what autolog hears of ----

    @guarded
    def left(self, /, error: BaseException) -> None:
        """Record that *error* has left `train`."""
        self._close_gradients()
        if self._outcome is not None and not self._is_aside:
            self._outcome.leave(self._position.updates, error)

    @guarded
    def saved(self, /, args: Arguments, state: State, folder: str) -> None:
        """Record a model that the user has saved, as final once training is over."""
        run = self._joining.run
        if self._is_aside or run is None or not state.is_world_process_zero:
            return
        roles: list[CheckpointRole] = ["periodic" if self._is_training else "final"]
        path = checkpoint.model_in(Path(folder))
        self._record(run, path, roles, args, state, writer="transformers.Trainer.save_model")

    # ---- below ----

    @property
    def _is_training(self) -> bool:
        return self._outcome is not None and self._outcome.is_open

    def _look_around(self) -> tuple[TrainerCallback, ...]:
        """Return who listens to the Trainer; step aside if another callback of ours does."""
        listeners = frames.callbacks(sys._getframe())
        ours = [one for one in listeners if isinstance(one, MLTrackCallback) and one.is_wanted]
        # One that the user made knows more than one that a name or autolog made.
        first = next((one for one in ours if not one.is_automatic), ours[0] if ours else self)
        self._is_aside = first is not self or not self.is_wanted
        return listeners

    def _record(
        self,
        run: Tracker,
        path: Path,
        roles: Sequence[CheckpointRole],
        args: Arguments,
        state: State,
        *,
        writer: str,
    ) -> None:
        """Record what the Trainer has saved at *path*."""
        step = self._position.advance(state)
        monitor, mode = self._scores.monitor(args)
        run.log_checkpoint(
            path,
            step=step,
            roles=roles,
            metrics=self._scores.at(step),
            monitor=monitor,
            mode=mode,
            writer=writer,
            is_atomic=False,  # a training that starts anew writes into the folder that is there
            **self._position.axes(state),
        )

    def _close_gradients(self) -> None:
        gradients, self._gradients = self._gradients, None
        if gradients is not None:
            gradients.close()

    def _examine(self, numbers: dict[str, Any], step: int) -> None:
        """Look at a report of the training; drop from it what has been measured by ourselves.

        With `logging_nan_inf_filter`, which is on by default, a loss that is not finite is told as
        one that is: only the gradient's norm shows it.
        """
        measured = self._gradients.measured(step) if self._gradients is not None else ()
        if self._health is not None and isinstance(loss := numbers.get("train/loss"), float):
            self._health.loss(loss, step)
        norm = numbers.get("grad/norm")
        if self._health is not None and not measured and isinstance(norm, float):
            self._health.gradients(norm, step)
        for name in measured:
            numbers.pop(name, None)

    def _report(self, args: Arguments, state: State, logs: Mapping[str, Any]) -> None:
        """Record one report of the Trainer; *logs* is everybody's and stays as it is."""
        if not self._is_training:
            self._look_around()
            if not self._is_aside:
                self._joining.join(args, state, is_training=False)
        run = self._joining.run
        if self._is_aside or run is None:
            return
        step, axes = self._position.advance(state), self._position.axes(state)
        names = metrics.named(logs)
        values = {name: logs[theirs] for theirs, name in names.items()}
        numbers = {name: value for name, value in values.items() if not isinstance(value, str)}
        if metrics.is_training(logs):
            numbers |= self._throughput.report(self._position.samples, self._position.tokens)
            self._examine(numbers, step)
        else:
            self._scores.add(names, numbers, step)
        run.log(numbers, step=step, **axes)
        for name, value in values.items():
            if isinstance(value, str):
                run.note(f"{name}: {value}", step=step)
