"""The callback that a logger brings along: it tells the logger what the Trainer does."""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Callable
from collections.abc import Mapping
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from mltrack_core import guarded
from mltrack_core import ownership
from mltrack_core.health import Health
from mltrack_lightning import facts
from mltrack_lightning import packages
from mltrack_lightning.checkpoints import Checkpoints
from mltrack_lightning.checkpoints import Stamp
from mltrack_lightning.checkpoints import stamp
from mltrack_lightning.pace import Pace
from mltrack_lightning.position import axes
from mltrack_lightning.rank import rank
from mltrack_lightning.updates import Updates
from mltrack_lightning.updates import is_spread
from mltrack_lightning.updates import unobservable

if TYPE_CHECKING:
    from mltrack_lightning.logger import MLTrackLogger

OWNER: Final = "lightning"
_KEY: Final = "mltrack"  # in a checkpoint


class MLTrackCallback:
    """Records a Trainer for its logger.

    It has no state of its own in checkpoints: two of it, or a checkpoint that is loaded without
    mltrack, are no trouble to Lightning.

    Args:
        logger: What records.
    """

    def __init__(self, logger: MLTrackLogger) -> None:
        self.logger = logger
        self._guard = logger.guard
        self._checkpoints = Checkpoints()
        self._health: Health | None = None
        self._updates: Updates | None = None  # while a fit goes on that can be observed
        self._pace = Pace()
        self._stepped = False  # an optimizer, in the present batch
        self._validation_s = 0.0  # when it began, monotonic

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what another process needs: a callback of the same logger."""
        return _rebuild, (packages.origin(type(self)), self.logger)

    # ---- training ----

    @guarded
    def on_fit_start(self, trainer: Any, module: Any) -> None:
        """Claim the optimizers: nobody else need record what happens to them."""
        ownership.claim(trainer.optimizers, OWNER)

    @guarded
    def on_sanity_check_start(self, trainer: Any, module: Any) -> None:
        """Begin the run, now that a checkpoint would have been loaded."""
        self._begin(trainer)

    @guarded
    def on_train_start(self, trainer: Any, module: Any) -> None:
        """Record the module and how it is trained."""
        self._begin(trainer)
        self.logger.outcome.forget()
        self.logger.position.fits += 1
        self._record(facts.OF_TRAINING, trainer, module)
        self._observe(trainer, module)
        self._pace = Pace()

    @guarded
    def on_train_epoch_start(self, trainer: Any, module: Any) -> None:
        """Take the time."""
        self._pace.wait()

    @guarded
    def on_train_batch_start(self, trainer: Any, module: Any, batch: Any, batch_idx: int) -> None:
        """Take the time that it took until the batch was there."""
        self._pace.begin(batch)

    @guarded
    def on_before_optimizer_step(self, trainer: Any, module: Any, optimizer: Any) -> None:
        """Measure the gradients: they are complete, reduced, unscaled, and not clipped yet."""
        self._stepped = True
        if self._updates is not None:
            step = self.logger.position.present(trainer)
            self._updates.before(trainer, module, optimizer, step, axes(trainer))

    @guarded
    def on_train_batch_end(
        self, trainer: Any, module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Measure what the update has changed, and take the time."""
        stepped, self._stepped = self._stepped, False
        if stepped:
            self.logger.position.complete(trainer)
        self._pace.end(int(stepped))
        is_reported = trainer._logger_connector.should_update_logs
        is_first, where = rank() == 0, axes(trainer)
        if self._updates is not None:
            self._updates.add_loss(outputs)
            self._updates.after(trainer, is_reported=is_reported, axes=where)
        if is_first:
            self._report_pace(trainer, where, is_reported=is_reported and stepped)
        if self.logger.on_nonfinite == "stop":
            # Every process decides alike: one that stopped alone would leave the others waiting.
            should_stop = self._health is not None and self._health.should_stop
            if trainer.strategy.reduce_boolean_decision(should_stop, all=False):
                trainer.should_stop = True
        if is_first:
            self._look_at_checkpoints(trainer)

    @guarded
    def on_train_end(self, trainer: Any, module: Any) -> None:
        """Record why the training ended, if before its time."""
        self._close()
        if rank() > 0:
            return
        ended: dict[str, object] = {"epochs_done": trainer.current_epoch}
        stopped = facts.stop_reason(trainer)
        self.logger.run.log_params({**ended, **stopped}, namespace="lightning.fit")
        if stopped:
            self.logger.run.note(
                f"Training stopped in epoch {trainer.current_epoch} by {stopped['stopped_by']}: "
                f"{stopped['stopped_reason']}",
                step=self.logger.position.updates,
            )

    # ---- evaluation and prediction ----

    @guarded
    def on_validation_start(self, trainer: Any, module: Any) -> None:
        """Record a validation's surroundings, if it is one of its own."""
        if trainer.state.fn != "fit":
            self._record(facts.OF_ANY, trainer, module)
        elif not trainer.sanity_checking:
            self._validation_s = time.monotonic()
            self._look(trainer)

    @guarded
    def on_validation_end(self, trainer: Any, module: Any) -> None:
        """Record how long a validation within a training took; it is no wait for data."""
        if trainer.state.fn == "fit" and not trainer.sanity_checking and rank() == 0:
            seconds = time.monotonic() - self._validation_s
            step = self.logger.position.updates
            self.logger.run.log({"perf/validation_s": seconds}, step=step, **axes(trainer))
        self._pace.wait()

    @guarded
    def on_test_start(self, trainer: Any, module: Any) -> None:
        """Record a test's surroundings."""
        self._record(facts.OF_ANY, trainer, module)

    @guarded
    def on_predict_start(self, trainer: Any, module: Any) -> None:
        """Record a prediction's surroundings."""
        self._record(facts.OF_ANY, trainer, module)

    # ---- how it ends ----

    @guarded
    def on_exception(self, trainer: Any, module: Any, exception: BaseException) -> None:
        """Record what ended the call; the run goes on, if the script does."""
        self._close()
        if rank() > 0:
            return
        self._begin(trainer)
        ownership.release(trainer.optimizers, OWNER)
        logger = self.logger
        logger.outcome.leave(
            logger.run,
            exception,
            call=str(getattr(trainer.state.fn, "value", trainer.state.fn)),
            ends_run=logger.membership.is_own,
            step=logger.position.updates,
        )
        if self._checkpoints.is_expecting:  # Lightning lets its writers finish, but tells nobody
            atexit.register(self._look, trainer, is_settled=True)

    @guarded
    def teardown(self, trainer: Any, module: Any, stage: str) -> None:
        """Let go of the optimizers, and record what a tuner has found."""
        ownership.release(trainer.optimizers, OWNER)
        self._look(trainer, is_settled=True)
        if rank() == 0 and (found := facts.tuned(trainer)):
            self.logger.run.log_params(found, namespace="lightning.tuner")

    # ---- checkpoints ----

    @guarded
    def on_save_checkpoint(self, trainer: Any, module: Any, checkpoint: dict[str, Any]) -> None:
        """Leave word in the checkpoint which run it belongs to."""
        if (run := self.logger.membership.run) is not None and run.id:
            position = self.logger.position
            checkpoint[_KEY] = {"run": run.id, "step": position.updates, "offset": position.offset}

    @guarded
    def on_load_checkpoint(self, trainer: Any, module: Any, checkpoint: dict[str, Any]) -> None:
        """Go on in the run that the checkpoint belongs to."""
        found = checkpoint.get(_KEY)
        if isinstance(found, Mapping) and trainer.state.fn == "fit":
            self.logger.resume(str(found["run"]), int(found["step"]), int(found["offset"]))

    def before_save(self, path: str | os.PathLike[str]) -> Stamp:
        """Return what is at *path* before a checkpoint is written there."""
        with self._guard("before_save"):
            return stamp(os.fspath(path))
        return ()

    @guarded
    def after_save(self, trainer: Any, path: str | os.PathLike[str], before: Stamp) -> None:
        """Record the checkpoint that has just been saved."""
        logger = self.logger
        if rank() == 0 and logger.membership.run is not None:
            step, where = logger.position.updates, axes(trainer)
            path = os.fspath(path)
            self._checkpoints.saved(
                logger.membership.run, trainer, path, before, step=step, axes=where
            )

    @guarded
    def _look(self, trainer: Any, *, is_settled: bool = False) -> None:
        """Record checkpoints that were not there when they were saved."""
        if rank() == 0:
            self._look_at_checkpoints(trainer, is_settled=is_settled)

    # ---- below ----

    def _look_at_checkpoints(self, trainer: Any, *, is_settled: bool = False) -> None:
        if (run := self.logger.membership.run) is not None:
            self._checkpoints.look(run, trainer, is_settled=is_settled)

    def _observe(self, trainer: Any, module: Any) -> None:
        """Begin to observe updates, where that can be done and is this process's to do."""
        run = self.logger.run
        if rank() > 0 and not is_spread(module):
            return
        if why_not := unobservable(trainer):
            run.log_params({"lightning.gradients": why_not}, namespace="capture")
            return
        self._health = Health(run, on_nonfinite=self.logger.on_nonfinite)
        self._updates = Updates(
            run,
            module,
            guard=self._guard,
            health=self._health,
            optimizers=trainer.optimizers,
        )

    def _close(self) -> None:
        """Stop observing, and record what is on its way."""
        updates, self._updates = self._updates, None
        if updates is not None:
            updates.close()

    def _report_pace(self, trainer: Any, where: Mapping[str, float], *, is_reported: bool) -> None:
        """Tell how long the batch took, and at Lightning's cadence record the pace."""
        step = self.logger.position.updates
        if self._health is not None:
            self._health.waiting(self._pace.wait_s, self._pace.batch_s, step)
        if is_reported and (values := self._pace.point(trainer.world_size)):
            self.logger.run.log(values, step=step, **where)

    def _begin(self, trainer: Any) -> None:
        """Begin the run if it has waited for a checkpoint to say which one it is."""
        if rank() == 0 and self.logger.membership.waits:
            self.logger.begin()

    def _record(
        self,
        sources: Mapping[str, Callable[[Any, Any], Mapping[str, object]]],
        trainer: Any,
        module: Any,
    ) -> None:
        """Record facts, each kind on its own: one that fails costs no other."""
        if rank() > 0:
            return
        for namespace, collect in sources.items():
            with self._guard(f"facts of {namespace}"):
                if found := collect(trainer, module):
                    self.logger.run.log_params(found, namespace=namespace)


def attach(trainer: Any, logger: MLTrackLogger) -> MLTrackCallback:
    """Return the callback that records *trainer*; one that is there already serves *logger*."""
    for callback in trainer.callbacks:
        if isinstance(callback, MLTrackCallback):
            callback.logger = logger
            return callback
    from mltrack_lightning import autolog  # which looks for a callback of ours

    autolog.tap_saves(sys.modules[f"{packages.package_of(trainer)}.trainer.trainer"])
    made = packages.joined(MLTrackCallback, packages.callback_bases())(logger)
    # First, so that it sees gradients before other callbacks may change them, and knows of a
    # checkpoint's step before ModelCheckpoint, which is always last, writes it.
    trainer.callbacks = [made, *trainer.callbacks]
    return made


def _rebuild(kind: type[MLTrackCallback], logger: MLTrackLogger) -> MLTrackCallback:
    """Return an unpickled callback."""
    return packages.joined(kind, packages.callback_bases())(logger)
