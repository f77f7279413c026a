"""The protocol and client of mltrack: what a training process loads."""

from mltrack_core._guard import Guard
from mltrack_core._guard import guarded
from mltrack_core._joining import begin_part
from mltrack_core._joining import join_run
from mltrack_core._session import active_run
from mltrack_core._session import finish
from mltrack_core._session import init
from mltrack_core._settings import launch_rank
from mltrack_core._version import __version__
from mltrack_core.errors import MltrackError
from mltrack_core.tracker import NullTracker
from mltrack_core.tracker import Tracker

__all__ = [
    "Guard",
    "MltrackError",
    "NullTracker",
    "Tracker",
    "__version__",
    "active_run",
    "begin_part",
    "finish",
    "guarded",
    "init",
    "join_run",
    "launch_rank",
]
