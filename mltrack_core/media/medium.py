"""The base of all media: what `Run.log` knows of them."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any
from typing import ClassVar

import msgspec

from mltrack_core.blobs import digest_of
from mltrack_core.errors import MediaInvalid
from mltrack_core.limits import MEDIA_BYTES_MAX
from mltrack_core.limits import MEDIA_CAPTION_CHARACTERS_MAX
from mltrack_core.limits import MEDIA_INLINE_BYTES_MAX
from mltrack_core.limits import MIB
from mltrack_core.records import MediaFile
from mltrack_core.records import MediaItem
from mltrack_core.records import MediaKind

Clean = Callable[[str], str]  # returns a text without secrets


class Encoded(msgspec.Struct, frozen=True):
    """One medium as it is recorded."""

    item: MediaItem
    files: dict[str, bytes]  # by SHA-256: what is too long for the record


class Medium:
    """Something to be seen, heard or read, taken as it was when it was made.

    Making one never raises for what it is made of: what is wrong with it is said when it is
    logged, where it costs the training nothing.
    """

    kind: ClassVar[MediaKind]

    def __init__(self, caption: str) -> None:
        self.caption = caption
        self.problem: str | None = None  # why there is nothing to be shown

    def taking(self) -> _Taking:
        """Return a context in which it is made of what was given: a failure is its problem."""
        return _Taking(self)

    def encode(self, clean: Clean) -> Encoded:
        """Return what is recorded of it.

        Args:
            clean: Applied to all of its text.

        Raises:
            MediaInvalid: It cannot be shown.
        """
        if self.problem is not None:
            raise MediaInvalid(self.kind, self.problem)
        files = Files(self.kind)
        item = self._item(files, clean)
        item = msgspec.structs.replace(item, caption=short(clean(str(self.caption or ""))))
        return Encoded(item, files.apart)

    def _item(self, files: Files, clean: Clean) -> MediaItem:
        """Return the item without its caption."""
        raise NotImplementedError

    def __deepcopy__(self, memo: dict[int, Any]) -> Medium:
        return self  # nothing changes one


class _Taking:
    """Where a medium is made.

    It keeps of an error what it says, not the error: that holds the frames it came through, and in
    them what was given and all of the caller's, on an accelerator perhaps, in a cycle with the
    medium, until Python looks for cycles.
    """

    __slots__ = ("_medium",)

    def __init__(self, medium: Medium) -> None:
        self._medium = medium

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception):
            return False  # Ctrl-C is the user's, not ours
        self._medium.problem = _in_words(error)
        return True


def _in_words(error: Exception) -> str:
    if isinstance(error, MediaInvalid):
        return error.reason
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - of a library's own class, which fails to say what it is
        return type(error).__name__


class Files:
    """The files of one medium, which go into its record or beside it."""

    def __init__(self, kind: MediaKind) -> None:
        self.apart: dict[str, bytes] = {}  # by SHA-256
        self._kind = kind

    def add(self, kind: str, data: bytes) -> MediaFile:
        """Return *data* as a record holds it.

        Args:
            kind: Its type, e.g. "image/png".
            data: All of it.

        Raises:
            MediaInvalid: It is too long.
        """
        if len(data) > MEDIA_BYTES_MAX:
            raise MediaInvalid(
                self._kind,
                f"it has {len(data) / MIB:.1f} MiB, at most {MEDIA_BYTES_MAX // MIB} are kept: "
                "make it smaller, or save it as a file",
            )
        digest = digest_of(data)
        if len(data) <= MEDIA_INLINE_BYTES_MAX:
            return MediaFile(kind, len(data), digest, data)
        self.apart[digest] = data
        return MediaFile(kind, len(data), digest)


def short(text: str) -> str:
    """Return *text* as long as a caption or label may be."""
    bound = MEDIA_CAPTION_CHARACTERS_MAX
    return text if len(text) <= bound else f"{text[: bound - 1]}…"
