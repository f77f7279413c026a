"""The logger: what a Trainer or Fabric tells it, recorded."""

from __future__ import annotations

import os
import pickle
import sys
import uuid
import weakref
from argparse import Namespace
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import PurePath
from types import FrameType
from typing import Any
from typing import Final
from typing import Self
from typing import get_args

from mltrack_core import Guard
from mltrack_core import Tracker
from mltrack_core import guarded
from mltrack_core.health import OnNonfinite
from mltrack_lightning import packages
from mltrack_lightning.media import LogsMedia
from mltrack_lightning.membership import Membership
from mltrack_lightning.membership import Resume
from mltrack_lightning.outcome import Outcome
from mltrack_lightning.position import Position
from mltrack_lightning.position import axes
from mltrack_lightning.position import windows
from mltrack_lightning.rank import Elsewhere
from mltrack_lightning.rank import rank

_FOLDER: Final = "mltrack"  # where checkpoints go that the user gave no folder
_elsewhere: Final = Elsewhere()


class MLTrackLogger(LogsMedia):
    """Records a training with Lightning's Trainer or Fabric.

        trainer = Trainer(logger=MLTrackLogger())

    One logger records one run: the one it is given, else the one that is active, else one of its
    own, begun when the Trainer starts. The run outlives `fit`: `test` and a second `fit` go on in
    it. A run that was given or active is never ended from here. A training that goes on from a
    checkpoint (`ckpt_path`) goes on in the checkpoint's run, as its next attempt.

    Beside what is logged with `self.log`, a Trainer's gradients, learning rates, checkpoints, pace
    and end are recorded, by a callback that the logger brings along. Nothing of yours is changed,
    no random number is drawn, and no error of ours reaches the training. Of several processes,
    only rank 0 records.

    The object is a `Logger` of every Lightning package that was imported before it was made.

    Args:
        run: What `mltrack.init` returned. Default: the active run, or a new one.
        project: Of a new run; see `mltrack.init`.
        name: Of a new run.
        config: Your own hyperparameters.
        tags: Of a new run.
        save_dir: Where other parts of Lightning put files of this training, checkpoints among them:
            in a folder of its own below this one. Default: the Trainer's `default_root_dir`.
        resume: "same" continues a checkpoint's run, "new" begins one whose parent that is.
        on_nonfinite: What to do about a loss or gradient that is NaN or infinite: "mark" it on the
            run, or "stop" the training after that batch as well.
    """

    def __init__(
        self,
        run: Tracker | None = None,
        *,
        project: str | None = None,
        name: str | None = None,
        config: Mapping[str, object] | None = None,
        tags: Sequence[str] = (),
        save_dir: str | os.PathLike[str] | None = None,
        resume: Resume = "same",
        on_nonfinite: OnNonfinite = "mark",
    ) -> None:
        if on_nonfinite not in get_args(OnNonfinite):
            raise ValueError(f"on_nonfinite={on_nonfinite!r}: use mark or stop")
        if resume not in ("same", "new"):
            raise ValueError(f"resume={resume!r}: use same or new")
        # Not by __new__: its signature would hide ours from LightningCLI.
        self.__class__ = packages.joined(type(self), packages.logger_bases())
        self._given = run
        self._options: dict[str, Any] = {
            "project": project,
            "name": name,
            "config": config,
            "tags": tags,
        }
        self._save_dir = None if save_dir is None else os.fspath(save_dir)
        self._resume: Resume = resume
        self.on_nonfinite: OnNonfinite = on_nonfinite
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Forget everything that has been recorded."""
        self.guard = self._guard = Guard()
        self.membership = Membership(self._given, dict(self._options), self._resume)
        self._folder = ""  # this training's, below save_dir
        self._met: weakref.ref[Any] | None = None  # the latest Trainer
        self.position = Position()
        self.outcome = Outcome(self.guard)

    # ---- copies: a run is not a thing to be copied ----

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what another process needs to record the same run."""
        run, options = self._given or self.membership.run, dict(self._options)
        if _is_spawning():
            # Its workers train in the place of this process, now and in later calls of the Trainer.
            run = run or self.run
            if _pickles(run):
                return _rebuild, (packages.origin(type(self)), run, options, self._choices())
        if run is not None and run.id:
            options["id"] = run.id
        return _rebuild, (packages.origin(type(self)), None, options, self._choices())

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        """Return a logger with the same arguments, for a training of its own."""
        copied = type(self)(self._given, **self._choices())
        copied._options = dict(self._options)
        copied._begin_anew()
        return copied

    def _choices(self) -> dict[str, Any]:
        return {
            "save_dir": self._save_dir,
            "resume": self._resume,
            "on_nonfinite": self.on_nonfinite,
        }

    # ---- what Lightning asks ----

    @property
    def experiment(self) -> Any:
        """The run; on other ranks than 0 something that takes everything and does nothing."""
        with self._guard("experiment"):
            if not self._is_set_up(sys._getframe(1)):
                return self.run
        return _elsewhere

    @property
    def trainer(self) -> Any:
        """The Trainer that the logger has met last; None before that, and with Fabric."""
        return None if self._met is None else self._met()

    @property
    def run(self) -> Tracker:
        """The run, which begins here if it has not; does nothing on other ranks than 0."""
        if rank() > 0:
            return _elsewhere
        return self.membership.run or self.begin()

    @property
    def name(self) -> str:
        """Always "": `save_dir` is this training's own folder already."""
        return ""

    @property
    def version(self) -> str:
        """Always "", as `name`."""
        return ""

    @property
    def save_dir(self) -> str:
        """The folder for files of this training; it is made by who writes there."""
        root = self._save_dir or getattr(self.trainer, "default_root_dir", None) or os.getcwd()
        self._folder = self._folder or uuid.uuid4().hex[:8]
        return os.path.join(root, _FOLDER, self._folder)

    root_dir = log_dir = save_dir

    @property
    def group_separator(self) -> str:
        """What stands between the parts of a metric's name."""
        return "/"

    @guarded
    def log_metrics(self, metrics: Mapping[str, object], step: int | None = None) -> None:
        """Record metrics.

        Args:
            metrics: Name to number.
            step: As who logs counts. Lightning's own count of windows from 0 becomes the number of
                updates; one of yours is kept as it is.
        """
        run = self.run
        if run is _elsewhere:
            return
        trainer = self.trainer
        if trainer is None or trainer.state.stage is None:
            run.log(metrics, step=step)
            return
        if trainer.sanity_checking:
            return
        caller = _caller(sys._getframe(1))
        if caller is not None and _is_lightnings(caller):
            self._log_of_lightning(run, trainer, dict(metrics), step, caller)
        else:
            run.log(metrics, step=self._step(trainer) if step is None else step, **axes(trainer))

    def _log_of_lightning(
        self,
        run: Tracker,
        trainer: Any,
        values: dict[str, object],
        step: int | None,
        caller: FrameType,
    ) -> None:
        """Record what Lightning itself logs, at the update that it belongs to."""
        where = axes(trainer)
        if values.get("epoch") == trainer.current_epoch:
            del values["epoch"]  # Lightning adds it: here it is an axis
        is_evaluation = caller.f_back is not None and (
            caller.f_back.f_code.co_name == "update_eval_step_metrics"
        )
        if is_evaluation and step is not None:
            # Evaluation counts its own batches, on through the epochs: no step of the training.
            where["test_batch" if trainer.testing else "val_batch"] = step + 1
        if is_evaluation or step is None or step == windows(trainer):
            step = self._step(trainer)
        if values:
            run.log(values, step=step, **where)

    def _step(self, trainer: Any) -> int:
        """Return the step of what is logged now."""
        if trainer.state.fn == "fit":
            return self.position.present(trainer)
        return self.position.offset + windows(trainer)

    def log_hyperparams(
        self,
        params: Mapping[str, object] | Namespace,
        *args: object,
        **kwargs: object,
    ) -> None:
        """Record hyperparameters: those of `save_hyperparameters()`, or what you pass."""
        with self._guard("log_hyperparams"):
            values = vars(params) if isinstance(params, Namespace) else params
            if rank() == 0 and not self.membership.log_params(values):
                self.begin().log_params(values)

    def log_graph(self, model: object, input_array: object = None) -> None:
        """Do nothing: a graph needs a forward pass that nobody asked for."""

    def save(self) -> None:
        """Do nothing: what was recorded is safe already."""

    def after_save_checkpoint(self, checkpoint_callback: object) -> None:
        """Do nothing: each checkpoint is seen where it is saved, whoever asks for it."""

    def finalize(self, status: str) -> None:
        """Do nothing: Lightning says this after each of fit, test and others, not at the end."""

    # ---- which run ----

    def begin(self, *, is_training: bool = True) -> Tracker:
        """Join or begin the run."""
        has_trainer = self._met is not None
        return self.membership.begin(is_training=is_training, has_trainer=has_trainer)

    def resume(self, run: str, step: int, offset: int) -> None:
        """Go on from a checkpoint.

        Args:
            run: Id of the one that it belongs to.
            step: Updates that are in it.
            offset: Of these, what was done before its Trainer's first one.
        """
        self.membership.go_on(run, step, is_back=self.position.resume(step, offset))

    def _is_set_up(self, caller: FrameType) -> bool:
        """Tell whether *caller* is a Trainer that begins, and if so make ourselves at home.

        A logger is told nothing of the Trainer that it belongs to. But each Trainer asks for the
        `experiment` as it begins, from a function that holds it. Only that frame of Lightning's is
        read, and the one that called it, which knows of the checkpoint to go on from.
        """
        if caller.f_code.co_name != "_call_setup_hook" or not _is_lightnings(caller):
            return False
        trainer = caller.f_locals["trainer"]
        outer = caller.f_back.f_locals if caller.f_back is not None else {}
        checkpoint = outer.get("ckpt_path")
        if checkpoint is not None and self.membership.run is None:
            self._folder = _folder_of(checkpoint) or self._folder
        self.meet(trainer, waits=checkpoint is not None)
        return True

    def meet(self, trainer: Any, *, waits: bool) -> None:
        """Get to know a Trainer that begins.

        Args:
            trainer: That one.
            waits: The run is begun when it trains: there may be a checkpoint that says which it is.
        """
        if self.trainer is not trainer:
            self._met = weakref.ref(trainer)
            self.position.begin_trainer()
        is_training = trainer.state.fn == "fit"
        self.membership.waits = is_training and waits and self.membership.run is None
        from mltrack_lightning.callback import attach  # needs PyTorch, which is there by now

        attach(trainer, self)
        if rank() == 0 and not self.membership.waits:
            self.begin(is_training=is_training)


def _rebuild(
    kind: type[MLTrackLogger],
    run: Tracker | None,
    options: dict[str, Any],
    choices: dict[str, Any],
) -> MLTrackLogger:
    """Return an unpickled logger."""
    logger = kind(run, **choices)
    logger._options = options
    logger._begin_anew()
    return logger


def _is_spawning() -> bool:
    """Tell whether this process is just starting another one that it sends its objects to."""
    context = sys.modules.get("multiprocessing.context")
    return context is not None and context.get_spawning_popen() is not None


def _pickles(run: Tracker) -> bool:
    """Tell whether *run* can be sent to another process; one of the user's own making may not."""
    try:
        pickle.dumps(run)
    except Exception:  # noqa: BLE001 - whatever its class says
        return False
    return True


def _caller(frame: FrameType | None) -> FrameType | None:
    """Return the first frame that is not ours, from *frame* outwards."""
    while frame is not None and frame.f_globals.get("__name__", "").startswith("mltrack"):
        frame = frame.f_back
    return frame


def _is_lightnings(frame: FrameType) -> bool:
    name: str = frame.f_globals.get("__name__", "")
    return name.startswith(("lightning.pytorch.", "pytorch_lightning."))


def _folder_of(checkpoint: str | os.PathLike[str]) -> str:
    """Return the folder of the training that wrote *checkpoint*, if it lies where ours do."""
    parts = PurePath(checkpoint).parts
    if len(parts) > 3 and parts[-4] == _FOLDER and parts[-2] == "checkpoints":
        return parts[-3]
    return ""


for _base in packages.logger_bases():
    _base.register(MLTrackLogger)  # LightningCLI asks whether the class is a Logger
