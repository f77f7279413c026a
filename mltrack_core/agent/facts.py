"""Facts that never change while a run goes on, too slow to find out for the trainer itself."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil

from mltrack_core._redact import Redactor
from mltrack_core.agent import peek
from mltrack_core.agent.gpus import Gpus
from mltrack_core.agent.liveness import is_inherited
from mltrack_core.limits import DIFF_BYTES_MAX
from mltrack_core.records import ParamValue
from mltrack_core.records import RunStarted
from mltrack_core.spool import layout

Facts = dict[str, ParamValue]

_GIT_S_MAX: Final = 10.0
# Files that are likely to hold secrets are left out of a recorded diff.
_NOT_IN_DIFF: Final = tuple(
    f":(exclude,icase,glob)**/{pattern}"
    for pattern in ("*.env", ".env*", "*.pem", "*.key", "*.p12", "*credential*", "*secret*")
)
_PACKAGES_FOLDER: Final = re.compile(r"(/\S.*?/(?:site|dist)-packages)/")


def collect(
    root: Path,
    run: str,
    stream: str,
    started: RunStarted,
    gpus: Gpus,
    record: Callable[[str, Facts], None],
) -> None:
    """Find out the facts about a trainer and call *record* with each namespace's. Takes seconds.

    Args:
        root: MLTRACK_DIR.
        run: Id of the run.
        stream: The trainer's.
        started: The trainer's first record.
        gpus: The machine's GPUs.
        record: Takes namespace and values.
    """
    packages = environment(started.pid, started.pid_started)  # first: it may end at any moment
    record("host", host() | gpus.facts())
    record("environment", packages)
    wishes = peek.early_params(layout.segments(root, run).get(stream, []), "capture")
    wants_diff = wishes is not None and wishes.values.get("git_diff") is True
    if started.folder:
        record("git", git(Path(started.folder), wants_diff=wants_diff))


def host() -> Facts:
    """Return what the machine is."""
    facts: Facts = {
        "cpu.model": _processor_model(),
        "cpu.threads": os.cpu_count() or 0,
        "memory_bytes": psutil.virtual_memory().total,
        "os": _system(),
        "kernel": platform.release(),
        "architecture": platform.machine(),
    }
    if cores := psutil.cpu_count(logical=False):
        facts["cpu.cores"] = cores
    return facts


def environment(pid: int, started: int) -> Facts:
    """Return name and version of every package that the process could import.

    Where it imports from is told by the libraries that it has mapped. Of one that is gone nobody
    can tell, unless it started this agent, which imports from the same folders.
    """
    folders = _package_folders(pid)
    if folders is None and Path("/proc/self/maps").exists() and not is_inherited(pid, started):
        return {}
    found = (
        importlib.metadata.distributions(path=folders)
        if folders
        else importlib.metadata.distributions()
    )
    facts: Facts = {}
    for distribution in found:
        name = distribution.metadata["Name"]
        if name:  # a half-removed package has a folder but no name
            facts.setdefault(name, distribution.version or "")
    return dict(sorted(facts.items(), key=lambda item: item[0].lower()))


def git(folder: Path, *, wants_diff: bool) -> Facts:
    """Return whether the checkout around *folder* has uncommitted changes, and these on request.

    Empty where there is no checkout or no git. Changes nothing, not even git's own index.
    """
    status = _git(folder, "status", "--porcelain", "--untracked-files=no")
    if status is None:
        return {}
    facts: Facts = {"dirty": bool(status.strip())}
    if wants_diff and facts["dirty"]:
        diff = _git(
            folder, "diff", "HEAD", "--no-ext-diff", "--no-textconv", "--", "/", *_NOT_IN_DIFF
        )
        if diff is None:  # older gits do not take "/" for the whole checkout
            diff = _git(folder, "diff", "HEAD", "--no-ext-diff", "--no-textconv") or b""
        text = Redactor().text(diff[:DIFF_BYTES_MAX].decode(errors="replace"))
        facts["diff"] = text
        if len(diff) > DIFF_BYTES_MAX:
            facts["diff_bytes"] = len(diff)  # so that a cut diff is known as one
    return facts


def _git(folder: Path, *arguments: str) -> bytes | None:
    """Return what git prints, or None if it cannot tell."""
    program = shutil.which("git")
    if program is None:
        return None
    command = [
        program,
        "--no-optional-locks",  # or `status` would rewrite the index under the user's hands
        "-c",
        "core.fsmonitor=false",  # or it would start a program that the checkout names
        "-c",
        "diff.autoRefreshIndex=false",  # and `diff` would rewrite it whatever the locks
        "-C",
        str(folder),
        *arguments,
    ]
    try:
        result = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_GIT_S_MAX, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout if result.returncode == 0 else None


def _package_folders(pid: int) -> list[str] | None:
    """Return the package folders from which the process has loaded libraries; None if unknown."""
    try:
        maps = Path(f"/proc/{pid}/maps").read_text(errors="replace")
    except OSError:
        return None
    return sorted({match[1] for line in maps.splitlines() for match in _folders_in(line)})


def _folders_in(line: str) -> Iterator[re.Match[str]]:
    """Yield the package folder in a line of /proc/PID/maps, if one is."""
    if match := _PACKAGES_FOLDER.search(line):
        yield match


def _processor_model() -> str:
    """Return what the processor calls itself."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    match = re.search(r"^(?:model name|Model|Hardware)\s*:\s*(.+)$", text, re.MULTILINE)
    return match[1] if match else platform.machine()


def _system() -> str:
    """Return the operating system's name and version."""
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"
