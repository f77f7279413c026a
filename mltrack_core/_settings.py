"""The environment, read in one place."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from typing import Literal
from typing import cast
from typing import get_args

import msgspec

from mltrack_core._redact import is_secret_key
from mltrack_core.errors import SettingInvalid

Mode = Literal["online", "offline", "disabled"]
Checkpoints = Literal["off", "best", "last", "all"]

# The environment is never recorded as a whole: it is where secrets are kept.
_LAUNCH: Final = re.compile(
    r"CUDA_VISIBLE_DEVICES|NVIDIA_VISIBLE_DEVICES|(?:LOCAL_|GROUP_)?RANK|(?:LOCAL_)?WORLD_SIZE|"
    r"MASTER_(?:ADDR|PORT)|OMP_NUM_THREADS|KERAS_BACKEND|XLA_FLAGS|TORCHELASTIC_RUN_ID|"
    r"SLURM_(?:JOB_ID|JOB_NAME|ARRAY_JOB_ID|ARRAY_TASK_ID|PROCID|NODEID|NNODES|NTASKS|"
    r"JOB_PARTITION|CPUS_PER_TASK|GPUS_ON_NODE|RESTART_COUNT)|HOSTNAME|KUBERNETES_NAMESPACE|"
    r"MLTRACK_LAUNCH_ID"
)


# A typo in where to deliver must not cost the record: it stays here, for `mltrack sync`.
_RECORD_HERE: Final = {
    "MLTRACK_MODE": "offline",
    "MLTRACK_URL": "",
    "MLTRACK_CHECKPOINTS": "off",
}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the environment says. docs/settings.md explains each."""

    folder: Path  # MLTRACK_DIR: where runs are recorded
    url: str  # MLTRACK_URL: a remote server; "" means that everything stays here
    token: str  # MLTRACK_TOKEN: what the remote server wants to see
    project: str  # MLTRACK_PROJECT
    mode: Mode  # MLTRACK_MODE
    checkpoints: Checkpoints  # MLTRACK_CHECKPOINTS: whose bytes are kept
    strict: bool  # MLTRACK_STRICT: our own faults are raised, not swallowed; for tests
    run: str  # MLTRACK_RUN_ID: the run that this process is a part of; "" for a new one
    launch_id: str  # MLTRACK_LAUNCH_ID: the command whose runs this process begins; "" if no one's
    restarts: int  # TORCHELASTIC_RESTART_COUNT, SLURM_RESTART_COUNT: earlier tries of the same
    name: str  # MLTRACK_NAME, MLTRACK_GROUP, MLTRACK_TAGS: of runs that name none themselves
    group: str
    tags: list[str]
    rank: int  # RANK, SLURM_PROCID or OMPI_COMM_WORLD_RANK: this process among …
    world_size: int  # … WORLD_SIZE, SLURM_NTASKS or OMPI_COMM_WORLD_SIZE
    launch: Mapping[str, str]  # how the process was placed: SLURM_JOB_ID, CUDA_VISIBLE_DEVICES …
    secrets: frozenset[str]  # values of variables that are named like secrets; never recorded

    @property
    def ships(self) -> bool:
        """Whether records are to be delivered to a server."""
        return bool(self.url) and self.mode == "online"


def read(environ: Mapping[str, str] = os.environ) -> Settings:  # noqa: TID251 - the one place
    """Return the settings that *environ* holds.

    Raises:
        SettingInvalid: One of them cannot be used.
    """
    mode = environ.get("MLTRACK_MODE", "online")
    if mode not in get_args(Mode):
        raise SettingInvalid("MLTRACK_MODE", mode, "use online, offline or disabled")
    checkpoints = environ.get("MLTRACK_CHECKPOINTS", "") or "off"
    if checkpoints not in get_args(Checkpoints):
        raise SettingInvalid("MLTRACK_CHECKPOINTS", checkpoints, "use off, best, last or all")
    url = environ.get("MLTRACK_URL", "").rstrip("/")
    if url and not url.startswith(("http://", "https://")):
        raise SettingInvalid("MLTRACK_URL", url, "it starts with http:// or https://")
    folder = environ.get("MLTRACK_DIR") or "~/.mltrack"
    try:
        root = Path(folder).expanduser().absolute()
    except RuntimeError as error:
        reason = "this user has no home folder; name another place"
        raise SettingInvalid("MLTRACK_DIR", folder, reason) from error
    return Settings(
        folder=root,
        url=url,
        token=environ.get("MLTRACK_TOKEN", ""),
        project=environ.get("MLTRACK_PROJECT", ""),
        mode=cast("Mode", mode),
        checkpoints=cast("Checkpoints", checkpoints),
        strict=is_strict(environ),
        run=environ.get("MLTRACK_RUN_ID", ""),
        launch_id=environ.get("MLTRACK_LAUNCH_ID", ""),
        restarts=_first_int(environ, 0, "TORCHELASTIC_RESTART_COUNT", "SLURM_RESTART_COUNT"),
        name=environ.get("MLTRACK_NAME", ""),
        group=environ.get("MLTRACK_GROUP", ""),
        tags=_words(environ.get("MLTRACK_TAGS", "")),
        rank=launch_rank(environ),
        world_size=_first_int(environ, 1, "WORLD_SIZE", "SLURM_NTASKS", "OMPI_COMM_WORLD_SIZE"),
        launch={name: value for name, value in environ.items() if _LAUNCH.fullmatch(name)},
        secrets=frozenset(value for name, value in environ.items() if is_secret_key(name)),
    )


def read_leniently(caught: Callable[[str, Exception], None]) -> Settings:
    """Return the settings; what cannot be used is told to *caught* and keeps the run here.

    Raises:
        SettingInvalid: There is no place to record.
    """
    environ = dict(os.environ)  # noqa: TID251 - the one place
    while True:
        try:
            return read(environ)
        except SettingInvalid as error:
            if error.setting not in _RECORD_HERE:
                raise
            caught("init", error)
            environ[error.setting] = _RECORD_HERE[error.setting]


def is_strict(environ: Mapping[str, str] = os.environ) -> bool:  # noqa: TID251 - the one place
    """Return whether our own faults are to be raised. Never raises itself."""
    return environ.get("MLTRACK_STRICT", "") not in ("", "0")


def is_autologging(environ: Mapping[str, str] = os.environ) -> bool:  # noqa: TID251 - the one place
    """Return whether trainings are to be recorded without a line of code."""
    return (
        environ.get("MLTRACK_AUTOLOG", "") not in ("", "0")
        and environ.get("MLTRACK_MODE") != "disabled"
    )


def autolog_excluded(environ: Mapping[str, str] = os.environ) -> frozenset[str]:  # noqa: TID251 - the one place
    """Return the parts that MLTRACK_AUTOLOG_EXCLUDE leaves out, e.g. "keras,arguments"."""
    return frozenset(_words(environ.get("MLTRACK_AUTOLOG_EXCLUDE", "")))


def launch_rank(environ: Mapping[str, str] = os.environ) -> int:  # noqa: TID251 - the one place
    """Return which of several processes this is, as torchrun, SLURM or MPI launched it; else 0."""
    return _first_int(environ, 0, "RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK")


def _words(text: str) -> list[str]:
    """Return what stands between the commas of *text*."""
    return [word for part in text.split(",") if (word := part.strip())]


def _first_int(environ: Mapping[str, str], default: int, *names: str) -> int:
    """Return the first of the variables that holds a whole number."""
    for name in names:
        if (text := environ.get(name, "")).isdecimal():
            return int(text)
    return default
