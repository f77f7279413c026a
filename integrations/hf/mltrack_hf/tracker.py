"""The tracker: what a training loop over Accelerate says, recorded."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from accelerate.state import PartialState
from accelerate.tracking import GeneralTracker

from mltrack_core import Guard
from mltrack_core import NullTracker
from mltrack_core import Tracker
from mltrack_core import guarded
from mltrack_core import join_run
from mltrack_core.media.image import Image
from mltrack_core.media.table import table_of


class MLTrackTracker(GeneralTracker):
    """Records what a loop over Accelerate hands to `accelerator.log`, on its main process.

        accelerator = Accelerator(log_with="mltrack")  # or log_with=MLTrackTracker(run)
        accelerator.init_trackers("my_project", config={"lr": 3e-4})
        accelerator.log({"train/loss": loss}, step=step)
        accelerator.end_training()

    It records the run that it is given, else the active one, else one of its own, which
    `end_training` ends. Names are kept as they are. No error of ours reaches the loop.

    Args:
        project: Of a new run. By name, the one of `init_trackers` comes here.
        run: What `mltrack.init` returned. Default: the active run, or a new one.
        name: Of a new run; see `mltrack.init`. By name, this and the next come from
            `init_trackers(init_kwargs={"mltrack": {…}})`.
        tags: Of a new run.
    """

    name = "mltrack"
    requires_logging_directory = False
    main_process_only = True

    def __init__(
        self,
        project: str | None = None,
        *,
        run: Tracker | None = None,
        name: str | None = None,
        tags: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._given = run
        self._options: dict[str, Any] = {"project": project, "name": name, "tags": tags}
        self._guard = Guard()
        self._run: Tracker | None = None
        self._is_own = False

    @property
    def tracker(self) -> Tracker:
        """The run; on other processes one that does nothing."""
        if self._run is None:
            self._start()
        return self._run or NullTracker()

    @guarded
    def start(self, /) -> None:
        """Join or begin the run: Accelerate calls this when it knows which process it is."""
        self._start()

    @guarded
    def store_init_configuration(self, /, values: Mapping[str, Any]) -> None:
        """Record hyperparameters: the `config` of `init_trackers`."""
        self.tracker.log_params(values)

    @guarded
    def log(self, /, values: Mapping[str, Any], step: int | None = None, **axes: float) -> None:
        """Record metrics.

        Args:
            values: As for `run.log`; a text is recorded as a note.
            step: Optimizer updates completed. None: one more than the highest so far.
            axes: What else is known of the position: epoch, samples, tokens. They come from
                `accelerator.log(…, log_kwargs={"mltrack": {"epoch": 1.5}})`.
        """
        run = self.tracker
        texts = {name: value for name, value in values.items() if isinstance(value, str)}
        if numbers := {name: value for name, value in values.items() if name not in texts}:
            run.log(numbers, step=step, **axes)
        for name, text in texts.items():
            run.note(f"{name}: {text}", step=step)

    @guarded
    def log_images(
        self, /, values: Mapping[str, Any], step: int | None = None, **options: Any
    ) -> None:
        """Record images: names to lists of what `mltrack.Image` takes, or to a batch of them."""
        found = {
            name: [Image(each, **options) for each in images] for name, images in values.items()
        }
        self.tracker.log(found, step=step)

    @guarded
    def log_table(
        self,
        /,
        table_name: str,
        columns: Sequence[str] | None = None,
        data: Sequence[Sequence[Any]] | None = None,
        dataframe: Any = None,
        step: int | None = None,
        **_: Any,
    ) -> None:
        """Record a table: names of columns and rows, or a data frame."""
        self.tracker.log({table_name: table_of(columns, data, dataframe)}, step=step)

    @guarded
    def finish(self, /) -> None:
        """End the run if it is the tracker's own: `end_training` was called."""
        if self._is_own and self._run is not None:
            self._run.finish()

    def _start(self) -> None:
        with self._guard("start"):
            if not PartialState().is_main_process:
                self._run = NullTracker()
            elif self._run is None:
                self._run, self._is_own = join_run(
                    self._given, None, self._options, is_training=True, is_shared=True
                )
