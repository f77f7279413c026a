"""The folder that an export makes: there whole, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mltrack_core.errors import MltrackError


class OutputUnusable(MltrackError):
    """An export cannot be written where it is wanted."""


@contextmanager
def made(output: Path) -> Iterator[Path]:
    """Give a folder to write into, which is *output* once the context has ended well.

    Raises:
        OutputUnusable: There is something at *output* already.
    """
    output = output.expanduser().absolute()
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise OutputUnusable(
            f"{output}: it is there already and not empty; name a new folder with --output"
        )
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=f".{output.name}-", dir=output.parent))
    except OSError as error:
        raise OutputUnusable(f"{output.parent}: {error.strerror}; name another folder") from error
    try:
        yield place
        place.chmod(0o777 & ~_umask())
        os.rename(place, output)  # replaces an empty folder
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


def _umask() -> int:
    """Return the mode bits that new files of this process do without."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
