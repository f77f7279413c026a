"""What a process can say about itself for the price of a few small files.

Whatever costs more (packages, uncommitted changes, devices) is the agent's work.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mltrack_core._redact import without_userinfo

_SHA: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_MACHINE_WIDE: Final = "pid:[4026531836]"  # PROC_PID_INIT_INO of the kernel, the same everywhere
_REMOTE_URL: Final = re.compile(r'\[remote "origin"\][^\[]*?^\s*url\s*=\s*(.+?)\s*$', re.M)


def host_name() -> str:
    """Return what this machine calls itself."""
    return os.uname().nodename


def user_name() -> str:
    """Return who runs this process; the number where it has no name, as in many containers."""
    import pwd  # POSIX only, and only needed once

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def boot_id() -> str:
    """Return which boot of the machine this is; "" where the system does not say.

    In a container that numbers its processes itself, which one follows behind a slash.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        numbers = os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
    return boot if numbers == _MACHINE_WIDE else f"{boot}/{numbers}"


def process_started(pid: int) -> int:
    """Return when a process started, in clock ticks since boot; 0 where the system does not say.

    Together with the pid and `boot_id` it names one process for good: pids are used again.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return 0
    # The second field is the command in brackets, which may hold anything, brackets too.
    return int(stat[stat.rindex(b")") + 2 :].split()[19])


def working_folder() -> str:
    """Return where this process is; "" where that folder has been deleted."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def python_version() -> str:
    """Return the interpreter's version, with its name where it is not CPython."""
    name = platform.python_implementation()
    version = platform.python_version()
    return version if name == "CPython" else f"{name} {version}"


def git(folder: Path) -> dict[str, str]:
    """Return commit, branch and remote of the checkout that *folder* lies in; {} if in none.

    Read from git's own files: starting git would cost more than all the rest of `init`.
    """
    try:
        for candidate in (folder, *folder.parents):
            marker = candidate / ".git"
            if marker.is_dir():
                return dict(_git_facts(candidate, marker, marker))
            if marker.is_file():  # a worktree or submodule points elsewhere
                git_folder = candidate / marker.read_text().partition("gitdir:")[2].strip()
                shared = git_folder / "commondir"
                common = git_folder / shared.read_text().strip() if shared.is_file() else git_folder
                return dict(_git_facts(candidate, git_folder, common))
    except (OSError, UnicodeDecodeError):
        pass  # a checkout that cannot be read is none to us
    return {}


def _git_facts(root: Path, git_folder: Path, common: Path) -> Iterator[tuple[str, str]]:
    yield "root", str(root)
    head = (git_folder / "HEAD").read_text().strip()
    if head.startswith("ref: "):
        reference = head.removeprefix("ref: ")
        yield "branch", reference.removeprefix("refs/heads/")
        commit = _git_reference(common, reference)
    else:
        commit = head
    if _SHA.fullmatch(commit):
        yield "commit", commit
    config = common / "config"
    if config.is_file() and (match := _REMOTE_URL.search(config.read_text())):
        yield "remote", without_userinfo(match[1])


def _git_reference(common: Path, reference: str) -> str:
    """Return the commit that a branch points at; "" before its first commit."""
    loose = common / reference
    if loose.is_file():
        return loose.read_text().strip()
    packed = common / "packed-refs"
    if packed.is_file():
        for line in packed.read_text().splitlines():
            commit, _, name = line.partition(" ")
            if name == reference:
                return commit
    return ""
