"""Which run a training goes on in that Keras restores from a backup.

`BackupAndRestore` keeps what the next process needs to go on, but nothing of ours. So the run's id
lies beside its folder, not in it: Keras deletes that one as a whole. It goes when the backup goes.
"""

from __future__ import annotations

import os
import string
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import keras

_SUFFIX: Final = ".mltrack-run"
_ID_LENGTH: Final = 32


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
