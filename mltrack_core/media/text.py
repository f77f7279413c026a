"""Texts."""

from __future__ import annotations

from mltrack_core.limits import TEXT_BYTES_MAX
from mltrack_core.media import formats
from mltrack_core.media.medium import Clean
from mltrack_core.media.medium import Files
from mltrack_core.media.medium import Medium
from mltrack_core.records import MediaItem


class Text(Medium):
    """A text to be logged, like what a model has written.

        run.log({"val/answer": mltrack.Text(answer, caption=question)}, step=step)

    Longer than 1 MiB it is cut, and says so. What looks like a secret is removed.

    Args:
        text: The text. It is shown as it is: nothing in it is ever interpreted as HTML.
        caption: What to write below it.
        is_markdown: It is meant as Markdown.
    """

    kind = "text"

    def __init__(self, text: str, *, caption: str = "", is_markdown: bool = False) -> None:
        super().__init__(caption)
        self._text, self._is_markdown = "", is_markdown
        if isinstance(text, str):
            self._text = text
        else:
            self.problem = f"pass a str, not {type(text).__name__}"

    def _item(self, files: Files, clean: Clean) -> MediaItem:
        data = clean(self._text).encode("utf-8", "replace")
        if len(data) > TEXT_BYTES_MAX:
            kept = data[:TEXT_BYTES_MAX].decode("utf-8", "ignore")
            data = f"{kept}… (cut; {len(self._text)} characters)".encode()
        kind = formats.MARKDOWN if self._is_markdown else formats.TEXT
        return MediaItem("text", files.add(kind, data))
