"""The run of this process: how one begins, which one is active, how it ends with the process."""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from mltrack_core import _facts
from mltrack_core import _launch
from mltrack_core import _names
from mltrack_core import _settings
from mltrack_core import _turn
from mltrack_core import limits
from mltrack_core._choices import Choices
from mltrack_core._choices import ConsoleCapture
from mltrack_core._guard import Guard
from mltrack_core._recorder import Writer
from mltrack_core._redact import Redactor
from mltrack_core._run import Run
from mltrack_core._settings import Checkpoints
from mltrack_core._settings import Settings
from mltrack_core._version import __version__
from mltrack_core.errors import MltrackError
from mltrack_core.records import RunStarted
from mltrack_core.spool import destination
from mltrack_core.spool import layout
from mltrack_core.spool.background import BackgroundWriter
from mltrack_core.spool.background import is_remote
from mltrack_core.spool.destination import Destination
from mltrack_core.spool.reader import first_record
from mltrack_core.spool.writer import SpoolWriter
from mltrack_core.tracker import NullTracker
from mltrack_core.tracker import Tracker

DEFAULT_PROJECT: Final = "default"


class _Session:
    """What this process has begun."""

    def __init__(self) -> None:
        self.runs: list[Run] = []  # open ones; each is a part of the one before it
        self.listeners: list[Callable[[Tracker], None]] = []
        self.begun = 0  # runs of a launch, in a process that was started again
        self.is_watching_exit = False


_session = _Session()


def init(
    *,
    project: str | None = None,
    name: str | None = None,
    config: Mapping[str, object] | None = None,
    tags: Sequence[str] = (),
    group: str = "",
    notes: str = "",
    id: str | None = None,  # noqa: A002 - the word that users of every tracker type
    parent: str = "",
    folder: str | Path | None = None,
    console: ConsoleCapture = "python",
    git_diff: bool = False,
    checkpoints: Checkpoints | None = None,
) -> Tracker:
    """Begin a run and return it; an earlier one of this process is finished first, but *parent*.

    Never raises for a reason of its own (without MLTRACK_STRICT=1): what cannot be used is replaced
    and warned about, and where nothing can be recorded the run returned does nothing. Takes about
    10 ms, asks no server, and prints one line to stderr.

    Args:
        project: What the run belongs to. Default: MLTRACK_PROJECT, or "default".
        name: What people call it; need not be unique. Default: made up.
        config: Hyperparameters, as `run.log_params` takes them: a mapping, what argparse gives, a
            data class.
        tags: Words to find it by.
        group: Runs that belong together, e.g. the folds of a cross-validation.
        notes: A remark.
        id: 32 hexadecimal digits. A run that exists goes on, as its next attempt. Default:
            MLTRACK_RUN_ID, or a new one.
        parent: Id of a run that this one is a part of. If it is active it stays open, and is the
            active one again when this one has ended.
        folder: Where to record, instead of MLTRACK_DIR.
        console: "python" records what Python prints, "fd" also what C++ and child processes print
            (the terminal then sees it through a helper process, and isatty() is false), "off"
            nothing.
        git_diff: Also record what is not committed in the checkout.
        checkpoints: Whose bytes are kept, not only recorded: "best", "last", "all" or "off".
            Default: MLTRACK_CHECKPOINTS, or "off".
    """
    guard = Guard()
    try:
        settings = _settings.read_leniently(guard.caught)
        guard.strict = settings.strict
        if folder is not None:
            root = Path(folder).expanduser().absolute()
            settings = msgspec.structs.replace(settings, folder=root)
        if settings.mode == "disabled":
            return NullTracker()
        fixed = Choices(guard)
        parent = fixed.text(parent)
        _make_room(parent if parent != id else "")
        started = _introduce(
            settings,
            project=fixed.name(
                "project",
                project or settings.project,
                DEFAULT_PROJECT,
                limits.PROJECT_CHARACTERS_MAX,
            ),
            name=fixed.name("run", name or settings.name, "", limits.RUN_NAME_CHARACTERS_MAX)
            or _names.make_up(),
            tags=fixed.tags(tags) + fixed.tags(settings.tags),
            group=fixed.text(group or settings.group),
            notes=fixed.text(notes),
            parent=parent,
        )
        is_part = active_run() is not None  # what MLTRACK_RUN_ID names is the whole then
        run_id = fixed.run_id(id or ("" if is_part else settings.run) or _turn_of(settings))
        capture = fixed.console(console)
        keeps = fixed.checkpoints(checkpoints, settings.checkpoints)
        run = _begin(settings, started, run_id, guard)
        run.keep_checkpoints(keeps)
    except Exception as error:  # noqa: BLE001 - whatever it is, training goes on without us
        guard.caught("init", error)
        return NullTracker()
    _session.runs.append(run)
    _watch_process()
    # There is a run now, and what fails from here on costs it nothing but itself.
    with guard("init(facts)"):
        _record_facts(run, settings, started.folder, git_diff=git_diff)
    if config is not None:
        run.log_params(config)
    for listener in _session.listeners:
        with guard("init(listener)"):
            listener(run)
    with guard("init(stderr)"):
        _announce(run, settings)  # before the console is recorded: it is about us
    if capture != "off":
        run.capture_console(by_descriptor=capture == "fd")
    with guard("init(agent)"):
        if not _launch.ensure_agent(settings) and settings.ships:
            _say("no agent could be started; deliver the run with `mltrack sync`")
    return run


def active_run() -> Tracker | None:
    """Return the run that this process has begun and not ended; of several, the innermost."""
    runs = _session.runs
    while runs and runs[-1].has_ended:
        runs.pop()
    return runs[-1] if runs else None


def on_run(listener: Callable[[Tracker], None]) -> Callable[[], None]:
    """Call *listener* with each run of this process, the active one included; return what stops it.

    It is called before `init` returns, and its faults are ours.
    """
    _session.listeners.append(listener)
    if (run := active_run()) is not None:
        with Guard()("on_run"):
            listener(run)
    return lambda: _session.listeners.remove(listener)


def finish() -> None:
    """End the active run and those it is a part of; without this they end with the process."""
    _make_room("")


def _make_room(parent: str) -> None:
    """End the active run and those it is a part of, up to *parent*."""
    runs = _session.runs
    while runs and (runs[-1].id != parent or runs[-1].has_ended):
        runs.pop().finish()


def _turn_of(settings: Settings) -> str:
    """Return the id of this process's next run in its launch; "" where it is part of none.

    Raises:
        OSError: It cannot be written down that the turn is taken.
    """
    if not layout.is_id(settings.launch_id):
        return ""
    if settings.restarts:  # the same processes again: their runs go on, in the same order
        _session.begun += 1
        return _turn.nth(settings.launch_id, _session.begun - 1)
    return _turn.take(settings.folder, settings.launch_id, settings.rank)


def _introduce(
    settings: Settings,
    *,
    project: str,
    name: str,
    tags: list[str],
    group: str,
    notes: str,
    parent: str,
) -> RunStarted:
    """Return how this process introduces the run, as its first attempt."""
    redactor = Redactor(settings.secrets)
    pid = os.getpid()
    return RunStarted(
        time_ns=time.time_ns(),
        project=project,
        name=name,
        role="trainer",
        attempt=1,
        rank=settings.rank,
        world_size=settings.world_size,
        host=_facts.host_name(),
        user=_facts.user_name(),
        pid=pid,
        pid_started=_facts.process_started(pid),
        boot_id=_facts.boot_id(),
        monotonic_ns=time.monotonic_ns(),
        command=redactor.command(sys.orig_argv),
        folder=_facts.working_folder(),
        python=_facts.python_version(),
        mltrack=__version__,
        group=group,
        tags=tags,
        notes=redactor.text(notes),
        parent=parent,
    )


def _begin(settings: Settings, started: RunStarted, run_id: str, guard: Guard) -> Run:
    """Return the open run.

    Raises:
        SpoolUnavailable: There is no place to record.
    """
    started = _as_next_attempt(settings.folder, run_id, started)
    writer = _writer(settings.folder, run_id)
    writer.open()
    if settings.ships:
        destination.write(settings.folder, run_id, Destination(settings.url, settings.token))
    return Run(
        writer,
        started,
        guard=guard,
        redactor=Redactor(settings.secrets),
        reopen=_ChildStream(settings.folder, run_id, started),
    )


def _as_next_attempt(folder: Path, run_id: str, started: RunStarted) -> RunStarted:
    """Return *started* as the attempt that follows those of the same rank on this host.

    A run that goes on keeps the name and project that it began with. Attempts on several hosts are
    ordered by the server, by when they began.
    """
    for segments in layout.segments(folder, run_id).values():
        try:
            earlier = first_record(segments[0].path)
        except (OSError, MltrackError):
            continue  # a damaged stream does not keep the run from going on
        if isinstance(earlier, RunStarted) and earlier.role == "trainer":
            if earlier.rank == started.rank and earlier.attempt >= started.attempt:
                started = msgspec.structs.replace(started, attempt=earlier.attempt + 1)
            started = msgspec.structs.replace(started, name=earlier.name, project=earlier.project)
    return started


class _ChildStream(msgspec.Struct, frozen=True):
    """Makes a stream for a child of the process that began the run, forked or sent a copy of it."""

    folder: Path
    run_id: str
    started: RunStarted  # as the parent introduced itself

    def __call__(self) -> tuple[Writer, RunStarted]:
        pid = os.getpid()
        child = msgspec.structs.replace(
            self.started,
            role="child",
            time_ns=time.time_ns(),
            monotonic_ns=time.monotonic_ns(),
            pid=pid,
            pid_started=_facts.process_started(pid),
        )
        writer = _writer(self.folder, self.run_id)
        writer.open()
        return writer, child


def _writer(folder: Path, run_id: str) -> Writer:
    """Return what writes a stream into *folder*: through a thread if the folder may hang."""
    writer = SpoolWriter(folder, run_id)
    return BackgroundWriter(writer) if is_remote(folder) else writer


def _record_facts(run: Run, settings: Settings, folder: str, *, git_diff: bool) -> None:
    if folder:
        run.log_params(_facts.git(Path(folder)), namespace="git")
    run.log_params(settings.launch, namespace="launch")
    if git_diff:
        run.log_params({"git_diff": True}, namespace="capture")


def _announce(run: Run, settings: Settings) -> None:
    """Print the one line, on the rank that people look at."""
    if settings.rank > 0:
        return
    where = f"{settings.url}/r/{run.id}" if settings.ships else "`mltrack ui`"
    again = " (goes on)" if run.attempt > 1 else ""
    _say(f"recording {run.name}{again} · watch it with {where}")


def _say(text: str) -> None:
    if sys.stderr is not None:  # a daemon may have none
        sys.stderr.write(f"mltrack: {text}\n")


def _watch_process() -> None:
    """Arrange for forks and for the end of the process; once."""
    if not _session.is_watching_exit:
        _session.is_watching_exit = True
        os.register_at_fork(after_in_child=_after_fork)
        atexit.register(_at_exit)


def _after_fork() -> None:
    """Leave the run to the parent; a child that records goes on in a stream of its own."""
    for run in _session.runs:
        run.forget_after_fork()


def _at_exit() -> None:
    for run in reversed(_session.runs):
        run.leave(_uncaught())


def _uncaught() -> BaseException | None:
    """Return the exception that ends this process, which the interpreter has printed by now.

    No hook is needed for it: CPython leaves it in `sys`. In an interactive session that is any
    exception ever printed, so there it says nothing about the end.
    """
    if hasattr(sys, "ps1") or sys.flags.interactive:
        return None
    error = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    return error if isinstance(error, BaseException) else None
