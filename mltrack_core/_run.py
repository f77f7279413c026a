"""The run: turns calls into records, and records into the spool."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING
from typing import Final
from typing import Self
from typing import get_args
from weakref import WeakValueDictionary

from mltrack_core import _late
from mltrack_core import _settings
from mltrack_core import _values
from mltrack_core import updates
from mltrack_core import wire
from mltrack_core._console import ConsoleTap
from mltrack_core._ending import ending
from mltrack_core._filing import Filing
from mltrack_core._guard import Guard
from mltrack_core._metrics import Metrics
from mltrack_core._recorder import Recorder
from mltrack_core._recorder import Writer
from mltrack_core._redact import Redactor
from mltrack_core._settings import Checkpoints
from mltrack_core.errors import ValueInvalid
from mltrack_core.limits import MIB
from mltrack_core.records import Alert
from mltrack_core.records import AlertLevel
from mltrack_core.records import Channel
from mltrack_core.records import Console
from mltrack_core.records import EndState
from mltrack_core.records import Histograms
from mltrack_core.records import Note
from mltrack_core.records import Params
from mltrack_core.records import ParamValue
from mltrack_core.records import Rewind
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.spool.writer import SpoolWriter

if TYPE_CHECKING:
    from pathlib import Path

    from mltrack_core._console_fd import DescriptorTap

_ONLY_FLOATS: Final = frozenset({float})
_PARAMS_BYTES_MAX: Final = 1 * MIB  # of one record
_runs: WeakValueDictionary[str, Run] = WeakValueDictionary()  # of this process, by id
_encode = wire.encode_payload
_now_ns = time.time_ns


class Run(Filing):
    """A run of this process: see `mltrack_core.tracker.Tracker` for what its methods promise.

    Thread-safe. In a forked child the run goes on in a stream of the child's own, which is begun
    at the first record.

    Args:
        writer: Open, and empty: the run writes *started* first.
        started: How the run introduces itself.
        guard: Books our own faults.
        redactor: Removes secrets from everything that is text.
        reopen: Makes the writer of a forked child.
        is_elsewhere: Another process has begun the run: begin a stream of the own when there is
            something to record, as in a forked child. *writer* is not used then.
    """

    def __init__(
        self,
        writer: Writer,
        started: RunStarted,
        *,
        guard: Guard,
        redactor: Redactor,
        reopen: Callable[[], tuple[Writer, RunStarted]],
        is_elsewhere: bool = False,
    ) -> None:
        recorder = Recorder(writer, started, guard=guard, reopen=reopen, is_elsewhere=is_elsewhere)
        self._recorder = recorder
        self._append = recorder.append  # looked up once, for the hottest path
        self._guard = guard
        self._redactor = redactor
        self._metrics = Metrics(recorder.lost)
        self._names = self._metrics.names  # read on the hottest path
        self._step = -1  # the highest step so far
        self._console: ConsoleTap | DescriptorTap | None = None
        self._keeps: Checkpoints = "off"
        _runs[writer.run] = self

    # Models and configurations that hold a run are copied and sent to other processes: there is one
    # run in each process all the same.

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def __reduce__(self) -> tuple[Callable[..., Run], tuple[object, ...]]:
        recorder = self._recorder
        return (
            _run_elsewhere,
            (recorder.root, recorder.run, recorder.started, recorder.reopen, self._keeps),
        )

    def __repr__(self) -> str:
        return f"<Run {self.name} {self.id}>"

    @property
    def id(self) -> str:
        """32 hexadecimal digits."""
        return self._recorder.run

    @property
    def name(self) -> str:
        """What people call the run."""
        return self._recorder.started.name

    @property
    def project(self) -> str:
        """The project that the run belongs to."""
        return self._recorder.started.project

    @property
    def attempt(self) -> int:
        """1, then one more each time the run is resumed."""
        return self._recorder.started.attempt

    @property
    def has_ended(self) -> bool:
        """Whether the run takes no more records."""
        return self._recorder.has_ended

    # ---- what is recorded ----

    def log(self, values: Mapping[str, object], *, step: int | None = None, **axes: float) -> None:
        """Record one or more metrics at one step; safe from SIGKILL when it returns."""
        try:
            if step is None:
                made = updates.made(self._recorder.run)
                step = self._step + 1 if made is None else made
            elif type(step) is not int or step.bit_length() > 63:
                step = _values.step_number(step)
            if step > self._step:
                self._step = step
            if not (
                type(values) is dict
                and values.keys() <= self._names
                and _ONLY_FLOATS.issuperset(map(type, values.values()))
            ):
                values = self._numbers_of(values, step, axes)
                if not values:
                    return
            if axes:
                axes = self._metrics.axes(axes)
            # The array of Scalars' fields, without the cost of making one.
            self._append(wire.SCALARS, _encode((_now_ns(), step, values, axes)))
        except Exception as error:  # noqa: BLE001 - the guard, inlined on the hottest path
            self._recorder.lost(Scalars, error)

    def log_params(self, values: Mapping[str, object], *, namespace: str = "") -> None:
        """Record parameters or facts, merged into what *namespace* holds already."""
        with self._recorder.keeping(Params):
            flat = self._redactor.params(_values.params(values))
            if flat:
                self._write_params(str(namespace or ""), flat)

    def alert(
        self,
        title: str,
        text: str = "",
        *,
        level: AlertLevel = "warning",
        step: int | None = None,
        kind: str = "",
    ) -> None:
        """Record something that a person should see."""
        with self._recorder.keeping(Alert):
            if level not in ("info", "warning", "error"):
                raise ValueError(f"level={level!r}: use info, warning or error")
            clean = self._redactor.text
            at = self._step_of(step)
            self._recorder.write(
                Alert(_now_ns(), level, clean(str(title)), clean(str(text)), at, kind)
            )

    def note(self, text: str, *, step: int | None = None) -> None:
        """Record a remark."""
        with self._recorder.keeping(Note):
            self._recorder.write(
                Note(_now_ns(), self._redactor.text(str(text)), self._step_of(step))
            )

    def rewind(self, step: int) -> None:
        """Say that training goes on from *step*: what was logged after it is superseded."""
        with self._recorder.keeping(Rewind):
            step = _values.step_number(step)
            self._recorder.write(Rewind(_now_ns(), step))
            self._step = step

    # ---- how it ends ----

    def finish(self, state: EndState = "finished", reason: str = "") -> None:
        """End the run. Further calls do nothing."""
        with self._guard("finish"):
            if state not in get_args(EndState):
                wrong = ValueError(f"state={state!r}: use one of {', '.join(get_args(EndState))}")
                state, reason = "finished", reason or str(state)
                self._guard.caught("finish(state)", wrong)
            clean = self._redactor.text(str(reason or ""))
            self._end(RunEnded(_now_ns(), state, clean, explicit=True))

    def fail(self, error: BaseException) -> None:
        """End the run as failed with *error*'s traceback, or as interrupted by Ctrl-C."""
        with self._guard("fail"):
            self._end(ending(error, self._redactor.text, explicit=True))

    def leave(self, error: BaseException | None) -> None:
        """End the run because the process ends, with *error* uncaught or None.

        How the process ends is not quite known here: `sys.exit(3)` looks like a success. The agent
        sees the exit code, and its word counts then.
        """
        with self._guard("leave"):
            if error is None:
                self._end(RunEnded(_now_ns(), "finished"))
            else:
                self._end(ending(error, self._redactor.text, explicit=False))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None or (isinstance(error, SystemExit) and not error.code):
            self.finish()
        else:
            self.fail(error)

    # ---- for the session ----

    def capture_console(self, *, by_descriptor: bool) -> None:
        """Record what is printed from now on: by Python, or by everything in the process."""
        with self._guard("capture_console"):
            if by_descriptor:
                # Loaded by those who ask for it: subprocess is a tenth of what importing us costs.
                from mltrack_core._console_fd import DescriptorTap

                self._console = DescriptorTap(self._recorder.root, self.id, self._recorder.started)
            else:
                self._console = ConsoleTap(self._print)
            self._console.open()

    def keep_checkpoints(self, keeps: Checkpoints) -> None:
        """Keep the bytes of checkpoints from now on: of those in some roles, or of all."""
        self._keeps = keeps

    def forget_after_fork(self) -> None:
        """Let go of the parent's stream; called in a forked child before anything else runs."""
        self._recorder.forget_after_fork()
        if isinstance(self._console, ConsoleTap):
            self._console.begin_in_child()

    # ---- below ----

    def _numbers_of(
        self, values: Mapping[str, object], step: int, axes: Mapping[str, object]
    ) -> dict[str, float | int]:
        """Return the numbers among *values*; what else there is gets records of its own."""
        found = self._metrics.sort(values)
        if found.histograms:
            with self._recorder.keeping(Histograms):
                numbers = self._metrics.axes(axes)
                self._recorder.write(Histograms(_now_ns(), step, found.histograms, numbers))
        if found.media:
            from mltrack_core import _media  # not needed by a run without media

            numbers = self._metrics.axes(axes)
            _media.record(self._recorder, found.media, step, numbers, self._redactor.text)
        if found.late:
            scalars = Scalars(_now_ns(), step, {}, self._metrics.axes(axes))
            _late.record(self._recorder, scalars, found.late)
        return found.numbers

    def _step_of(self, step: object) -> int | None:
        """Return *step* where it is one: what is said counts more than where."""
        try:
            return None if step is None else _values.step_number(step)
        except ValueInvalid as error:
            self._guard.caught("step", error)
            return None

    def _print(self, channel: Channel, line: str, is_partial: bool) -> None:
        """Record a line of the console."""
        with self._recorder.keeping(Console):
            self._recorder.write(Console(_now_ns(), channel, self._redactor.text(line), is_partial))

    def _write_params(self, namespace: str, values: dict[str, ParamValue]) -> None:
        """Write *values* as one record, or as several where one would be very long."""
        number, payload = wire.encode(Params(_now_ns(), namespace, values))
        if len(payload) <= _PARAMS_BYTES_MAX or len(values) == 1:
            self._append(number, payload)
            return
        names = list(values)
        for part in (names[: len(names) // 2], names[len(names) // 2 :]):
            self._write_params(namespace, {name: values[name] for name in part})

    def _end(self, ended: RunEnded) -> None:
        if self._recorder.has_ended:
            return
        _late.settle(self._recorder)
        if self._console is not None:
            self._console.close()
            self._console = None
        self._recorder.end(ended)


def _run_elsewhere(
    root: Path,
    run: str,
    started: RunStarted,
    reopen: Callable[[], tuple[Writer, RunStarted]],
    keeps: Checkpoints,
) -> Run:
    """Return this process's run of that id; where there is none, one that joins it."""
    if run in _runs:
        return _runs[run]
    redactor = Redactor(_settings.read().secrets)
    writer = SpoolWriter(root, run)
    made = Run(writer, started, guard=Guard(), redactor=redactor, reopen=reopen, is_elsewhere=True)
    made.keep_checkpoints(keeps)
    return made
