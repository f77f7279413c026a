"""Starting the host's agent: all that a training process has to do with it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from functools import partial
from pathlib import Path
from typing import Final

from mltrack_core._facts import host_name
from mltrack_core._facts import process_started
from mltrack_core._facts import working_folder
from mltrack_core._settings import Settings
from mltrack_core.spool import layout
from mltrack_core.spool.background import is_remote

# What the agent needs of its starter's environment: to find Python's packages, the GPU driver, the
# way to the server, and its own language. Nothing else is copied: an agent outlives the training,
# and the environment is where secrets are.
_KEPT: Final = frozenset(
    """
    CURL_CA_BUNDLE HOME LANG LD_LIBRARY_PATH LOGNAME PATH PYTHONHOME REQUESTS_CA_BUNDLE
    SSL_CERT_DIR SSL_CERT_FILE TMPDIR TZ USER VIRTUAL_ENV
    ALL_PROXY HTTPS_PROXY HTTP_PROXY NO_PROXY all_proxy https_proxy http_proxy no_proxy
    """.split()
)
_SHELL: Final = "/bin/sh"
_SHELL_S_MAX: Final = 2.0  # the shell only forks; measured: 1 ms
# Imports from where the starter does, but from its PYTHONPATH last: a user's requests.py or
# queue.py must not take the place of the module that we mean. mltrack_core is the starter's own.
_BEGIN: Final = (
    "import sys; sys.path += {folders!r}; "
    "sys.path.insert(0, {own!r}); import mltrack_core; del sys.path[0]; "
    "import runpy; runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)


def ensure_agent(settings: Settings) -> bool:
    """Make sure that an agent looks after *settings.folder*; tell whether one does.

    Takes 0.2 ms where one runs, and where one has to be started as long as a small process takes
    to start: 2 ms on an idle machine. Does not wait until the agent is up. Call it after the
    stream's first record is written: an agent about to leave looks once more, so either it sees
    the stream or this call finds the lock free. Never raises.
    """
    try:
        lock = take_lock(settings.folder)
        if lock is None:
            _ring(settings.folder)
            return True
        try:
            return _start(settings.folder, lock)
        finally:
            os.close(lock)
    except (OSError, ValueError):
        return False  # logging works without an agent; `mltrack sync` and the next run catch up


def take_lock(folder: Path) -> int | None:
    """Return a descriptor that holds the agent's lock of *folder*, or None while another does.

    Raises:
        OSError: The lock file cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(lock_path(folder), flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            return None
        raise
    return descriptor


def lock_path(folder: Path) -> Path:
    """Return the file that the agent of this host locks.

    On a network file system a lock holds for all hosts at once, but each host's trainers need an
    agent that sees them: there the file is named after the host.
    """
    if is_remote(folder):
        return folder / f"{host_name()}.{layout.AGENT_LOCK_FILE}"
    return folder / layout.AGENT_LOCK_FILE


def _ring(folder: Path) -> None:
    """Ask the agent to look now: a process that dies in a moment is to be seen before that."""
    flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    with contextlib.suppress(OSError):  # no reader, or a full pipe, which rings as well
        bell = os.open(folder / layout.AGENT_BELL_FILE, flags)
        try:
            os.write(bell, b"\n")
        finally:
            os.close(bell)


def python(module: str) -> list[str]:
    """Return the command that runs a module of ours, like `python -m`; arguments follow it."""
    own = str(Path(__file__).absolute().parents[1])
    here = working_folder()
    folders = [os.path.join(here, folder) for folder in sys.path if here or os.path.isabs(folder)]
    code = _BEGIN.format(folders=folders, own=own)
    return [sys.executable, "-P", "-c", code, module]


def _start(folder: Path, lock: int) -> bool:
    """Start an agent that inherits *lock*, so that of many ranks only one ever starts one."""
    import subprocess  # 4 ms that a run on a machine with an agent need not spend

    if not sys.executable:
        return False  # an interpreter embedded in another program
    agent = [*python("mltrack_core.agent"), "--folder", str(folder), "--lock", str(lock)]
    pid, pidfd = os.getpid(), _own_pidfd()
    if pidfd >= 0:
        agent += ["--starter", str(pid), str(process_started(pid)), str(pidfd)]
    log = os.open(
        folder / layout.AGENT_LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
    )
    try:
        begin = partial(
            subprocess.Popen,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=_environment(),
            pass_fds=(lock, pidfd) if pidfd >= 0 else (lock,),
            start_new_session=True,
        )
        try:
            # The shell starts the agent in the background and is gone: so the agent is nobody's
            # zombie, and it is not killed with the training's process group or session.
            shell = begin([_SHELL, "-c", '"$@" &', "sh", *agent])
        except FileNotFoundError:  # a container without a shell: then a zombie is no harm
            begin(agent).returncode = 0  # it is not waited for; Popen must not warn of it
            return True
    finally:
        os.close(log)
        if pidfd >= 0:
            os.close(pidfd)
    try:
        return shell.wait(_SHELL_S_MAX) == 0
    except subprocess.TimeoutExpired:
        return False


def _own_pidfd() -> int:
    """Return a descriptor by which the agent sees this process end, or -1.

    The agent takes half a second to start. Who opens it later than the process ends learns nothing.
    """
    try:
        return os.pidfd_open(os.getpid()) if hasattr(os, "pidfd_open") else -1
    except OSError:
        return -1  # a sandbox, or a kernel before Linux 5.3


def _environment() -> dict[str, str]:
    """Return the agent's environment."""
    environ = os.environ  # noqa: TID251 - handed on, not read: no setting comes from here
    return {
        name: value for name, value in environ.items() if name in _KEPT or name.startswith("LC_")
    }
