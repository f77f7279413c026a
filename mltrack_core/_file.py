"""Files that a run writes or reads: what lies at a path or behind an address, not opened."""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mltrack_core import _listing
from mltrack_core import blobs
from mltrack_core._filing import Told
from mltrack_core._names import new_id
from mltrack_core._redact import without_userinfo
from mltrack_core.errors import FileInvalid
from mltrack_core.limits import FILE_KIND_CHARACTERS_MAX
from mltrack_core.limits import NAME_CHARACTERS_MAX
from mltrack_core.records import File
from mltrack_core.records import FileUse
from mltrack_core.spool import layout

_ADDRESS: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+)://")


def is_address(path: str | os.PathLike[str]) -> bool:
    """Tell whether *path* names something elsewhere, such as s3:// or https://."""
    return isinstance(path, str) and _ADDRESS.match(path) is not None


def survey(
    path: str | os.PathLike[str],
    name: str,
    *,
    use: FileUse,
    kind: str,
    step: int | None,
    clean: Callable[[str], str],
) -> File:
    """Return the record of the file or folder at *path*; nothing is opened, nothing is changed.

    Raises:
        FileInvalid: There is none, or it cannot be called *name*.
    """
    where = Path(os.path.abspath(path))
    is_folder, files = _listing.look(where)
    return File(
        time.time_ns(),
        id=new_id(),
        name=_checked(clean(name or where.name), where),
        path=str(where),
        use=use,
        files=files,
        kind=clean(kind)[:FILE_KIND_CHARACTERS_MAX],
        step=step,
        is_folder=is_folder,
    )


def refer(
    address: str,
    name: str,
    told: Told,
    *,
    use: FileUse,
    kind: str,
    step: int | None,
    clean: Callable[[str], str],
) -> File:
    """Return the record of what lies behind *address*; nobody asks whether it does.

    What stands behind a "?" or "#" is left off: that is where signed addresses have their secret.

    Raises:
        FileInvalid: It is an address of this machine, or cannot be called *name*.
        ValueError: What is told of it cannot be.
    """
    if address.lower().startswith("file:"):
        raise FileInvalid(address, "give the path alone, without file://")
    place = clean(without_userinfo(address))
    if not place.partition("://")[2].strip("/"):
        raise FileInvalid(address, "the address leads nowhere")
    size, modified_s, sha256 = told
    if sha256 and not blobs.is_digest(sha256 := sha256.lower()):
        raise ValueError(f"sha256={sha256[:80]!r}: it has 64 hexadecimal digits")
    if size is not None and size < 0:
        raise ValueError(f"size={size!r}: no file has as many bytes")
    if modified_s is not None and not math.isfinite(modified_s):
        raise ValueError(f"modified_s={modified_s!r}: seconds since the Unix epoch")
    return File(
        time.time_ns(),
        id=new_id(),
        name=_checked(clean(name) or place.rstrip("/").rpartition("/")[2], place),
        path=place,
        use=use,
        files=[],
        kind=clean(kind)[:FILE_KIND_CHARACTERS_MAX],
        step=step,
        is_elsewhere=True,
        size=size,
        modified_ns=None if modified_s is None else round(modified_s * 1e9),
        sha256=sha256,
    )


def _checked(name: str, where: object) -> str:
    """Return *name* if it is one that a tree of files can have.

    Raises:
        FileInvalid: It is not.
    """
    if len(name) > NAME_CHARACTERS_MAX:
        why = f"its name has {len(name)} characters, more than {NAME_CHARACTERS_MAX}"
        raise FileInvalid(str(where), why)
    if not layout.is_inside(name):
        why = f'name={name!r}: parts with "/" between, none of them empty, "." or ".."'
        raise FileInvalid(str(where), why)
    return name
