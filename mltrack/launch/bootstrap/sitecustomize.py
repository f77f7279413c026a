"""What Python runs at its start in every process of a `mltrack run`, and then the user's own.

This folder stands first in PYTHONPATH there. Nothing is decided and nothing of the user's touched
here; it makes the start of Python 6 % longer, and a process that does not train never notices.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

_here = __file__.rpartition("/")[0]
# The folder has done its work: what the user imports is found where it would be without us.
sys.path[:] = [folder for folder in sys.path if folder != _here]


_line = sys.orig_argv[1:]
_code = _line[_line.index("-c") + 1] if "-c" in _line[:-1] else ""


def _is_started_by_multiprocessing() -> bool:
    return _code.startswith("from multiprocessing") or "--multiprocessing-fork" in _line


def _serves() -> bool:
    """Tell whether this process only serves another one: a compiler, an installer."""
    return (
        "cdll.LoadLibrary" in _code  # torch.compile asks what the CPU can do
        or any("_inductor/compile_worker" in word for word in _line)
        or any(word.rpartition("/")[2] in ("pip", "pip3", "uv") for word in _line[:2])
    )


def _import_alone(name: str) -> "ModuleType":
    """Import a module of mltrack.launch without its package, which takes 0.1 s to import."""
    # What importlib.util would do, which takes 5 ms to import itself.
    importer = sys.modules["_frozen_importlib"]
    loader = sys.modules["_frozen_importlib_external"].SourceFileLoader
    path = f"{_here.rpartition('/')[0]}/{name.rpartition('.')[2]}.py"
    spec = importer.ModuleSpec(name, loader(name, path), origin=path)
    spec.has_location = True
    module: ModuleType = importer._load(spec)
    return module


def _listen() -> None:
    """Put the taps on what will be imported."""
    _import_alone("mltrack.launch.imports")
    taps = _import_alone("mltrack.launch.taps")
    taps.import_alone = _import_alone  # type: ignore[attr-defined]
    (taps.rank_taps if _is_started_by_multiprocessing() else taps.taps).install()


def _begin() -> None:
    # As mltrack_core._settings reads them, which is not loaded here.
    from os import environ  # noqa: TID251 - the same two variables

    is_on = environ.get("MLTRACK_AUTOLOG", "") not in ("", "0")
    if is_on and environ.get("MLTRACK_MODE") != "disabled" and not _serves():
        try:
            _listen()
        except Exception as error:  # noqa: BLE001 - a training is not stopped at its start for us
            sys.stderr.write(f"mltrack: nothing is recorded by itself: {error!r}\n")


_begin()
# Where the user has none, this raises what `site` expects to see: nothing of us remains.
del sys.modules["sitecustomize"]
import sitecustomize  # type: ignore[import-not-found]  # noqa: E402, F401
