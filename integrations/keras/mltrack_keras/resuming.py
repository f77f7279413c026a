"""Which run a training goes on in whose model was restored.

`BackupAndRestore` keeps what the next process needs to go on, but nothing of ours. So the run's id
lies beside its folder, not in it: Keras deletes that one as a whole. It goes when the backup goes.

A model that the script has loaded says how many updates it has had. If a callback of the fit writes
where this program, when it ran before, has saved a model with as many, then it is that one.
"""

from __future__ import annotations

import os
import string
from collections.abc import Iterable
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import keras

from mltrack_core import Tracker
from mltrack_core import origins
from mltrack_core.origins import Origin
from mltrack_keras.orbax import ORBAX_CHECKPOINT

_SUFFIX: Final = ".mltrack-run"
_ID_LENGTH: Final = 32
_CANDIDATES_MAX: Final = 100  # newest checkpoints that are looked at

# Runs whose checkpoints this process has written: a fit that goes on with its own model is no
# training that was restored.
_own: Final[set[str]] = set()


class Resuming:
    """What a fit goes on from.

    Args:
        callbacks: Of the fit.
    """

    def __init__(self, callbacks: Iterable[keras.callbacks.Callback]) -> None:
        self._callbacks = tuple(callbacks)
        self.backup = Backup(self._callbacks)
        self.goes_on = False  # the run that has been joined was begun by another process
        self._id = ""
        self._origin: Origin | None = None  # of the model, where that is another run's checkpoint

    def run(self, iterations: int) -> str:
        """Return the id of the run that this fit goes on in; "" if it begins one.

        Args:
            iterations: Updates that the model's optimizer has made.
        """
        self._id = self.backup.run()
        if not self._id and iterations:
            self._origin = _origin_of(self._callbacks, iterations)
            if self._origin is not None and self._origin.goes_on:
                self._id = self._origin.run
        return self._id

    def joined(self, run: Tracker) -> None:
        """Take note that *run* has been joined, be it the one that goes on or another."""
        if self._origin is not None and run.id != self._origin.run:
            known = {"run": self._origin.run, "step": self._origin.step}
            run.log_params(known, namespace="keras.resumed_from")
        self.goes_on = bool(self._id) and run.id == self._id


class Backup:
    """The backup that a fit makes, if it makes one.

    Args:
        callbacks: Of the fit.
    """

    def __init__(self, callbacks: Iterable[keras.callbacks.Callback]) -> None:
        made = (c for c in callbacks if isinstance(c, keras.callbacks.BackupAndRestore))
        self._callback = next(made, None)

    def run(self) -> str:
        """Return the id of the run whose backup this fit goes on from; "" if it begins anew."""
        if self._callback is None or not self._weights().exists():
            return ""
        try:
            found = self._note().read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return ""
        is_id = len(found) == _ID_LENGTH and set(found) <= set(string.hexdigits)
        return found if is_id else ""

    def begin(self, run: str) -> None:
        """Note which run the backups are of."""
        if self._callback is None or not run:
            return
        note = self._note()
        note.parent.mkdir(parents=True, exist_ok=True)
        part = note.with_name(f"{note.name}.part")
        part.write_text(f"{run}\n", encoding="ascii")
        part.replace(note)

    def end(self) -> None:
        """Remove the note as Keras removes the backup."""
        if self._callback is not None and self._callback.delete_checkpoint:
            self._note().unlink(missing_ok=True)

    def _weights(self) -> Path:
        assert self._callback is not None
        return Path(self._callback.backup_dir) / "latest.weights.h5"

    def _note(self) -> Path:
        assert self._callback is not None
        folder = os.path.abspath(self._callback.backup_dir)
        return Path(folder + _SUFFIX)


def note_origin(path: str | os.PathLike[str], run: str, step: int) -> None:
    """Remember that *run* has saved a model at *path* after *step* updates.

    Raises:
        OSError: It is not there, or nothing can be written below MLTRACK_DIR.
    """
    if run:
        _own.add(run)
        origins.note(path, run, step)


def _origin_of(callbacks: Iterable[keras.callbacks.Callback], iterations: int) -> Origin | None:
    """Return whose checkpoint a model with so many updates is; None where nobody knows."""
    dated = [(path.stat().st_mtime_ns, path) for path in _candidates(callbacks) if path.exists()]
    for _, path in sorted(dated, reverse=True)[:_CANDIDATES_MAX]:
        origin = origins.find(path)
        if origin is not None and origin.step == iterations and origin.run not in _own:
            return origin
    return None


def _candidates(callbacks: Iterable[keras.callbacks.Callback]) -> Iterator[Path]:
    """Yield what may be checkpoints of the process before, where *callbacks* write theirs."""
    for callback in callbacks:
        if ORBAX_CHECKPOINT is not None and isinstance(callback, ORBAX_CHECKPOINT):
            yield from Path(callback.directory).glob("[0-9]*")
        elif isinstance(callback, keras.callbacks.ModelCheckpoint):
            path = Path(callback.filepath)
            if "{" not in path.name:
                yield path
            else:
                yield from path.parent.glob(f"*{path.suffix}")
