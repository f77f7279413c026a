"""How a stored file begins, as far as that can be shown as text, rows or a picture.

What is in it came from a training: it is hostile. Nothing is executed, unpacked or followed, and no
more is read than is shown.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
from itertools import islice
from typing import Final

from mltrack_core.limits import MEDIA_BYTES_MAX
from mltrack_core.limits import MIB
from mltrack_core.media import formats
from mltrack_server.resources import FilePreview
from mltrack_server.resources import PreviewKind
from mltrack_server.store.blobs import StoredFile

TEXT_BYTES: Final = 128 * 1024  # of a text's beginning
_JSON_BYTES_MAX: Final = MIB  # that are indented
_ROWS: Final = 200
_COLUMNS: Final = 100
_CELL_CHARACTERS: Final = 500
_SEPARATORS: Final = {".csv": ",", ".tsv": "\t"}


def of(file: StoredFile) -> FilePreview:
    """Return what is to be seen of *file*.

    Raises:
        BlobMissing: One of its blobs has gone.
    """
    is_json = file.name.endswith(".json") and file.size <= _JSON_BYTES_MAX
    head = b"".join(file.read(0, min(file.size, _JSON_BYTES_MAX if is_json else TEXT_BYTES)))
    if image_type(head, file.size):
        return _shown("image", file.size, is_whole=True)
    is_whole = len(head) == file.size
    text = _text(head, is_whole)
    if text is None:
        return _shown("none", file.size, is_whole=False)
    if is_json:
        # What is no JSON after all, or is nested too deep, is shown as it is.
        with contextlib.suppress(ValueError, RecursionError):
            shown = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
            return _shown("json", file.size, is_whole=True, text=shown)
    for suffix, separator in _SEPARATORS.items():
        if file.name.lower().endswith(suffix):
            with contextlib.suppress(csv.Error):
                return _table(text, separator, file.size, is_whole=is_whole)
    return _shown("text", file.size, is_whole=is_whole, text=text)


def image_type(head: bytes, size: int) -> str:
    """Return the type of a picture that a browser may show; "" if it is none, or too long."""
    found = formats.of(head) if size <= MEDIA_BYTES_MAX else None
    return found.type if found is not None and found.type in formats.IMAGES else ""


def _text(head: bytes, is_whole: bool) -> str | None:
    """Return *head* as text; None if it is none."""
    if b"\0" in head:
        return None
    try:
        return head.decode()
    except UnicodeDecodeError as error:
        if is_whole or error.start < len(head) - 3:
            return None
        return head[: error.start].decode()  # cut within a character


def _shown(kind: PreviewKind, size: int, *, is_whole: bool, text: str = "") -> FilePreview:
    """Return what is no table; of a long text the beginning."""
    return FilePreview(
        kind=kind,
        bytes=size,
        is_whole=is_whole and len(text) <= TEXT_BYTES,
        text=text[:TEXT_BYTES],
        columns=[],
        rows=[],
    )


def _table(text: str, separator: str, size: int, *, is_whole: bool) -> FilePreview:
    """Return the first rows of a table.

    Raises:
        csv.Error: It is none.
    """
    if not is_whole:
        text = text.rpartition("\n")[0]  # the last line may be cut
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows = [
        [cell[:_CELL_CHARACTERS] for cell in row[:_COLUMNS]]
        for row in islice(lines, _ROWS + 1)
        if row
    ]
    return FilePreview(
        kind="table",
        bytes=size,
        is_whole=is_whole and next(lines, None) is None,
        text="",
        columns=rows[0] if rows else [],
        rows=rows[1:],
    )
