"""What a medium is recorded as."""

from __future__ import annotations

from mltrack_core.media.medium import Medium
from mltrack_core.records import MediaItem


def encoded(medium: Medium) -> tuple[MediaItem, bytes]:
    """Return a medium's item and the bytes of its file.

    Raises:
        MediaInvalid: It cannot be shown.
    """
    made = medium.encode(lambda text: text)
    file = made.item.file
    return made.item, file.data if len(file.data) == file.bytes else made.files[file.sha256]
